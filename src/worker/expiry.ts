import { keySlot } from "../base/crc16.ts";
import { SLOT_IMPORTING } from "../core/slots/slotTable.ts";
import { type KeySpace, VALUE_SESSION } from "../core/state/keySpace.ts";
import type { Mutator } from "../core/state/mutator.ts";
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

/** Deletes those of `keys` whose time is over; `now` is the wall clock. */
export function deleteExpired(mutator: Mutator, keys: readonly string[], now: number): void {
  const { state } = mutator;
  const { slots } = state;
  for (const key of keys) {
    // What is being copied may get another time yet: its source decides.
    if (!slots.isWhole && slots.stateOf(keySlot(key)) === SLOT_IMPORTING) continue;
    const ref = state.find(key);
    if (ref === 0 || !state.expires(ref) || state.expireAt(ref) > now) continue;
    if (state.type(ref) !== VALUE_SESSION) state.statistics.expired++;
    mutator.delete(key);
  }
}
