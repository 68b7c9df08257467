import { invariant } from "../../base/invariant.ts";

/** The windows over which loads are reported: one that follows quickly, one that is steady. */
export const SHORT_WINDOW_MILLIS = 10_000;
export const LONG_WINDOW_MILLIS = 60_000;

/**
 * How many of something happen in a second, what is long ago counting less and less: an event's weight falls to 1/e in a window. It
 * begins at 0 and needs about two windows to reach a new steady rate.
 */
export class DecayingRate {
  readonly #windowMillis: number;
  #weight = 0;
  #at = 0;

  constructor(windowMillis: number) {
    invariant(windowMillis > 0, "a window has a length");
    this.#windowMillis = windowMillis;
  }

  /** `now`: milliseconds of any clock; one that goes backwards stands still. */
  add(count: number, now: number): void {
    this.#fade(now);
    this.#weight += count;
  }

  perSecond(now: number): number {
    this.#fade(now);
    return (this.#weight * 1000) / this.#windowMillis;
  }

  #fade(now: number): void {
    if (now <= this.#at) return;
    this.#weight *= Math.exp((this.#at - now) / this.#windowMillis);
    this.#at = now;
  }
}
