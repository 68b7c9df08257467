import type { Clock, Timers } from "../../ports/clock.ts";
import type { CopyBrake } from "./copyBrake.ts";

/** The rate may be made good for so long. */
const BURST_MILLIS = 100;
/** Who is to catch up with the clients' writes must not wait for long, however slow everything is. */
const FOLLOWING_MILLIS_MAX = 10;

export interface CopyPaceHost {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly brake: CopyBrake;
}

/** How fast a source gives out a copy: by a rate that was set, and so that its own clients hardly notice. */
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
    const millis = this.#host.brake.millisBefore;
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
    const pause = brake.next();
    const wait = Math.max(this.#paidMillis - now, isFollowing ? Math.min(pause, FOLLOWING_MILLIS_MAX) : pause);
    if (wait >= 1) await this.pass(wait);
  }
}
