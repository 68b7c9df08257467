import { FailedConfigurations } from "./failedConfigurations.ts";
import { FORM, ILLEGAL, type KeyHistory, NOTHING, step } from "./keyHistory.ts";
import { PendingUses } from "./pendingUses.ts";
import type { SearchResult } from "./plainSearch.ts";
import { isCompatible } from "./zones.ts";

/**
 * The search of Wing and Gong with Lowe's memory, and reductions that keep it from wandering (each one argued at its
 * place). Finds the same as `searchPlainly`. A violation that rests on hashes is confirmed with other ones.
 */
export function searchFast(history: KeyHistory, stepsMax: number): SearchResult {
  const failed = new FailedConfigurations();
  const first = new FastSearch(history, failed, 0x2545f491).run(stepsMax);
  if (first !== "violation" || failed.count === 0) return first;
  failed.clear();
  return new FastSearch(history, failed, 0x6c8e9cf5).run(stepsMax);
}

/** A point of the search from which alternatives remain. Fields by depth, in parallel arrays, because there are many. */
type Frames = { state: number[]; trailStart: number[]; choicesStart: number[]; nextChoice: number[] };

class FastSearch {
  readonly #history: KeyHistory;
  readonly #failed: FailedConfigurations;
  readonly #pending: PendingUses;
  /** The list of events not linearized yet; position `events.length` is its head. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  readonly #deadline: Int32Array;
  /** By state, the completed operations that must meet it, in the order of their calls. */
  readonly #observers: Map<number, number[]>;
  readonly #isLinearized: Uint8Array;
  readonly #salt: number;
  readonly #trail: number[] = [];
  readonly #choices: number[] = [];
  readonly #frames: Frames = { state: [], trailStart: [], choicesStart: [], nextChoice: [] };
  #completedLeft: number;
  #hashHigh = 0;
  #hashLow = 0;

  constructor(history: KeyHistory, failed: FailedConfigurations, salt: number) {
    this.#history = history;
    this.#failed = failed;
    this.#salt = salt;
    this.#pending = new PendingUses(history);
    this.#head = history.events.length;
    this.#next = new Int32Array(this.#head + 1);
    this.#previous = new Int32Array(this.#head + 1);
    for (let at = 0; at <= this.#head; at++) {
      this.#next[at] = at === this.#head ? 0 : at + 1;
      this.#previous[at] = at === 0 ? this.#head : at - 1;
    }
    this.#isLinearized = new Uint8Array(history.form.length);
    this.#observers = observersByState(history);
    this.#deadline = deadlines(history, this.#observers);
    this.#completedLeft = history.completedCount;
  }

