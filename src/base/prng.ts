import { below, type Random } from "./random.ts";

/** Chance that can be repeated: the same seed gives the same draws on every machine. Not for secrets. */
export interface Prng extends Random {
  /** An integer from 0 to `bound - 1`. */
  below(bound: number): number;
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True `numerator` times out of `denominator`. */
  chance(numerator: number, denominator: number): boolean;
  /** One element of a list that is not empty. */
  pick<T>(items: readonly T[]): T;
  /** Fills `[start, end)` with drawn bytes. */
  fill(bytes: Uint8Array, start?: number, end?: number): void;
  /**
   * A generator of its own that depends on this one's seed and on `name`, not on how much was drawn: a new consumer
   * under a new name leaves the draws of all others as they were.
   */
  fork(name: string): Prng;
}

/** A generator from a seed; a number and its decimal text are the same seed. */
export function createPrng(seed: number | string): Prng {
  return new Sfc32(String(seed));
}

const WARM_UP_DRAWS = 12;

/** Chris Doty-Humphrey's sfc32 (PractRand): 128 bits of state, additions, shifts and xors of 32 bits only. */
class Sfc32 implements Prng {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#seed = seed;
    this.#a = hashText(seed, 0x9e3779b9);
    this.#b = hashText(seed, 0x243f6a88);
    this.#c = hashText(seed, 0xb7e15162);
    for (let i = 0; i < WARM_UP_DRAWS; i++) this.u32();
  }

  u32(): number {
    const drawn = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  }

  below(bound: number): number {
    return below(this, bound);
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(numerator: number, denominator: number): boolean {
    return this.below(denominator) < numerator;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  fill(bytes: Uint8Array, start = 0, end = bytes.length): void {
    for (let at = start; at < end; at++) bytes[at] = this.u32();
  }

  fork(name: string): Prng {
    return new Sfc32(`${this.#seed}/${name}`);
  }
}

/** FNV-1a over the characters, then the finalizer of MurmurHash3, so that similar names give unlike states. */
function hashText(text: string, basis: number): number {
  let hash = basis | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
