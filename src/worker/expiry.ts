import type { KeySpace } from "../core/state/keySpace.ts";
import type { Clock } from "../ports/clock.ts";
import type { Executor } from "./executor.ts";

/** Expired keys deleted by one entry, and the time that a round may take of a turn. */
const BATCH = 128;
const MICROS_MAX = 5_000;

/** Deletes keys of memory whose time is over, by entries of the log, for a bounded time. */
export function expireDue(executor: Executor, state: KeySpace, clock: Clock): void {
  if (!executor.mayExpire) return;
  const started = clock.micros();
  for (;;) {
    const keys = state.takeExpired(clock.wall(), BATCH);
    executor.deleteExpired(keys);
    if (keys.length < BATCH || clock.micros() - started > MICROS_MAX) return;
  }
}
