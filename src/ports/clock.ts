import type { MonotonicMillis, WallMillis } from "../base/ids.ts";

/** Time as the node sees it. Leases and timeouts use the monotonic clock, expiry of keys the wall clock. */
export interface Clock {
  wall(): WallMillis;
  monotonic(): MonotonicMillis;
  /** Microseconds of the monotonic clock, for `SLOWLOG` and latency figures. */
  micros(): number;
}

/** Runs things later; every timer has an owner who cancels it. */
export interface Timers {
  after(millis: number, run: () => void): Timer;
  every(millis: number, run: () => void): Timer;
  /** At the end of the present turn, after all the input that is ready was taken. */
  endOfTurn(run: () => void): void;
}

export interface Timer {
  cancel(): void;
}
