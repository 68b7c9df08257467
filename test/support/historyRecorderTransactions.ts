import type { Transaction, TransactionStep } from "../../sim/checker/transaction.ts";
import { createPrng, type Prng } from "../../src/base/prng.ts";
import {
  type Connected,
  type Endpoint,
  isRefusal,
  nowMicros,
  ReplicaConnections,
  Routes,
} from "./historyRecorderConnections.ts";
import { type Argument, formatReply, plain, type Reply } from "./respClient.ts";

export type TransactionLoadOptions = {
  readonly endpoints: readonly Endpoint[];
  readonly seed: number;
  readonly clients?: number;
  readonly transactionsMax?: number;
  readonly runMillisMax: number;
  readonly requestMillisMax?: number;
  /** With a hash tag if the keys must be in one slot. */
  readonly keyPrefix?: string;
};

const KEYS = 12;
const STEPS_MAX = 4;
const TRANSACTIONS_MAX = 20_000;
const REQUEST_MILLIS_MAX = 2_000;
const LAST_READ_TRIES = 50;

type Told = Pick<Transaction, "steps" | "outcome"> & { readonly error?: string };

/**
 * A load of `MULTI … EXEC` with `RPUSH` and `LRANGE` over a few lists, and its history for `checkTransactions`. Those
 * that only read go to any replica.
 */
export class TransactionRecorder {
  readonly #options: TransactionLoadOptions;
  readonly #routes: Routes;
  readonly #random: Prng;
  readonly #history: Transaction[] = [];
  readonly #clients: readonly Promise<void>[];
  readonly #endsAt: number;
  readonly #transactionsMax: number;
  #begun = 0;
  #isStopped = false;

  /** Begins at once. */
  constructor(options: TransactionLoadOptions) {
    this.#options = options;
    this.#routes = new Routes(options.endpoints);
    this.#random = createPrng(options.seed);
    this.#endsAt = performance.now() + options.runMillisMax;
    this.#transactionsMax = options.transactionsMax ?? TRANSACTIONS_MAX;
    this.#clients = Array.from({ length: options.clients ?? 8 }, (_, index) => this.#runClient(`c${index}`));
  }

  /** Transactions that have ended so far. */
  get size(): number {
    return this.#history.length;
  }

  /** Resolves when the time is over, enough were made or `stop` was called. */
  async finished(): Promise<Transaction[]> {
    await Promise.all(this.#clients);
    return this.#history.toSorted((one, other) => one.id - other.id);
  }

  /** Ends the load and reads all lists once more at every replica, so that the checker misses nothing. */
  async stop(): Promise<Transaction[]> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    const steps = Array.from(
      { length: KEYS },
      (_, key): TransactionStep => ({ kind: "read", key: this.#key(key), elements: null }),
    );
    for (const endpoint of this.#options.endpoints) await this.#readLast(endpoint, steps);
    return this.finished();
  }

  async #readLast(endpoint: Endpoint, steps: readonly TransactionStep[]): Promise<void> {
    const connections = new ReplicaConnections(new Routes([endpoint]), this.#random.fork(endpoint.name));
    for (let tries = 0; tries < LAST_READ_TRIES; tries++) {
      const connected = await connections.get(this.#key(0), true);
      if (connected !== undefined && (await this.#perform(`last ${endpoint.name}`, steps, connected)).outcome === "ok")
        break;
    }
    await connections.close();
  }

  async #runClient(name: string): Promise<void> {
    const random = this.#random.fork(name);
    const connections = new ReplicaConnections(this.#routes, random.fork("connections"));
    let unknown = 0;
    while (!this.#isStopped && this.#begun < this.#transactionsMax && performance.now() < this.#endsAt) {
      const steps = this.#drawSteps(random);
      const connected = await connections.get(
        this.#key(0),
        steps.every((it) => it.kind === "read"),
      );
      if (connected === undefined) continue;
      const told = await this.#perform(unknown === 0 ? name : `${name}.${unknown}`, steps, connected);
      if (told.outcome === "unknown") unknown += 1;
      if (told.outcome === "refused") await connections.follow(told.error ?? "");
    }
    await connections.close();
  }

  async #perform(
    process: string,
    planned: readonly TransactionStep[],
    { endpoint, connection }: Connected,
  ): Promise<Told> {
    this.#begun += 1;
    const id = this.#begun;
    const steps = planned.map(
      (it, at): TransactionStep => (it.kind === "append" ? { ...it, value: `${id}.${at}` } : it),
    );
    const invokedMicros = nowMicros();
    let told: Told;
    try {
      const commands: (readonly Argument[])[] = [["MULTI"], ...steps.map(commandOf), ["EXEC"]];
      const replies = await connection.pipeline(commands, this.#options.requestMillisMax ?? REQUEST_MILLIS_MAX);
      told = toldBy(steps, replies);
    } catch (error) {
      await connection.close();
      told = { steps, outcome: "unknown", error: String(error) };
    }
    const returnedMicros = told.outcome === "unknown" ? null : nowMicros();
    const { outcome } = told;
    this.#history.push({
      id,
      process,
      steps: told.steps,
      invokedMicros,
      returnedMicros,
      outcome,
      servedBy: endpoint.name,
    });
    return told;
  }

  #drawSteps(random: Prng): TransactionStep[] {
    const onlyReads = random.chance(1, 3);
    return Array.from({ length: random.between(1, STEPS_MAX) }, (): TransactionStep => {
      const key = this.#key(random.below(KEYS));
      if (onlyReads || random.chance(1, 2)) return { kind: "read", key, elements: null };
      return { kind: "append", key, value: "" };
    });
  }

  #key(index: number): string {
    return `${this.#options.keyPrefix ?? "{t}:"}${index}`;
  }
}

function commandOf(step: TransactionStep): readonly Argument[] {
  return step.kind === "append" ? ["RPUSH", step.key, step.value] : ["LRANGE", step.key, 0, -1];
}

/** What the replies to `MULTI`, the commands and `EXEC` say. A command that was refused makes `EXEC` refuse the whole. */
function toldBy(steps: readonly TransactionStep[], replies: readonly Reply[]): Told {
  const results = replies.at(-1)!;
  if (results.type === "array" && results.items.length === steps.length) {
    const told = steps.map((step, index): TransactionStep => {
      const found = plain(results.items[index]!);
      return step.kind === "read" && Array.isArray(found) ? { ...step, elements: found.map(String) } : step;
    });
    const isComplete = told.every((it, index) =>
      it.kind === "read" ? it.elements !== null : results.items[index]!.type === "integer",
    );
    return { steps: told, outcome: isComplete ? "ok" : "unknown", error: formatReply(results) };
  }
  const errors = replies.flatMap((it) => (it.type === "error" ? it.text : []));
  const refusal = errors.find(isRefusal);
  const isAborted = results.type === "error" && (results.text.startsWith("EXECABORT") || isRefusal(results.text));
  if (isAborted) return { steps, outcome: "refused", error: refusal ?? errors[0] ?? "" };
  return { steps, outcome: "unknown", error: formatReply(results) };
}
