import { setTimeout as sleep } from "node:timers/promises";
import type { OperationReply, Request } from "../../sim/checker/history.ts";
import type { Ending, HistoryLog } from "../../sim/checker/historyLog.ts";
import type { Prng } from "../../src/base/prng.ts";
import { type Connected, isRefusal, nowMicros, ReplicaConnections, type Routes } from "./historyRecorderConnections.ts";
import type { KeyKind, KeyRotation } from "./historyRecorderKeys.ts";
import { type Argument, formatReply, plain, type Reply } from "./respClient.ts";

/** What all clients of a load share. */
export type SharedLoad = {
  readonly routes: Routes;
  readonly log: HistoryLog;
  readonly keys: KeyRotation;
  readonly requestMillisMax: number;
  readonly pauseMillisMax: number;
  readonly readsEverywhere: boolean;
  /** By `performance.now()`. */
  readonly endsAt: number;
  readonly counts: Record<"ok" | "refused" | "unknown", number>;
  isStopped: boolean;
};

type Planned = { readonly request: Request; readonly key: string; readonly command: readonly Argument[] };

/**
 * One client: one request at a time, on a connection for writes and one for reads at each replica. After an outcome that
 * it does not know it goes on under a new name, since that request may still be under way.
 */
export class RecordingClient {
  readonly #name: string;
  readonly #load: SharedLoad;
  readonly #random: Prng;
  readonly #connections: ReplicaConnections;
  #life = 0;
  #counter = 0;

  constructor(name: string, load: SharedLoad, random: Prng) {
    this.#name = name;
    this.#load = load;
    this.#random = random;
    this.#connections = new ReplicaConnections(load.routes, random.fork("connections"));
  }

  /** Works until the load ends. Never rejects because of what a server does. */
  async run(): Promise<void> {
    const { log, endsAt, pauseMillisMax } = this.#load;
    while (!this.#load.isStopped && !log.isFull && performance.now() < endsAt) {
      await this.#next();
      if (pauseMillisMax > 0) await sleep(this.#random.below(pauseMillisMax + 1));
    }
    await this.#connections.close();
  }

  async #next(): Promise<void> {
    const isRead = this.#random.chance(1, 2);
    const planned = isRead ? this.#planRead() : this.#planWrite();
    const connected = await this.#connections.get(planned.key, isRead && this.#load.readsEverywhere);
    // Without a connection nothing was sent, so there is nothing to write down.
    if (connected === undefined || this.#load.log.isFull) return;
    await this.#perform(planned, connected);
  }

  async #perform({ request, key, command }: Planned, { endpoint, connection }: Connected): Promise<void> {
    const { log, requestMillisMax, counts, keys } = this.#load;
    const process = this.#life === 0 ? this.#name : `${this.#name}.${this.#life}`;
    const invocation = { ...request, key, process, servedBy: endpoint.name, consistency: "linearizable" } as const;
    const id = log.invoke(invocation, nowMicros());
    let ending: Ending;
    try {
      ending = endingOf(request, await connection.callWithin(requestMillisMax, ...command));
    } catch (error) {
      await connection.close();
      ending = { outcome: "unknown", note: error instanceof Error ? error.message : String(error) };
    }
    log.end(id, ending, nowMicros());
    counts[ending.outcome] += 1;
    if (ending.outcome === "unknown") {
      keys.noteUnknown(key);
      this.#life += 1;
    }
    if (ending.outcome === "refused") await this.#connections.follow(ending.note ?? "");
  }

  #planRead(): Planned {
    const kind: KeyKind = this.#random.chance(1, 5) ? "counter" : "register";
    const key = this.#load.keys.draw(kind, this.#random);
    return { request: { kind: "get" }, key, command: ["GET", key] };
  }

  #planWrite(): Planned {
    const { keys } = this.#load;
    this.#counter += 1;
    const value = `${this.#name}:${this.#counter}`;
    const draw = this.#random.below(10);
    if (draw < 2) {
      const key = keys.draw("counter", this.#random);
      return { request: { kind: "increment", by: 1 }, key, command: ["INCR", key] };
    }
    if (draw < 4) {
      const key = keys.draw("list", this.#random);
      return { request: { kind: "append", value }, key, command: ["RPUSH", key, value] };
    }
    const key = keys.draw("register", this.#random);
    if (draw < 5) return { request: { kind: "delete" }, key, command: ["DEL", key] };
    if (draw < 6) {
      return { request: { kind: "compareAndSet", expected: null, value }, key, command: ["SET", key, value, "NX"] };
    }
    return { request: { kind: "set", value }, key, command: ["SET", key, value] };
  }
}

/** What a reply says of a request. A reply that does not fit it, an error included, leaves the outcome open. */
function endingOf(request: Request, reply: Reply): Ending {
  if (reply.type === "error" && isRefusal(reply.text)) return { outcome: "refused", note: reply.text };
  const answer = answerTo(request, plain(reply));
  return answer === undefined ? { outcome: "unknown", note: formatReply(reply) } : { outcome: "ok", reply: answer };
}

function answerTo(request: Request, reply: unknown): OperationReply | undefined {
  switch (request.kind) {
    case "get":
      return reply === null || typeof reply === "string" ? reply : undefined;
    case "set":
      return reply === "OK" ? null : undefined;
    case "compareAndSet":
      return reply === "OK" || reply === null ? reply === "OK" : undefined;
    case "delete":
      return reply === 0 || reply === 1 ? reply === 1 : undefined;
    case "increment":
    case "append":
      return typeof reply === "number" ? reply : undefined;
  }
}
