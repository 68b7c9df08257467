const ATTEMPTS_PER_START = 2 ** 16;

/**
 * Numbers for a learner's attempts. Another start of the same process, and another incarnation, counts from somewhere else: or
 * it would take what a primary sends to its predecessor for its own, and never ask for itself.
 */
export class Attempts {
  readonly #base: number;
  #count = 0;

  /** `start` names this start of the process, and no other. */
  constructor(start: string) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < start.length; i++) hash = Math.imul(hash ^ start.charCodeAt(i), 0x01000193);
    this.#base = (hash >>> 0) * ATTEMPTS_PER_START;
  }

  next(): number {
    this.#count = (this.#count % (ATTEMPTS_PER_START - 1)) + 1;
    return this.#base + this.#count;
  }
}
