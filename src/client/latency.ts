/** A sample's weight when answers take longer than they did, so that a slow node is left soon. */
const RISE = 0.3;
/** And when they take less. */
const FALL = 0.1;
/** What was measured long ago counts less and less, so that a node that was slow is tried again. */
const FORGET_MILLIS = 500;
/** What takes less is alike: nobody waits for the difference. */
const FLOOR_MILLIS = 0.5;

/** How long answers take: a mean with weights that fall exponentially, by sample and by time. */
export class LatencyMean {
  #millis = FLOOR_MILLIS;
  #at = 0;
  #lastSample = FLOOR_MILLIS;

  add(sample: number, now: number): void {
    // What was measured long ago says nothing of now: the first answer after that decides.
    const isLongAgo = now - this.#at > FORGET_MILLIS;
    // One slow answer among others is a hiccup, two in a row are a slow node.
    const millis = Math.min(sample, this.#lastSample);
    this.#lastSample = sample;
    const before = this.at(now);
    const weight = isLongAgo ? 1 : millis > before ? RISE : FALL;
    this.#millis = Math.max(FLOOR_MILLIS, before + (millis - before) * weight);
    this.#at = now;
  }

  /** As it was measured, however long ago. */
  get measured(): number {
    return this.#millis;
  }

  at(now: number): number {
    const idle = now - this.#at;
    // As long as samples come they decide.
    return idle < FORGET_MILLIS / 4
      ? this.#millis
      : Math.max(FLOOR_MILLIS, this.#millis * Math.exp(-idle / FORGET_MILLIS));
  }
}
