/**
 * A small seeded generator of random numbers (splitmix32). The same seed gives the same sequence on every machine,
 * which is all that these tests ask of it.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An unsigned integer of 32 bits. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** An integer from 0 up to and without `limit`. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  /** An integer between both ends, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(10_000) < percent * 100;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) {
      throw new Error("nothing to pick from");
    }
    return choice;
  }

  /** A list of `count` draws. */
  times<T>(count: number, draw: () => T): T[] {
    return Array.from({ length: count }, draw);
  }

  /** The same elements in a random order. */
  shuffled<T>(elements: readonly T[]): T[] {
    const rest = [...elements];
    return elements.flatMap(() => rest.splice(this.below(rest.length), 1));
  }

  /** A generator of its own for a part named by a number: what one part draws does not shift the others. */
  fork(part: number): Random {
    const fork = new Random(this.#state ^ Math.imul(part + 1, 0x85ebca6b));
    fork.next();
    return fork;
  }
}
