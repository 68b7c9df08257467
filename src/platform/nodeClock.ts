import { performance } from "node:perf_hooks";
import { monotonicMillis, wallMillis } from "../base/ids.ts";
import type { Clock, Timer, Timers } from "../ports/clock.ts";

/** The clocks of this machine. */
export const nodeClock: Clock = {
  wall: () => wallMillis(Date.now()),
  monotonic: () => monotonicMillis(performance.now()),
  micros: () => performance.now() * 1000,
};

/** Node's timers. They do not keep the process alive: what serves does. */
export const nodeTimers: Timers = {
  after: (millis, run) => timeoutTimer(setTimeout(run, Math.min(millis, 0x7fff_ffff))),
  every: (millis, run) => timeoutTimer(setInterval(run, millis)),
  endOfTurn: (run) => {
    setImmediate(run);
  },
};

function timeoutTimer(handle: NodeJS.Timeout): Timer {
  handle.unref();
  return { cancel: () => clearTimeout(handle) };
}
