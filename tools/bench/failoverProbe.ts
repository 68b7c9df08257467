import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint } from "../../test/support/historyRecorderConnections.ts";
import { RespClient } from "../../test/support/respClient.ts";

const CONNECT_MILLIS_MAX = 1_000;
/** Longer than any fault: who stands still answers later, and the others are asked meanwhile. */
const REQUEST_MILLIS_MAX = 30_000;
const REST_MILLIS = 2;
const RETRY_MILLIS = 5;

/** What is asked of each replica, over and over. */
type ProbeKind = "write" | "read" | "replicaRead";

/**
 * Asks every replica all the time, so that the group's own time without an answer is measured and not how soon a client looks
 * elsewhere: a write counts wherever it was acknowledged.
 */
export class FailoverProbe {
  readonly written: string[] = [];
  readonly #times: Record<ProbeKind, number[]> = { write: [], read: [], replicaRead: [] };
  readonly #loops: Promise<void>[] = [];
  readonly #prefix: string;
  #count = 0;
  #isStopped = false;
  readonly #open = new Set<RespClient>();

  constructor(endpoints: readonly Endpoint[], prefix: string) {
    this.#prefix = prefix;
    for (const endpoint of endpoints) {
      for (const kind of ["write", "read", "replicaRead"] as const) this.#loops.push(this.#run(endpoint, kind));
    }
  }

  /** The longest time without an answer of this kind that began after `since` (`performance.now()`) or was going on then. */
  longestGap(kind: ProbeKind, since: number, until: number): number {
    let previous = since;
    let longest = 0;
    for (const at of this.#times[kind]) {
      if (at <= since || at > until) continue;
      longest = Math.max(longest, at - previous);
      previous = at;
    }
    return Math.max(longest, until - previous);
  }

  /** Answers since `since`. */
  answers(kind: ProbeKind, since: number): number {
    return this.#times[kind].filter((at) => at > since).length;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#open].map((client) => client.close()));
    await Promise.all(this.#loops);
  }

  async #run(endpoint: Endpoint, kind: ProbeKind): Promise<void> {
    while (!this.#isStopped) {
      let client: RespClient | undefined;
      try {
        client = await RespClient.connect({ ...endpoint, deadlineMillis: CONNECT_MILLIS_MAX });
        this.#open.add(client);
        if (kind === "replicaRead") await client.callWithin(REQUEST_MILLIS_MAX, "READONLY");
        while (!this.#isStopped) await this.#ask(client, kind);
      } catch {
        await sleep(RETRY_MILLIS);
      } finally {
        if (client !== undefined) {
          this.#open.delete(client);
          await client.close();
        }
      }
    }
  }

  async #ask(client: RespClient, kind: ProbeKind): Promise<void> {
    const key = `${this.#prefix}:${this.#count++}`;
    const command = kind === "write" ? ["SET", key, key] : ["GET", this.#prefix];
    const reply = await client.callWithin(REQUEST_MILLIS_MAX, ...command);
    if (reply.type === "error") return void (await sleep(RETRY_MILLIS));
    this.#times[kind].push(performance.now());
    if (kind === "write") this.written.push(key);
    await sleep(REST_MILLIS);
  }
}

/** How many of `keys` are not there, or hold something else than their name. */
export async function countLost(endpoint: Endpoint, keys: readonly string[]): Promise<number> {
  const client = await RespClient.connect(endpoint);
  try {
    await client.call("READONLY");
    let lost = 0;
    for (let start = 0; start < keys.length; start += 500) {
      const batch = keys.slice(start, start + 500);
      const replies = await client.pipeline(
        batch.map((key) => ["GET", key]),
        REQUEST_MILLIS_MAX,
      );
      for (const [index, reply] of replies.entries()) {
        if (reply.type === "error") throw new Error(`${endpoint.name} answers ${reply.text}`);
        if (reply.type !== "bulk" || reply.bytes.toString() !== batch[index]) lost++;
      }
    }
    return lost;
  } finally {
    await client.close();
  }
}
