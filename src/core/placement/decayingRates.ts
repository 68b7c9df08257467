import { invariant } from "../../base/invariant.ts";

/**
 * Many decaying rates side by side, one for each slot, say. Counting is one addition; what was counted becomes part of the
 * rates when `fold` is called, about once a second.
 */
export class DecayingRates {
  readonly #windowsMillis: readonly number[];
  readonly #counted: Float64Array;
  readonly #rates: readonly Float64Array[];
  #foldedAt: number;

  constructor(size: number, windowsMillis: readonly number[], now: number) {
    invariant(
      windowsMillis.every((millis) => millis > 0),
      "a window has a length",
    );
    this.#windowsMillis = windowsMillis;
    this.#counted = new Float64Array(size);
    this.#rates = windowsMillis.map(() => new Float64Array(size));
    this.#foldedAt = now;
  }

  add(index: number, count: number): void {
    this.#counted[index]! += count;
  }

  /** Takes what was counted since the last time as one steady rate over that time. */
  fold(now: number): void {
    const elapsedMillis = now - this.#foldedAt;
    if (elapsedMillis <= 0) return;
    this.#foldedAt = now;
    for (const [window, rates] of this.#rates.entries()) {
      const kept = Math.exp(-elapsedMillis / this.#windowsMillis[window]!);
      const share = ((1 - kept) * 1000) / elapsedMillis;
      for (let index = 0; index < rates.length; index++) {
        rates[index] = rates[index]! * kept + this.#counted[index]! * share;
      }
    }
    this.#counted.fill(0);
  }

  /** Of the window with this index in the list that the constructor was given, as of the last `fold`. */
  perSecond(index: number, window: number): number {
    return this.#rates[window]![index]!;
  }

  clear(index: number): void {
    this.#counted[index] = 0;
    for (const rates of this.#rates) rates[index] = 0;
  }
}
