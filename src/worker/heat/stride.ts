/**
 * Distances between requests that are looked at: `mean` on average, and never the same, as pipelines repeat themselves
 * (xorshift32, Marsaglia 2003).
 */
export class Stride {
  readonly #longest: number;
  #random = 1;

  constructor(mean: number) {
    this.#longest = 2 * mean - 1;
  }

  next(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return 1 + ((x >>> 0) % this.#longest);
  }
}
