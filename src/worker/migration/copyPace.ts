import type { Clock, Timers } from "../../ports/clock.ts";

/** A page is followed by a pause of at most this. */
const PAUSE_MILLIS_MAX = 100;
const PAUSE_MILLIS_MIN = 1;
/** Commits and turns of the event loop may take this many times as long as without a copy, and a little. */
const SLOWER_MAX = 2;
const SLACK_MILLIS = 2;
/** The rate may be made good for so long. */
const BURST_MILLIS = 100;

export interface CopyPaceHost {
  readonly clock: Clock;
  readonly timers: Timers;
  /** What clients bear at present: how slow the slowest hundredth of the last commits was, milliseconds; and before the copy began. */
  readonly load: CommitLoad;
}

/** How slow commits are. */
export interface CommitLoad {
  /** Of the last second or so; 0 if there were hardly any. */
  readonly p99Millis: number;
  /** Of a time in which nothing was copied. */
  readonly quietP99Millis: number;
  /** What is usual is learnt from now on. */
  start(): void;
  copyBegins(): void;
  copyEnds(): void;
}

/** How fast a source gives out a copy: by a rate that was set, and so that its own clients hardly notice. */
export class CopyPace {
  readonly #host: CopyPaceHost;
  #pauseMillis = 0;
  /** Until when the bytes that were sent are paid for. */
  #paidMillis: number;

  constructor(host: CopyPaceHost) {
    this.#host = host;
    this.#paidMillis = host.clock.monotonic();
  }

  pass(millis: number): Promise<void> {
    return new Promise((resolve) => this.#host.timers.after(millis, resolve));
  }

  /** Resolves when the next piece may be sent after one of `bytes`; `bytesPerSecondMax` 0 for any rate. */
  async sent(bytes: number, bytesPerSecondMax: number): Promise<void> {
    const { clock } = this.#host;
    const now = clock.monotonic();
    if (bytesPerSecondMax > 0) {
      this.#paidMillis = Math.max(this.#paidMillis, now - BURST_MILLIS) + (bytes * 1000) / bytesPerSecondMax;
    } else this.#paidMillis = now;
    this.#adapt();
    const wait = Math.max(this.#paidMillis - now, this.#pauseMillis);
    if (wait >= 1) await this.pass(wait);
  }

  #adapt(): void {
    const { p99Millis, quietP99Millis } = this.#host.load;
    const isSlow = p99Millis > quietP99Millis * SLOWER_MAX + SLACK_MILLIS;
    if (isSlow) this.#pauseMillis = Math.min(PAUSE_MILLIS_MAX, Math.max(PAUSE_MILLIS_MIN, this.#pauseMillis * 1.5));
    else this.#pauseMillis = this.#pauseMillis < PAUSE_MILLIS_MIN ? 0 : this.#pauseMillis * 0.9;
  }
}
