import { FORM, type KeyHistory, NOTHING } from "./keyHistory.ts";

/**
 * Counts, by state, what the operations that are not linearized yet still ask of it. The fast search keeps it up to date
 * and asks which ways lead nowhere.
 */
export class PendingUses {
  /** Completed operations that must meet the state. */
  readonly #needed: Int32Array;
  /** Operations that may meet the state and then do something else than otherwise. */
  readonly #wanted: Int32Array;
  /** Operations that leave the state, other than increments of unknown outcome. */
  readonly #producers: Int32Array;
  /** Completed operations that must not meet the state. */
  readonly #shunned: Int32Array;
  /** Completed deletes that removed something. */
  #deletes = 0;
  /** Increments of unknown outcome. */
  #adds = 0;
  readonly #history: KeyHistory;
  /** All operations but reads are increments by more than nothing: what is left never comes back. */
  readonly #onlyGrows: boolean;

  constructor(history: KeyHistory) {
    this.#history = history;
    this.#needed = new Int32Array(history.statesNamed);
    this.#wanted = new Int32Array(history.statesNamed);
    this.#producers = new Int32Array(history.statesNamed);
    this.#shunned = new Int32Array(history.statesNamed);
    this.#onlyGrows = history.operations.every((it) => it.kind === "get" || (it.kind === "increment" && it.by > 0));
    for (let operation = 0; operation < history.form.length; operation++) this.account(operation, 1);
  }

  /** An operation is linearized (`-1`) or put back (`+1`). */
  account(operation: number, change: 1 | -1): void {
    const before = this.#history.before[operation]!;
    const after = this.#history.after[operation]!;
    if (after >= 0) this.#producers[after]! += change;
    switch (this.#history.form[operation]) {
      case FORM.read:
      case FORM.swap:
        this.#needed[before]! += change;
        this.#wanted[before]! += change;
        break;
      case FORM.notEqual:
        this.#shunned[before]! += change;
        break;
      case FORM.deleteSome:
        this.#deletes += change;
        break;
      case FORM.swapZero:
        this.#wanted[NOTHING]! += change;
        this.#wanted[before]! += change;
        break;
      case FORM.trySwap:
        this.#wanted[before]! += change;
        break;
      case FORM.add:
        this.#adds += change;
        break;
    }
  }

  /** Whether completed operations must meet the state and nothing but the present time of the state can serve them. */
  isLastChance(state: number): boolean {
    return this.needed(state) > 0 && this.#producers[state] === 0 && !this.#mayBeAddedUpTo(state);
  }

  needed(state: number): number {
    return state < this.#needed.length ? this.#needed[state]! : 0;
  }

  /**
   * Whether an operation of unknown outcome that would turn `state` into `after` can be left for later or for never:
   * nobody minds `state` in place of `after`.
   */
  isIdle(operation: number, state: number, after: number): boolean {
    const otherAdds = this.#adds - (this.#history.form[operation] === FORM.add ? 1 : 0);
    if (otherAdds > 0 && this.#history.states.isNumber(after)) return false;
    if (after < this.#wanted.length && this.#wanted[after]! > 0) return false;
    if (state < this.#shunned.length && this.#shunned[state]! > 0) return false;
    return state !== NOTHING || this.#deletes === 0;
  }

  #mayBeAddedUpTo(state: number): boolean {
    return this.#adds > 0 && !this.#onlyGrows && state !== NOTHING && this.#history.states.isNumber(state);
  }
}
