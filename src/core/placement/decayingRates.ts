import { invariant } from "../../base/invariant.ts";

/** What decays below this is nothing; numbers that are smaller still would cost the processor a hundred times as much. */
const RATE_MIN = 1e-9;

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
      decay(rates, this.#counted, kept, ((1 - kept) * 1000) / elapsedMillis);
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

/** Most are nothing: those cost no more than a look. */
function decay(rates: Float64Array, counted: Float64Array, kept: number, share: number): void {
  for (let index = 0; index < rates.length; index++) {
    const rate = rates[index]!;
    const count = counted[index]!;
    if (rate === 0 && count === 0) continue;
    const next = rate * kept + count * share;
    rates[index] = next < RATE_MIN ? 0 : next;
  }
}
