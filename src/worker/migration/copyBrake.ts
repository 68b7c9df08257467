import type { CommitLoad } from "./commitLoad.ts";

/** A page is followed by a pause of at most this. */
const PAUSE_MILLIS_MAX = 100;
/** And at least this, as long as there are clients. */
const PAUSE_MILLIS_MIN = 20;
const PAUSE_MILLIS_FIRST = 50;
const HARDER = 2;
const SOFTER = 0.9;
/** A copy costs more at its begin and at its end than a page between them: copies are so many pauses apart. */
const PAUSES_BEFORE = 20;

/** How much all copies that a group gives out hold themselves back for its clients: what one has learnt, the next knows. */
export class CopyBrake {
  readonly #load: CommitLoad;
  #pauseMillis = PAUSE_MILLIS_FIRST;

  constructor(load: CommitLoad) {
    this.#load = load;
  }

  /** How long to wait before a copy begins. */
  get millisBefore(): number {
    return this.#load.isBusy ? this.#pauseMillis * PAUSES_BEFORE : 0;
  }

  /** How long to wait after a page, by how slow the group has become, or is no more. */
  next(): number {
    if (!this.#load.isBusy) return 0;
    this.#pauseMillis = this.#load.isSlow
      ? Math.min(PAUSE_MILLIS_MAX, this.#pauseMillis * HARDER)
      : Math.max(PAUSE_MILLIS_MIN, this.#pauseMillis * SOFTER);
    return this.#pauseMillis;
  }
}
