import { invariant } from "../../src/base/invariant.ts";
import type { Operation } from "./history.ts";

/** What an operation demands of the state before it, and what it leaves. States are small numbers; 0 is "nothing there". */
export const FORM = {
  /** Was told that the state is `before`; changes nothing. */
  read: 0,
  /** Was told that the state is not `before`; changes nothing. */
  notEqual: 1,
  /** Leaves `after`, whatever was there. */
  write: 2,
  /** Removed something, so that something was there. */
  deleteSome: 3,
  /** Found `before`, leaves `after`. */
  swap: 4,
  /** Found `before` (the text "0") or nothing, leaves `after`: an increment that began at zero. */
  swapZero: 5,
  /** Nobody knows whether it found `before`; if so it left `after`. */
  trySwap: 6,
  /** An increment by `before` of which nobody knows the outcome. */
  add: 7,
} as const;

export const NOTHING = 0;
/** What `step` says when the operation cannot have taken effect in this state. */
export const ILLEGAL = -1;

/** One key's operations in the order of their calls, made ready for the fast search. All arrays are by operation. */
export type KeyHistory = {
  readonly operations: readonly Operation[];
  readonly completedCount: number;
  readonly states: States;
  /** The number of states named by the operations themselves. */
  readonly statesNamed: number;
  readonly form: Uint8Array;
  readonly before: Int32Array;
  readonly after: Int32Array;
  /** Position among all events; a return that never came stands at `events.length`. */
  readonly callAt: Int32Array;
  readonly returnAt: Int32Array;
  /** By position: a call as the operation's index, its return as the complement (`~index`). */
  readonly events: Int32Array;
};

/** The states of one key: texts and their numbers. */
class States {
  readonly #ids = new Map<string, number>();
  readonly #texts: (string | null)[] = [null];
  /** The whole number that a state stands for, NaN if none; nothing counts as 0. */
  readonly #numbers: number[] = [0];

  get count(): number {
    return this.#texts.length;
  }

  id(text: string | null): number {
    if (text === null) return NOTHING;
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.length;
      this.#ids.set(text, id);
      this.#texts.push(text);
      this.#numbers.push(/^(0|-?[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN);
    }
    return id;
  }

  text(id: number): string | null {
    return this.#texts[id]!;
  }

  isNumber(id: number): boolean {
    return !Number.isNaN(this.#numbers[id]!);
  }

  /** The state after an increment; the same one when there is no number to increment. */
  plus(id: number, by: number): number {
    const number = this.#numbers[id]!;
    return Number.isNaN(number) ? id : this.id(String(number + by));
  }
}

/** Whether a register checker has to look at it: refused ones did nothing, eventual reads promise nothing. */
export function isRelevant(operation: Operation): boolean {
  if (operation.outcome === "refused" || operation.kind === "append") return false;
  return operation.kind !== "get" || (operation.outcome === "ok" && operation.consistency === "linearizable");
}

/** Prepares the operations of one key, all of which must be relevant. */
export function prepare(relevant: readonly Operation[]): KeyHistory {
  const operations = inOrderOfCalls(relevant);
  const count = operations.length;
  const states = new States();
  const form = new Uint8Array(count);
  const before = new Int32Array(count);
  const after = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    [form[index], before[index], after[index]] = meaning(operations[index]!, states);
  }
  const order = orderEvents(operations);
  return { operations, states, statesNamed: states.count, form, before, after, ...order };
}

function inOrderOfCalls(operations: readonly Operation[]): readonly Operation[] {
  for (let index = 1; index < operations.length; index++) {
    if (operations[index - 1]!.invokedMicros > operations[index]!.invokedMicros) {
      return [...operations].sort((one, other) => one.invokedMicros - other.invokedMicros);
    }
  }
  return operations;
}

type Meaning = [form: number, before: number, after: number];

function meaning(operation: Operation, states: States): Meaning {
  const isKnown = operation.outcome === "ok";
  switch (operation.kind) {
    case "get":
      return [FORM.read, states.id(operation.reply as string | null), ILLEGAL];
    case "set":
      return [FORM.write, ILLEGAL, states.id(operation.value)];
    case "delete":
      if (!isKnown) return [FORM.write, ILLEGAL, NOTHING];
      return operation.reply === true ? [FORM.deleteSome, ILLEGAL, NOTHING] : [FORM.read, NOTHING, ILLEGAL];
    case "compareAndSet": {
      const expected = states.id(operation.expected);
      if (!isKnown) return [FORM.trySwap, expected, states.id(operation.value)];
      return operation.reply === true
        ? [FORM.swap, expected, states.id(operation.value)]
        : [FORM.notEqual, expected, ILLEGAL];
    }
    case "increment": {
      if (!isKnown) return [FORM.add, operation.by, ILLEGAL];
      const number = operation.reply as number;
      const found = number - operation.by;
      return [found === 0 ? FORM.swapZero : FORM.swap, states.id(String(found)), states.id(String(number))];
    }
    case "append":
      invariant(false, "an append is not an operation of a register");
  }
}

/** Merges calls and returns by time. Of simultaneous events the calls come first, which only permits more. */
function orderEvents(operations: readonly Operation[]) {
  const count = operations.length;
  const returns: number[] = [];
  for (let index = 0; index < count; index++) {
    if (operations[index]!.returnedMicros !== null) returns.push(index);
  }
  returns.sort((one, other) => operations[one]!.returnedMicros! - operations[other]!.returnedMicros!);
  const callAt = new Int32Array(count);
  const returnAt = new Int32Array(count).fill(count + returns.length);
  const events = new Int32Array(count + returns.length);
  let nextReturn = 0;
  let at = 0;
  const placeReturnsBefore = (micros: number): void => {
    while (nextReturn < returns.length && operations[returns[nextReturn]!]!.returnedMicros! < micros) {
      const index = returns[nextReturn]!;
      returnAt[index] = at;
      events[at] = ~index;
      at += 1;
      nextReturn += 1;
    }
  };
  for (let index = 0; index < count; index++) {
    placeReturnsBefore(operations[index]!.invokedMicros);
    callAt[index] = at;
    events[at] = index;
    at += 1;
  }
  placeReturnsBefore(Number.POSITIVE_INFINITY);
  return { callAt, returnAt, events, completedCount: returns.length };
}

/** The state after an operation took effect in `state`, or `ILLEGAL`. */
export function step(history: KeyHistory, operation: number, state: number): number {
  const before = history.before[operation]!;
  const after = history.after[operation]!;
  switch (history.form[operation]) {
    case FORM.read:
      return state === before ? state : ILLEGAL;
    case FORM.notEqual:
      return state !== before ? state : ILLEGAL;
    case FORM.write:
      return after;
    case FORM.deleteSome:
      return state === NOTHING ? ILLEGAL : NOTHING;
    case FORM.swap:
      return state === before ? after : ILLEGAL;
    case FORM.swapZero:
      return state === before || state === NOTHING ? after : ILLEGAL;
    case FORM.trySwap:
      return state === before ? after : state;
    default:
      return history.states.plus(state, before);
  }
}
