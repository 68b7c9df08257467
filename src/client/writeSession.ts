import { SLOT_COUNT } from "../core/slots/slotRanges.ts";
import type { Request } from "./request.ts";

/**
 * Numbers of a slot that may be without an answer at a time, from the oldest such on: the servers remember 1000 answers of a session
 * in a slot, and refuse more.
 */
const SLOT_NUMBERS_MAX = 1000;

/** One write's place in a session: `Once` of kv.proto, as it is encoded. */
export class NumberedWrite {
  readonly number: number;
  readonly of: WriteSession;
  readonly slot: number;
  /** Which of the slot's writes it is. */
  readonly ordinal: number;
  /** Its neighbours among the slot's writes that are open, in the order of their numbers: the last one is before the first. */
  before: NumberedWrite = this;
  after: NumberedWrite | undefined = undefined;

  constructor(of: WriteSession, number: number, slot: number, ordinal: number) {
    this.number = number;
    this.of = of;
    this.slot = slot;
    this.ordinal = ordinal;
  }

  get session(): Uint8Array {
    return this.of.id;
  }

  /** Whatever it is by the time at which the write is sent, or sent again. */
  get firstOpen(): number {
    return this.of.firstOpen(this.slot) ?? this.number;
  }
}

/** A session that a node has granted, and which of its numbers are open: given out, and not yet over. */
export class WriteSession {
  readonly id: Uint8Array;
  /** `performance.now()` when it was asked for, which is before it began. */
  readonly openedAt: number;
  readonly lifeMillis: number;
  // Tables, and lists within them, because every write comes and goes here: no memory is allocated for a slot.
  readonly #first = new Array<NumberedWrite | undefined>(SLOT_COUNT).fill(undefined);
  /** Numbers that were given out by slot. */
  readonly #counts = new Uint32Array(SLOT_COUNT);
  /** Writes that wait until there are fewer in their slot. */
  readonly #waiting = new Map<number, Set<Request>>();
  #next = 1;

  constructor(id: Uint8Array, openedAt: number, lifeMillis: number) {
    this.id = id;
    this.openedAt = openedAt;
    this.lifeMillis = lifeMillis;
  }

  /** The lowest number of the slot that is open. */
  firstOpen(slot: number): number | undefined {
    return this.#first[slot]?.number;
  }

  /** Gives the write the next number, or notes that it waits until its slot has fewer open ones. */
  take(request: Request): NumberedWrite | undefined {
    const { slot } = request;
    if (this.#isFull(slot)) {
      this.#wait(request);
      return undefined;
    }
    const write = new NumberedWrite(this, this.#next++, slot, this.#counts[slot]!++);
    const first = this.#first[slot];
    if (first === undefined) this.#first[slot] = write;
    else {
      write.before = first.before;
      first.before.after = write;
      first.before = write;
    }
    return write;
  }

  /** It is not sent any more. `resume` is called for those that waited for that, in the order in which they came. */
  close(write: NumberedWrite, resume: (request: Request) => void): void {
    const { slot, before, after } = write;
    const first = this.#first[slot];
    if (write === first) {
      this.#first[slot] = after;
      if (after !== undefined) after.before = before;
    } else {
      before.after = after;
      if (after !== undefined) after.before = before;
      else first!.before = before;
    }
    // Whoever holds the write does not hold its neighbours.
    write.before = write;
    write.after = undefined;
    if (this.#waiting.size > 0) this.#resumeSome(slot, resume);
  }

  #isFull(slot: number): boolean {
    const first = this.#first[slot];
    return first !== undefined && (this.#counts[slot]! - first.ordinal) >>> 0 >= SLOT_NUMBERS_MAX;
  }

  #wait(request: Request): void {
    let waiting = this.#waiting.get(request.slot);
    if (waiting === undefined) {
      waiting = new Set();
      this.#waiting.set(request.slot, waiting);
    }
    waiting.add(request);
    request.waitsIn = waiting;
  }

  #resumeSome(slot: number, resume: (request: Request) => void): void {
    const waiting = this.#waiting.get(slot);
    if (waiting === undefined) return;
    for (const request of waiting) {
      if (this.#isFull(slot)) return;
      waiting.delete(request);
      resume(request);
    }
    this.#waiting.delete(slot);
  }
}
