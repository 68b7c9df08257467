import { FORM, type KeyHistory, NOTHING } from "./keyHistory.ts";

/** Operations (by index) that contradict each other, and why. */
export type Contradiction = { readonly operations: readonly number[]; readonly reason: string };

/** From the first moment at which a state must have been there to the last one; `first` and `last` prove it. */
type Zone = { state: number; first: number; last: number; from: number; to: number };

const NOBODY = -1;

/**
 * Looks for contradictions that need no search (Gibbons and Korach, "Testing shared memories", 1997): a value that came
 * from nowhere or from the future; two values that both must have been there at one moment; an operation that lies wholly
 * within the time of a value it is not compatible with. O(n log n), and finds nearly every stale read and lost write.
 */
export function findContradiction(history: KeyHistory): Contradiction | undefined {
  const uses = usesOfStates(history);
  const strange = strangeValue(history, uses);
  if (strange !== undefined) return strange;
  const zones = forwardZones(history, uses);
  return overlap(history, zones) ?? intruder(history, zones);
}

/** By state: who leaves it, and its span among producer and observers. Operations by index, positions by event. */
type Uses = {
  /** Some operation that leaves the state, `NOBODY` if none does; and how many do. */
  readonly producer: Int32Array;
  readonly producers: Int32Array;
  readonly earliestProducerCall: Int32Array;
  /** The operation with the earliest return among the observers, `NOBODY` without observers; and the latest call. */
  readonly firstObserver: Int32Array;
  readonly lastObserver: Int32Array;
  /** An increment of unknown outcome may leave any number. */
  readonly mayLeaveAnyNumber: boolean;
};

function usesOfStates(history: KeyHistory): Uses {
  const { form, before, after, callAt, returnAt, statesNamed } = history;
  const never = history.events.length + 1;
  const producer = new Int32Array(statesNamed).fill(NOBODY);
  const producers = new Int32Array(statesNamed);
  const earliestProducerCall = new Int32Array(statesNamed).fill(never);
  const firstObserver = new Int32Array(statesNamed).fill(NOBODY);
  const lastObserver = new Int32Array(statesNamed).fill(NOBODY);
  let mayLeaveAnyNumber = false;
  for (let index = 0; index < form.length; index++) {
    const left = after[index]!;
    if (left >= 0) {
      producer[left] = index;
      producers[left]! += 1;
      earliestProducerCall[left] = Math.min(earliestProducerCall[left]!, callAt[index]!);
    }
    if (form[index] === FORM.add) mayLeaveAnyNumber = true;
    if (form[index] !== FORM.read && form[index] !== FORM.swap) continue;
    const seen = before[index]!;
    const first = firstObserver[seen]!;
    const last = lastObserver[seen]!;
    if (first === NOBODY || returnAt[index]! < returnAt[first]!) firstObserver[seen] = index;
    if (last === NOBODY || callAt[index]! > callAt[last]!) lastObserver[seen] = index;
  }
  return { producer, producers, earliestProducerCall, firstObserver, lastObserver, mayLeaveAnyNumber };
}

function isWild({ states }: KeyHistory, { mayLeaveAnyNumber }: Uses, state: number): boolean {
  return mayLeaveAnyNumber && state !== NOTHING && states.isNumber(state);
}

function strangeValue(history: KeyHistory, uses: Uses): Contradiction | undefined {
  for (let state = 1; state < history.statesNamed; state++) {
    const observer = uses.firstObserver[state]!;
    if (observer === NOBODY || isWild(history, uses, state)) continue;
    const value = JSON.stringify(history.states.text(state));
    if (uses.producers[state] === 0) {
      return { operations: [observer], reason: `${value} was found there, and nobody has written it` };
    }
    if (history.returnAt[observer]! < uses.earliestProducerCall[state]!) {
      const operations = [observer, uses.producer[state]!];
      return { operations, reason: `${value} was found there before anybody wrote it` };
    }
  }
  return undefined;
}

