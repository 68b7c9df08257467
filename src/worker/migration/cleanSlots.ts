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
    for (let keys = walk.next(); keys.length > 0; keys = walk.next()) {
      isClean = false;
      if (!(await host.committed(host.deleteKeys(keys)))) return false;
      await afterEntry(keys.length);
      if (!mayGoOn()) return false;
    }
  }
  return true;
}
