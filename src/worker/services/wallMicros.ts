import type { Clock } from "../../ports/clock.ts";

/** Beyond this the wall clock was set; below it the two clocks only round differently. */
const DRIFT_MICROS_MAX = 2_000;

/** The wall clock in microseconds: the fine steps of the monotonic clock, at the place that the wall clock says. */
export class WallMicros {
  readonly #clock: Clock;
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.wall() * 1000 - clock.micros();
  }

  now(): number {
    const wall = this.#clock.wall() * 1000;
    const micros = this.#clock.micros();
    if (Math.abs(wall - micros - this.#offset) > DRIFT_MICROS_MAX) this.#offset = wall - micros;
    return Math.floor(micros + this.#offset);
  }
}