/** The zones of all states that exactly one operation leaves, in the order of their beginning. */
function forwardZones(history: KeyHistory, uses: Uses): Zone[] {
  const zones: Zone[] = [];
  for (let state = 0; state < history.statesNamed; state++) {
    const zone = zoneOf(history, uses, state);
    if (zone !== undefined && zone.from < zone.to) zones.push(zone);
  }
  return zones.sort((one, other) => one.from - other.from);
}

function zoneOf({ callAt, returnAt }: KeyHistory, uses: Uses, state: number): Zone | undefined {
  const first = uses.firstObserver[state]!;
  const last = uses.lastObserver[state]!;
  if (state === NOTHING) {
    // Nothing was there from the beginning on, and for one time only if nobody ever removes anything.
    if (first === NOBODY || uses.producers[state]! > 0) return undefined;
    return { state, first: last, last, from: -1, to: callAt[last]! };
  }
  if (uses.producers[state] !== 1 || (uses.mayLeaveAnyNumber && first !== NOBODY)) return undefined;
  const producer = uses.producer[state]!;
  const zone = { state, first: producer, last: producer, from: returnAt[producer]!, to: callAt[producer]! };
  if (first === NOBODY) return zone;
  if (returnAt[first]! < zone.from) Object.assign(zone, { first, from: returnAt[first]! });
  if (callAt[last]! > zone.to) Object.assign(zone, { last, to: callAt[last]! });
  return zone;
}

function overlap(history: KeyHistory, zones: readonly Zone[]): Contradiction | undefined {
  for (let index = 1; index < zones.length; index++) {
    const earlier = zones[index - 1]!;
    const later = zones[index]!;
    if (later.from >= earlier.to) continue;
    return (
      within(history, earlier, [later.first, later.last]) ??
      within(history, later, [earlier.first, earlier.last]) ?? {
        operations: [...new Set([earlier.first, earlier.last, later.first, later.last])],
        reason: `${nameOf(history, earlier.state)} and ${nameOf(history, later.state)} must both have been there at one moment`,
      }
    );
  }
  return undefined;
}

/** A completed operation that falls into a zone of a value that it cannot have met or left. The zones do not overlap. */
function intruder(history: KeyHistory, zones: readonly Zone[]): Contradiction | undefined {
  const { callAt, events } = history;
  let zone = -1;
  for (const event of events) {
    if (event < 0) continue;
    while (zone + 1 < zones.length && zones[zone + 1]!.from < callAt[event]!) zone += 1;
    if (zone < 0) continue;
    const found = within(history, zones[zone]!, [event]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first of these operations that has no place, because it lies within a zone whose state it cannot have met or left. */
function within(history: KeyHistory, zone: Zone, operations: readonly number[]): Contradiction | undefined {
  const { callAt, returnAt } = history;
  const { state, first, last, from, to } = zone;
  for (const operation of operations) {
    if (callAt[operation]! < from || returnAt[operation]! > to || isCompatible(history, operation, state)) continue;
    const name = nameOf(history, state);
    const reason = `${name} must have been there during all of operation ${history.operations[operation]!.id}`;
    return { operations: [first, operation, last], reason };
  }
  return undefined;
}

function nameOf(history: KeyHistory, state: number): string {
  return state === NOTHING ? "nothing" : JSON.stringify(history.states.text(state));
}

/** Whether a completed operation can take effect while the state is, and stays, this one. */
export function isCompatible({ form, before, after }: KeyHistory, operation: number, state: number): boolean {
  switch (form[operation]) {
    case FORM.read:
      return before[operation] === state;
    case FORM.notEqual:
      return before[operation] !== state;
    case FORM.write:
    case FORM.swapZero:
      return after[operation] === state;
    case FORM.swap:
      return before[operation] === state && after[operation] === state;
    default:
      return false;
  }
}
