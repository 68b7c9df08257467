import { err, ok, type Result } from "../../base/result.ts";
import { parseWorkerRecord, type WorkerRecord } from "../../coordination/workerRecord.ts";
import type { Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { NodeError } from "../../worker/nodeError.ts";

const AGAIN_MILLIS = 500;
/** Somebody else with our name has so long to be found dead: longer than any session. */
const RIVAL_TRIES_MAX = 30;

export interface RegistrationParts {
  readonly coordinator: Coordinator;
  readonly timers: Timers;
  readonly id: string;
  readonly record: WorkerRecord;
  readonly onNotice: (text: string) => void;
}

/** Waits for another living process with our name to end; answers why that was in vain. */
export async function waitForRival(
  parts: Omit<RegistrationParts, "record"> & { readonly data: string },
): Promise<Result<void, NodeError>> {
  const { coordinator, timers, id, data, onNotice } = parts;
  for (let tries = 0; ; tries++) {
    const present = await coordinator.get(`/workers/${id}`, { sync: true });
    // Whoever cannot be asked now will be when the znode is written.
    const rival = present.ok ? parseWorkerRecord(present.value.data) : undefined;
    if (rival === undefined || rival.data === data) return ok(undefined);
    if (tries === 0) onNotice(waitingFor(id, rival));
    if (tries === RIVAL_TRIES_MAX) return err(conflict(id, rival));
    await new Promise<void>((resolve) => timers.after(AGAIN_MILLIS, resolve));
  }
}

function waitingFor(id: string, { resp, pid }: WorkerRecord): string {
  return `another process is worker ${id} (at ${resp}, pid ${pid}); waiting for it to end`;
}

function conflict(id: string, { resp, pid }: WorkerRecord): NodeError {
  return { code: "conflict", message: `another process is worker ${id}: at ${resp}, pid ${pid}` };
}

type Attempt = "written" | "again" | { readonly rival: WorkerRecord };

/** Keeps the worker's znode while the process lives: written anew whenever there is a new session. */
export class Registration {
  readonly #parts: RegistrationParts;
  #record: WorkerRecord;
  #stopped = false;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
    this.#record = parts.record;
    parts.coordinator.onSession((event) => {
      if (event === "renewed") void this.begin();
    });
  }

  /** Resolves when the znode is written, or another living worker has the name. */
  async begin(): Promise<Result<void, NodeError>> {
    const { id, timers, onNotice } = this.#parts;
    let rivals = 0;
    while (!this.#stopped) {
      const attempt = await this.#try();
      if (attempt === "written" && (await this.#isThere())) return ok(undefined);
      if (typeof attempt === "object") {
        if (rivals === 0) onNotice(waitingFor(id, attempt.rival));
        if (++rivals > RIVAL_TRIES_MAX) return err(conflict(id, attempt.rival));
      }
      await new Promise<void>((resolve) => timers.after(AGAIN_MILLIS, resolve));
    }
    return ok(undefined);
  }

  async #try(): Promise<Attempt> {
    const { coordinator, id } = this.#parts;
    const record = this.#record;
    const path = `/workers/${id}`;
    const text = JSON.stringify(record);
    const created = await coordinator.create(path, text, { kind: "session" });
    if (created.ok) return "written";
    if (created.error.code !== "exists") return "again";
    const present = await coordinator.get(path, { sync: true });
    if (!present.ok) return "again";
    if (present.value.owner === coordinator.session.id) {
      if (present.value.data === text) return "written";
      const replaced = await coordinator.replace(path, text, present.value.version);
      return replaced.ok ? "written" : "again";
    }
    const rival = parseWorkerRecord(present.value.data);
    // Only one process can have the data open: the other one is dead, and its session not over yet.
    if (rival !== undefined && rival.data !== record.data) return { rival };
    await coordinator.delete(path, present.value.version);
    return "again";
  }

  /**
   * Whether the znode is there, and watched from now on: what the dead process before this one has asked for, to delete the znode of
   * the one before that, may be executed late, and both znodes were new when they went.
   */
  async #isThere(): Promise<boolean> {
    const { coordinator, id } = this.#parts;
    const there = await coordinator.exists(`/workers/${id}`, { sync: true, watch: this.#changed });
    return there.ok && there.value;
  }

  readonly #changed = (): void => {
    if (!this.#stopped) void this.begin();
  };

  /** Says something else from now on. */
  change(change: Partial<WorkerRecord>): Promise<Result<void, NodeError>> {
    this.#record = { ...this.#record, ...change };
    return this.begin();
  }

  stop(): void {
    this.#stopped = true;
  }
}
