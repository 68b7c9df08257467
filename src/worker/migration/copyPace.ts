import type { Clock, Timers } from "../../ports/clock.ts";
import type { CopyBrake } from "./copyBrake.ts";

/** The rate may be made good for so long. */
const BURST_MILLIS = 100;
/** Who is to catch up with the clients' writes must not wait for long, however slow everything is. */
const FOLLOWING_MILLIS_MAX = 10;
/** Copies of much data do not wait for each other for ever; and who asks for one gives up when nothing comes for long. */
const TURN_MILLIS_MAX = 10_000;
const TURN_LOOK_MILLIS = 20;

export interface CopyPaceHost {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly brake: CopyBrake;
}

/** How fast a copy is given out, or taken: by a rate that was set, and so that the group's own clients hardly notice. */
export class CopyPace {
  readonly #host: CopyPaceHost;
  /** Until when the bytes that were sent are paid for. */
  #paidMillis: number;

  constructor(host: CopyPaceHost) {
    this.#host = host;
    this.#paidMillis = host.clock.monotonic();
  }

  pass(millis: number): Promise<void> {
    return new Promise((resolve) => this.#host.timers.after(millis, resolve));
  }

  /** Resolves when a copy may begin. */
  async begin(): Promise<void> {
    const { clock, brake } = this.#host;
    const turnBy = clock.monotonic() + TURN_MILLIS_MAX;
    while (!brake.takesTurn(clock.monotonic()) && clock.monotonic() < turnBy) await this.pass(TURN_LOOK_MILLIS);
    const millis = brake.millisBefore;
    if (millis >= 1) await this.pass(millis);
  }

  /**
   * Resolves when the next piece may be sent after one of `bytes`; `bytesPerSecondMax` 0 for any rate. `isFollowing`: it was a piece of what
   * clients have written since the copy began.
   */
  async sent(bytes: number, bytesPerSecondMax: number, isFollowing: boolean): Promise<void> {
    const { clock, brake } = this.#host;
    const now = clock.monotonic();
    if (bytesPerSecondMax > 0) {
      this.#paidMillis = Math.max(this.#paidMillis, now - BURST_MILLIS) + (bytes * 1000) / bytesPerSecondMax;
    } else this.#paidMillis = now;
    const pause = brake.next(now);
    const wait = Math.max(this.#paidMillis - now, isFollowing ? Math.min(pause, FOLLOWING_MILLIS_MAX) : pause);
    if (wait >= 1) await this.pass(wait);
  }
}