  run(stepsMax: number): SearchResult {
    this.#open(NOTHING, 0);
    for (let steps = 1; ; steps++) {
      if (this.#completedLeft === 0) return "ok";
      if (steps > stepsMax) return "undecided";
      while (!this.#choose()) {
        if (!this.#fail()) return "violation";
      }
    }
  }

  /** Begins a new depth: takes what costs nothing, then lists the alternatives. */
  #open(state: number, trailStart: number): void {
    const frames = this.#frames;
    frames.state.push(state);
    frames.trailStart.push(trailStart);
    frames.choicesStart.push(this.#choices.length);
    frames.nextChoice.push(this.#choices.length);
    this.#expand(state);
  }

  /**
   * Operations that were told what is there now and change nothing are linearized at once, without alternative: if there
   * is a valid order at all, moving them to its front gives another one. One pass is enough, since the state stays.
   */
  #expand(state: number): void {
    const { events, form, before } = this.#history;
    const start = this.#choices.length;
    let at = this.#next[this.#head]!;
    while (at !== this.#head) {
      const operation = events[at]!;
      if (operation < 0) break;
      const isPure = form[operation] === FORM.read || form[operation] === FORM.notEqual;
      if (isPure && (before[operation] === state) === (form[operation] === FORM.read)) {
        const previous = this.#previous[at]!;
        this.#linearize(operation);
        at = this.#next[previous]!;
        continue;
      }
      if (!isPure) this.#choices.push(operation);
      at = this.#next[at]!;
    }
    if (this.#completedLeft === 0) return;
    if (this.#failed.has(this.#high(state), this.#low(state))) this.#choices.length = start;
    else this.#sift(state, start);
  }

  /** Keeps the alternatives that can lead somewhere, the most urgent first. */
  #sift(state: number, start: number): void {
    const isLastChance = this.#pending.isLastChance(state);
    const seen: number[] = [];
    let kept = start;
    for (let index = start; index < this.#choices.length; index++) {
      const operation = this.#choices[index]!;
      const after = step(this.#history, operation, state);
      if (after === ILLEGAL || !this.#isWorthwhile(operation, state, after, isLastChance, seen)) continue;
      let place = kept;
      while (place > start && this.#deadline[this.#choices[place - 1]!]! > this.#deadline[operation]!) {
        this.#choices[place] = this.#choices[place - 1]!;
        place -= 1;
      }
      this.#choices[place] = operation;
      kept += 1;
    }
    this.#choices.length = kept;
  }

  #isWorthwhile(operation: number, state: number, after: number, isLastChance: boolean, seen: number[]): boolean {
    const { form, before, returnAt } = this.#history;
    if (after !== state && isLastChance) {
      // The state never comes back, so whoever leaves it must be the only one that still has to meet it.
      const meets = form[operation] === FORM.swap ? 1 : 0;
      if (this.#pending.needed(state) > meets) return false;
    }
    if (returnAt[operation]! < this.#head) return true;
    if (after === state || this.#pending.isIdle(operation, state, after)) return false;
    // Of unknown outcomes that do the same, the one that was called first can stand for all.
    const effect = form[operation] === FORM.add ? 2 * before[operation]! + 1 : 2 * after;
    const isFixed = form[operation] !== FORM.trySwap;
    if (isFixed && seen.includes(effect)) return false;
    if (isFixed) seen.push(effect);
    return true;
  }

  /** Takes the next alternative of the deepest frame; false when none is left. */
  #choose(): boolean {
    const depth = this.#frames.state.length - 1;
    const state = this.#frames.state[depth]!;
    while (this.#frames.nextChoice[depth]! < this.#choices.length) {
      const operation = this.#choices[this.#frames.nextChoice[depth]!]!;
      this.#frames.nextChoice[depth]! += 1;
      const after = step(this.#history, operation, state);
      const trailStart = this.#trail.length;
      this.#linearize(operation);
      if (this.#canBegin(after)) {
        this.#open(after, trailStart);
        return true;
      }
      this.#undo(trailStart);
    }
    return false;
  }

  /**
   * A value that comes only this once must stay until the last one that met it was called. That cannot be if an operation
   * that is not compatible with it must have ended before.
   */
  #canBegin(state: number): boolean {
    if (!this.#pending.isLastChance(state)) return true;
    const lastCallAt = this.#lastObserverCallAt(state);
    const { events } = this.#history;
    for (let at = this.#next[this.#head]!; at < lastCallAt; at = this.#next[at]!) {
      const event = events[at]!;
      if (event < 0 && !isCompatible(this.#history, ~event, state)) return false;
    }
    return true;
  }

  #lastObserverCallAt(state: number): number {
    const observers = this.#observers.get(state)!;
    let index = observers.length - 1;
    while (this.#isLinearized[observers[index]!] === 1) index -= 1;
    return this.#history.callAt[observers[index]!]!;
  }

  /** Gives the deepest frame up; false when it was the first. */
  #fail(): boolean {
    const { state, trailStart, choicesStart, nextChoice } = this.#frames;
    const depth = state.length - 1;
    if (this.#frames.nextChoice[depth]! > choicesStart[depth]!) {
      this.#failed.add(this.#high(state[depth]!), this.#low(state[depth]!));
    }
    this.#choices.length = choicesStart[depth]!;
    this.#undo(trailStart[depth]!);
    state.length = depth;
    trailStart.length = depth;
    choicesStart.length = depth;
    nextChoice.length = depth;
    return depth > 0;
  }

  #linearize(operation: number): void {
    const { callAt, returnAt } = this.#history;
    this.#remove(callAt[operation]!);
    if (returnAt[operation]! < this.#head) {
      this.#remove(returnAt[operation]!);
      this.#completedLeft -= 1;
    }
    this.#isLinearized[operation] = 1;
    this.#pending.account(operation, -1);
    this.#toggle(operation);
    this.#trail.push(operation);
  }

  #undo(trailStart: number): void {
    const { callAt, returnAt } = this.#history;
    while (this.#trail.length > trailStart) {
      const operation = this.#trail.pop()!;
      if (returnAt[operation]! < this.#head) {
        this.#putBack(returnAt[operation]!);
        this.#completedLeft += 1;
      }
      this.#putBack(callAt[operation]!);
      this.#isLinearized[operation] = 0;
      this.#pending.account(operation, 1);
      this.#toggle(operation);
    }
  }

  #remove(at: number): void {
    this.#next[this.#previous[at]!] = this.#next[at]!;
    this.#previous[this.#next[at]!] = this.#previous[at]!;
  }

  #putBack(at: number): void {
    this.#next[this.#previous[at]!] = at;
    this.#previous[this.#next[at]!] = at;
  }

  #toggle(operation: number): void {
    this.#hashHigh ^= mix(operation, this.#salt);
    this.#hashLow ^= mix(operation, ~this.#salt);
  }

  #high(state: number): number {
    return this.#hashHigh ^ mix(-1 - state, this.#salt);
  }

  #low(state: number): number {
    return this.#hashLow ^ mix(-1 - state, ~this.#salt);
  }
}

/** The finalizer of MurmurHash3 over a number and a salt. */
function mix(value: number, salt: number): number {
  let hash = Math.imul(value, 0x9e3779b1) ^ salt;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function observersByState({ form, before }: KeyHistory): Map<number, number[]> {
  const observers = new Map<number, number[]>();
  for (let operation = 0; operation < form.length; operation++) {
    if (form[operation] !== FORM.read && form[operation] !== FORM.swap) continue;
    const seen = observers.get(before[operation]!);
    if (seen === undefined) observers.set(before[operation]!, [operation]);
    else seen.push(operation);
  }
  return observers;
}

/** Until when an operation must be linearized: before its own return, and before those of all who met what it left. */
function deadlines({ after, returnAt }: KeyHistory, observers: ReadonlyMap<number, readonly number[]>): Int32Array {
  const deadline = returnAt.slice();
  const earliest = new Map<number, number>();
  for (const [state, list] of observers) {
    earliest.set(
      state,
      list.reduce((least, it) => Math.min(least, returnAt[it]!), Number.MAX_SAFE_INTEGER),
    );
  }
  for (let operation = 0; operation < deadline.length; operation++) {
    const observed = earliest.get(after[operation]!);
    if (observed !== undefined && observed < deadline[operation]!) deadline[operation] = observed;
  }
  return deadline;
}
