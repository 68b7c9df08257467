import { invariant } from "../../src/base/invariant.ts";
import type { Consistency, Operation, OperationReply, Outcome, Request } from "./history.ts";

/** What one client asks, before anything is known about it. */
export type Invocation = Request & {
  readonly process: string;
  readonly key: string;
  readonly servedBy: string | null;
  readonly consistency: Consistency;
};

/** How an operation ended; `servedBy` when it was another replica than the one asked first. */
export type Ending = {
  readonly outcome: Outcome;
  readonly reply?: OperationReply;
  readonly servedBy?: string;
  readonly note?: string;
};

/**
 * Writes a history down while it happens. All clients must live in one thread: the order in which they call is the order
 * of the events, also when several fall on one tick of the clock, which a checker that only sees times must take for
 * concurrent.
 */
export class HistoryLog {
  readonly #operations: Operation[] = [];
  readonly #open = new Map<number, Invocation & { readonly invokedMicros: number }>();
  readonly #operationsMax: number;
  #nextId = 1;
  #lastMicros = Number.NEGATIVE_INFINITY;

  constructor(operationsMax: number) {
    this.#operationsMax = operationsMax;
  }

  /** True when no further operation may be begun. */
  get isFull(): boolean {
    return this.#nextId > this.#operationsMax;
  }

  /** Operations begun so far. */
  get size(): number {
    return this.#nextId - 1;
  }

  /** An operation is about to be sent. Returns its id. */
  invoke(invocation: Invocation, nowMicros: number): number {
    invariant(!this.isFull, "the history has its full length");
    const id = this.#nextId;
    this.#nextId += 1;
    this.#open.set(id, { ...invocation, invokedMicros: this.#tick(nowMicros) });
    return id;
  }

  /** An operation has ended for its client. */
  end(id: number, ending: Ending, nowMicros: number): void {
    const invocation = this.#open.get(id);
    invariant(invocation !== undefined, `operation ${id} is not under way`);
    this.#open.delete(id);
    const { outcome, reply = null, servedBy = invocation.servedBy, note } = ending;
    const returnedMicros = outcome === "unknown" ? null : this.#tick(nowMicros);
    const known = { ...invocation, id, returnedMicros, outcome, reply, servedBy };
    this.#operations.push(note === undefined ? known : { ...known, note });
  }

  /** The history in the order of the calls; what is still under way has an unknown outcome. */
  operations(): Operation[] {
    const open = [...this.#open].map(
      ([id, it]): Operation => ({ ...it, id, returnedMicros: null, outcome: "unknown", reply: null }),
    );
    return [...this.#operations, ...open].sort((one, other) => one.id - other.id);
  }

  /** A nanosecond between any two events, so that times alone tell their order. */
  #tick(nowMicros: number): number {
    this.#lastMicros = Math.max(nowMicros, this.#lastMicros + 0.001);
    return this.#lastMicros;
  }
}
