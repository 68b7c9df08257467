import type { Clock } from "../../ports/clock.ts";

/** Less than the slack that every lease has (`slackMillis`), and more than two readings of clocks differ by. */
const STANDSTILL_MILLIS = 10;
/** The clocks may move apart so fast without a reason: each is steered by itself. */
const STEERING_RATE = 0.002;

/**
 * Sees that the machine was suspended, or moved to another host while it ran: the monotonic clock stands still then, and so every lease
 * looks valid that is long over elsewhere (REPLICATION.md C15). The wall clock goes on, or is set right afterwards: so what shows is a
 * jump of the one against the other. One that goes back at the same time hides it, and one that is set right later shows it late.
 */
export class Standstill {
  readonly #clock: Clock;
  /** By how much the wall clock is ahead, when nothing has happened. */
  #usual: number;
  #lookedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#usual = clock.wall() - clock.monotonic();
    this.#lookedAt = clock.monotonic();
  }

  /** How long the monotonic clock has stood still since the last look, in milliseconds: 0 if it has not. */
  look(): number {
    const now = this.#clock.monotonic();
    const ahead = this.#clock.wall() - now;
    const steeredMillis = (now - this.#lookedAt) * STEERING_RATE;
    this.#lookedAt = now;
    if (ahead - this.#usual > STANDSTILL_MILLIS) return this.#jumped();
    this.#usual = Math.min(ahead, this.#usual + steeredMillis);
    return 0;
  }

  /** The process may only have been interrupted between the readings of the two clocks. */
  #jumped(): number {
    const ahead = this.#clock.wall() - this.#clock.monotonic();
    const jump = ahead - this.#usual;
    if (jump <= STANDSTILL_MILLIS) return 0;
    this.#usual = ahead;
    return jump;
  }
}
