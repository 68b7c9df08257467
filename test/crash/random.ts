/** A small generator (mulberry32) so that a run of a crash test can be named by one number. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An unsigned integer of 32 bits. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer in `[0, bound)`. */
  below(bound: number): number {
    return this.u32() % bound;
  }

  /** An integer in `[low, high]`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in `bound` draws. */
  oneIn(bound: number): boolean {
    return this.below(bound) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** A generator of its own for one purpose, so that a draw more in one place moves nothing in another. */
  fork(label: string): SeededRandom {
    let hash = 0x811c9dc5 ^ this.#state;
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    return new SeededRandom(hash);
  }
}
