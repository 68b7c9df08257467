import type { CommitLoad } from "./commitLoad.ts";

/** A page is followed by a pause of at most this. */
const PAUSE_MILLIS_MAX = 100;
/** And at least this at the source, as long as there are clients. */
const PAUSE_MILLIS_MIN = 30;
const PAUSE_MILLIS_FIRST = 50;
/** The shortest pause of all. */
const PAUSE_MILLIS_LEAST = 1;
const HARDER = 2;
const SOFTER = 0.9;
/** A copy costs more at its begin and at its end than a page between them: copies are so many pauses apart. */
const PAUSES_BEFORE = 20;
/** A copy that is being opened gives its first page within this. */
const OPENING_MILLIS = 1_000;
/** A copy from which nothing was asked for so long, beyond its pause, has ended or stands still. */
const BETWEEN_PAGES_MILLIS = 300;

/** How much all copies that a group gives out, or takes, hold themselves back for its clients: what one has learnt, the next knows. */
export class CopyBrake {
  readonly #load: CommitLoad;
  readonly #millisMin: number;
  #pauseMillis: number;
  /** Until then the turn is somebody's. */
  #takenUntil = Number.NEGATIVE_INFINITY;

  /** `at`: the source goes slowly from the beginning, the target, which the source holds back already, when it has become slow itself. */
  constructor(load: CommitLoad, at: "source" | "target") {
    this.#load = load;
    this.#millisMin = at === "source" ? PAUSE_MILLIS_MIN : 0;
    this.#pauseMillis = at === "source" ? PAUSE_MILLIS_FIRST : 0;
  }

  /** How long to wait before a copy begins. */
  get millisBefore(): number {
    return this.#load.isBusy ? this.#pauseMillis * PAUSES_BEFORE : 0;
  }

  /**
   * Whether a copy may begin. While there are clients, one goes on at a time: the slots of two that end together wait for each other's
   * steps. Nobody gives a turn back: it is over when no more pages come. `now`: monotonic milliseconds.
   */
  takesTurn(now: number): boolean {
    if (!this.#load.isBusy) return true;
    if (now < this.#takenUntil) return false;
    this.#takenUntil = now + this.millisBefore + OPENING_MILLIS;
    return true;
  }

  /** How long to wait after a page, by how slow the group has become, or is no more. */
  next(now: number): number {
    if (!this.#load.isBusy) return 0;
    const pause = this.#pauseMillis;
    this.#pauseMillis = this.#load.isSlow
      ? Math.min(PAUSE_MILLIS_MAX, Math.max(PAUSE_MILLIS_MIN, pause * HARDER))
      : Math.max(this.#millisMin, pause * SOFTER);
    if (this.#pauseMillis < PAUSE_MILLIS_LEAST) this.#pauseMillis = 0;
    this.#takenUntil = now + this.#pauseMillis + BETWEEN_PAGES_MILLIS;
    return this.#pauseMillis;
  }
}
