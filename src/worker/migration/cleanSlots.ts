import type { SlotRanges } from "../../core/slots/slotRanges.ts";
import type { MoveHost } from "./moveHost.ts";

/**
 * Deletes every key of slots that nobody else changes, in small entries, each of which is committed before the next: so it takes no more
 * than a part of what the group can do. Whether none is left at the moment of the answer; false when `mayGoOn` ended it.
 */
export async function cleanSlots(
  host: MoveHost,
  slots: SlotRanges,
  mayGoOn: () => boolean,
  afterEntry: (keys: number) => Promise<void> = async () => undefined,
): Promise<boolean> {
  for (let isClean = false; !isClean; ) {
    isClean = true;
    const walk = host.walkKeys(slots, host.settings.deleteKeysMax);
    for (let keys = walk.next(); keys !== undefined; keys = walk.next()) {
      if (keys.length > 0) {
        isClean = false;
        if (!(await host.committed(host.deleteKeys(keys)))) return false;
        await afterEntry(keys.length);
      } else {
        // What was deleted is in the store until the next flush: going over all of it in one turn took 200 ms. It is looked at again in the
        // very next turn: meanwhile nobody can have begun a copy of these slots here and given it up.
        await new Promise<void>((resolve) => host.timers.endOfTurn(resolve));
      }
      if (!mayGoOn()) return false;
    }
  }
  return true;
}
