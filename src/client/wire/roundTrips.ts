/** So many samples decide: whichever was not held up by what the node, or this program, had to do first. */
const SAMPLES = 8;

/** The least time that a round trip has taken lately. */
export class RoundTrips {
  readonly #samples = new Float64Array(SAMPLES).fill(Number.POSITIVE_INFINITY);
  #next = 0;
  millis = Number.POSITIVE_INFINITY;

  get count(): number {
    return this.#next;
  }

  add(millis: number): void {
    this.#samples[this.#next++ % SAMPLES] = millis;
    this.millis = Math.min(...this.#samples);
  }
}
