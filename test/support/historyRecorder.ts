import type { FinalContents } from "../../sim/checker/acknowledged.ts";
import type { Operation } from "../../sim/checker/history.ts";
import { HistoryLog } from "../../sim/checker/historyLog.ts";
import { createPrng } from "../../src/base/prng.ts";
import { RecordingClient, type SharedLoad } from "./historyRecorderClient.ts";
import { type Endpoint, Routes } from "./historyRecorderConnections.ts";
import { KeyRotation } from "./historyRecorderKeys.ts";
import { plain, RespClient } from "./respClient.ts";

export type LoadOptions = {
  readonly endpoints: readonly Endpoint[];
  readonly seed: number;
  /** Each client has one request under way; a history's keys are checked fastest with 10 clients or fewer. */
  readonly clients?: number;
  readonly operationsMax?: number;
  /** When the load ends by itself. */
  readonly runMillisMax: number;
  /** Without a reply for so long the outcome is unknown, and the connection is given up. */
  readonly requestMillisMax?: number;
  /** A client waits up to so long between two requests. */
  readonly pauseMillisMax?: number;
  readonly keyPrefix?: string;
  /** Where reads go: to any replica, with `READONLY`, or only where the writes go. */
  readonly reads?: "everywhere" | "primary";
};

const OPERATIONS_MAX = 200_000;
const REQUEST_MILLIS_MAX = 2_000;
const FINAL_BATCH = 500;
const FINAL_MILLIS_MAX = 30_000;

/**
 * A load of registers, counters and lists through real connections, and the history of it for `checkLinearizable` and
 * `checkAcknowledged`. Values are unique, keys are left after a few hundred operations. The clients know the addresses,
 * follow `MOVED` and otherwise go on with the next address.
 */
export class HistoryRecorder {
  readonly #options: LoadOptions;
  readonly #log: HistoryLog;
  readonly #keys: KeyRotation;
  readonly #load: SharedLoad;
  readonly #clients: readonly Promise<void>[];

  /** Begins at once; `finished` tells when it is over. */
  constructor(options: LoadOptions) {
    const { clients = 8, operationsMax = OPERATIONS_MAX, keyPrefix = "h:" } = options;
    const random = createPrng(options.seed);
    this.#options = options;
    this.#log = new HistoryLog(operationsMax);
    this.#keys = new KeyRotation(keyPrefix);
    this.#load = {
      routes: new Routes(options.endpoints),
      log: this.#log,
      keys: this.#keys,
      requestMillisMax: options.requestMillisMax ?? REQUEST_MILLIS_MAX,
      pauseMillisMax: options.pauseMillisMax ?? 0,
      readsEverywhere: (options.reads ?? "everywhere") === "everywhere",
      endsAt: performance.now() + options.runMillisMax,
      counts: { ok: 0, refused: 0, unknown: 0 },
      isStopped: false,
    };
    this.#clients = Array.from({ length: clients }, (_, index) =>
      new RecordingClient(`c${index}`, this.#load, random.fork(`client ${index}`)).run(),
    );
  }

  /** How the operations so far ended. */
  get counts(): Readonly<Record<"ok" | "refused" | "unknown", number>> {
    return this.#load.counts;
  }

  /** Resolves when the time is over, the history is full or `stop` was called, and no request is under way. */
  async finished(): Promise<Operation[]> {
    await Promise.all(this.#clients);
    return this.#log.operations();
  }

  /** Ends the load and returns the history. */
  stop(): Promise<Operation[]> {
    this.#load.isStopped = true;
    return this.finished();
  }

  /** Keys that requests go to at the moment. */
  keysInUse(): readonly string[] {
    return this.#keys.inUse();
  }

  /**
   * What every replica holds of every key that was used; call it after the load, when the replicas are at rest. Of several groups
   * only the replicas of one may hold a key, and all of them have to.
   */
  async finalContents(): Promise<FinalContents[]> {
    const finals: FinalContents[] = [];
    const holders = new Map<string, string[]>();
    for (const endpoint of this.#options.endpoints) {
      for (const final of await contentsAt(endpoint, this.#keys.used())) {
        finals.push(final);
        holders.set(final.key, [...(holders.get(final.key) ?? []), endpoint.name]);
      }
    }
    for (const key of this.#keys.used()) {
      const names = holders.get(key) ?? [];
      if (!this.#isOneGroup(names)) throw new Error(`${key} is at ${names.join(", ") || "no replica"}`);
    }
    return finals;
  }

  #isOneGroup(names: readonly string[]): boolean {
    const { endpoints } = this.#options;
    const group = endpoints.find(({ name }) => name === names[0])?.group;
    const replicas = endpoints.filter((each) => each.group === group);
    return replicas.length === names.length && replicas.every(({ name }) => names.includes(name));
  }
}

/** Reads keys at one replica as it holds them, if its group has them. Rejects when it does not answer, or does not serve reads. */
async function contentsAt(endpoint: Endpoint, keys: readonly string[]): Promise<FinalContents[]> {
  const client = await RespClient.connect(endpoint);
  try {
    await client.call("READONLY");
    const finals: FinalContents[] = [];
    for (let start = 0; start < keys.length; start += FINAL_BATCH) {
      const batch = keys.slice(start, start + FINAL_BATCH);
      const requests = batch.map((key) => (KeyRotation.isList(key) ? ["LRANGE", key, 0, -1] : ["GET", key]));
      const replies = await client.pipeline(requests, FINAL_MILLIS_MAX);
      for (const [index, key] of batch.entries()) {
        const reply = replies[index]!;
        if (reply.type === "error" && reply.text.startsWith("MOVED ")) continue;
        finals.push(finalOf(endpoint.name, key, plain(reply)));
      }
    }
    return finals;
  } finally {
    await client.close();
  }
}

function finalOf(replica: string, key: string, reply: unknown): FinalContents {
  if (Array.isArray(reply)) return { replica, key, contents: { kind: "list", elements: reply.map(String) } };
  if (reply !== null && typeof reply !== "string")
    throw new Error(`${replica} answers for ${key}: ${JSON.stringify(reply)}`);
  return { replica, key, contents: { kind: "value", value: reply } };
}
