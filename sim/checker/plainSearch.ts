import type { Operation } from "./history.ts";

/** What a key holds: text, or `null` for nothing. */
type Value = string | null;

const ILLEGAL = Symbol("illegal");

/** What the plain search found; `undecided` when it took more steps than allowed. */
export type SearchResult = "ok" | "violation" | "undecided";

/**
 * The checker of Wing and Gong with Lowe's memory of configurations (Lowe, "Testing for linearizability", 2017), as plain
 * as possible: the oracle of the fast one. It reads operations as they stand, shares no code with the fast search and
 * keeps whole configurations, not hashes. Operations are those of one key, refused ones left out.
 */
export function searchPlainly(operations: readonly Operation[], stepsMax: number): SearchResult {
  const list = new EventList(operations);
  const memory = new Set<string>();
  const linearized = new Uint16Array(Math.ceil(operations.length / 16));
  const stack: { entry: Entry; value: Value }[] = [];
  let completedLeft = operations.filter((it) => it.returnedMicros !== null).length;
  let value: Value = null;
  let steps = 0;
  let entry = list.first;
  while (completedLeft > 0) {
    steps += 1;
    if (steps > stepsMax) return "undecided";
    const next: Value | typeof ILLEGAL = entry?.isCall ? afterwards(value, operations[entry.index]!) : ILLEGAL;
    if (entry?.isCall) {
      const bit = 1 << (entry.index & 15);
      linearized[entry.index >> 4]! |= bit;
      if (next !== ILLEGAL && isNew(memory, linearized, next)) {
        stack.push({ entry, value });
        value = next;
        list.lift(entry);
        if (entry.twin !== undefined) completedLeft -= 1;
        entry = list.first;
      } else {
        linearized[entry.index >> 4]! &= ~bit;
        entry = entry.next;
      }
      continue;
    }
    const top = stack.pop();
    if (top === undefined) return "violation";
    value = top.value;
    linearized[top.entry.index >> 4]! &= ~(1 << (top.entry.index & 15));
    list.unlift(top.entry);
    if (top.entry.twin !== undefined) completedLeft += 1;
    entry = top.entry.next;
  }
  return "ok";
}

/** What the key holds after an operation took effect, or that it cannot have taken effect with this reply. */
function afterwards(value: Value, operation: Operation): Value | typeof ILLEGAL {
  const { reply } = operation;
  const isKnown = operation.outcome === "ok";
  switch (operation.kind) {
    case "get":
      return !isKnown || reply === value ? value : ILLEGAL;
    case "set":
      return operation.value;
    case "delete":
      return !isKnown || reply === (value !== null) ? null : ILLEGAL;
    case "compareAndSet": {
      const isSwapped = value === operation.expected;
      if (isKnown && reply !== isSwapped) return ILLEGAL;
      return isSwapped ? operation.value : value;
    }
    case "increment": {
      const before = value ?? "0";
      if (String(Number.parseInt(before, 10)) !== before) return isKnown ? ILLEGAL : value;
      const after = Number.parseInt(before, 10) + operation.by;
      return !isKnown || reply === after ? String(after) : ILLEGAL;
    }
    case "append":
      return ILLEGAL;
  }
}

function isNew(memory: Set<string>, linearized: Uint16Array, value: Value): boolean {
  const configuration = `${String.fromCharCode(...linearized)}${value === null ? "-" : `+${value}`}`;
  if (memory.has(configuration)) return false;
  memory.add(configuration);
  return true;
}

type Entry = {
  readonly index: number;
  readonly isCall: boolean;
  /** Of a call: its return, if there is one. */
  twin: Entry | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;
};

/** Calls and returns in the order of time; of simultaneous events the calls come first. */
class EventList {
  first: Entry | undefined;

  constructor(operations: readonly Operation[]) {
    const events: { entry: Entry; micros: number }[] = [];
    operations.forEach(({ invokedMicros, returnedMicros }, index) => {
      const call: Entry = { index, isCall: true, twin: undefined, previous: undefined, next: undefined };
      events.push({ entry: call, micros: invokedMicros });
      if (returnedMicros === null) return;
      call.twin = { index, isCall: false, twin: undefined, previous: undefined, next: undefined };
      events.push({ entry: call.twin, micros: returnedMicros });
    });
    events.sort((one, other) => one.micros - other.micros || Number(other.entry.isCall) - Number(one.entry.isCall));
    let last: Entry | undefined;
    for (const { entry } of events) {
      entry.previous = last;
      if (last === undefined) this.first = entry;
      else last.next = entry;
      last = entry;
    }
  }

  lift(call: Entry): void {
    this.#remove(call);
    if (call.twin !== undefined) this.#remove(call.twin);
  }

  unlift(call: Entry): void {
    if (call.twin !== undefined) this.#putBack(call.twin);
    this.#putBack(call);
  }

  #remove(entry: Entry): void {
    if (entry.previous === undefined) this.first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
  }

  #putBack(entry: Entry): void {
    if (entry.previous === undefined) this.first = entry;
    else entry.previous.next = entry;
    if (entry.next !== undefined) entry.next.previous = entry;
  }
}
