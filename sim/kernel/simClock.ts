import { monotonicMillis, wallMillis } from "../../src/base/ids.ts";
import type { Clock, Timer, Timers } from "../../src/ports/clock.ts";
import type { Life, Scheduler } from "./scheduler.ts";

/** When the worlds begin, by their wall clock. */
const WALL_ORIGIN_MILLIS = 1_700_000_000_000;

/** The clocks of one machine: the monotonic one is virtual time at its own rate, the wall clock may be set. */
export class SimClock implements Clock {
  /** By how much somebody has set the wall clock forward. */
  skewMillis = 0;
  readonly #scheduler: Scheduler;
  /** How much faster than time the monotonic clock runs, and what it showed at first. */
  readonly #drift: number;
  readonly #originMillis: number;

  constructor(scheduler: Scheduler, drift = 0, originMillis = 0) {
    this.#scheduler = scheduler;
    this.#drift = drift;
    this.#originMillis = originMillis;
  }

  wall() {
    return wallMillis(WALL_ORIGIN_MILLIS + this.skewMillis + Math.floor(this.#scheduler.nowMicros / 1000));
  }

  monotonic() {
    return monotonicMillis(this.#originMillis + (this.#scheduler.nowMicros / 1000) * (1 + this.#drift));
  }

  micros(): number {
    return this.#scheduler.nowMicros;
  }
}

/** The timers of one process; none goes off after its end. A turn of its event loop takes `turnMicros`. */
export function simTimers(scheduler: Scheduler, life: Life, turnMicros = 0): Timers {
  return {
    after: (millis, run) => timer(scheduler.after(Math.max(millis, 1) * 1000, life, "timer", run)),
    every: (millis, run) => repeat(scheduler, life, millis, run),
    endOfTurn: (run) => {
      scheduler.after(turnMicros, life, "end of turn", run);
    },
  };
}

function timer(scheduled: { cancelled: boolean }): Timer {
  return {
    cancel: () => {
      scheduled.cancelled = true;
    },
  };
}

function repeat(scheduler: Scheduler, life: Life, millis: number, run: () => void): Timer {
  let isCancelled = false;
  const next = (): void => {
    scheduler.after(millis * 1000, life, "tick", () => {
      if (isCancelled) return;
      next();
      run();
    });
  };
  next();
  return {
    cancel: () => {
      isCancelled = true;
    },
  };
}
