import assert from "node:assert/strict";
import type { Result } from "../../src/base/result.ts";
import type { Coordinator, SessionEvent } from "../../src/ports/coordinator.ts";

/** One client of the coordinator under test, and what can be done to its connection. */
export interface TestClient {
  readonly coordinator: Coordinator;
  /** No server is heard any more until `heal`. */
  cut(): void;
  heal(): void;
}

export interface CoordinatorUnderTest {
  /** A client of its own, which may not be connected yet. */
  connect(): TestClient;
  dispose(): Promise<void>;
}

const DEADLINE_MILLIS = 60_000;
const POLL_MILLIS = 2;

/** Resolves when the condition holds. Simulated time passes meanwhile. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MILLIS;
  while (!(await holds())) {
    if (performance.now() > deadline) assert.fail(`not in ${DEADLINE_MILLIS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLIS));
  }
}

export async function connected(client: TestClient): Promise<Coordinator> {
  await until("the client is connected", () => client.coordinator.session.state === "connected");
  return client.coordinator;
}

/** Asserts success and answers the value. */
export async function value<T>(pending: Promise<Result<T, { readonly code: string }>>): Promise<T> {
  const result = await pending;
  assert.ok(result.ok, result.ok ? "" : JSON.stringify(result.error));
  return result.value;
}

/** The code of the error; "ok" if there is none. */
export async function code(pending: Promise<Result<unknown, { readonly code: string }>>): Promise<string> {
  const result = await pending;
  return result.ok ? "ok" : result.error.code;
}

/** Everything that happens to the session from now on. */
export function eventsOf(coordinator: Coordinator): SessionEvent[] {
  const events: SessionEvent[] = [];
  coordinator.onSession((event) => events.push(event));
  return events;
}

export const durable = { kind: "durable" } as const;
export const session = { kind: "session" } as const;
