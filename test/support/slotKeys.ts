import { keySlot } from "../../src/base/crc16.ts";
import { SLOT_COUNT } from "../../src/core/slots/slotRanges.ts";

let tags: readonly string[] | undefined;

/** A hash tag for each slot: `{tag}name` is a key of it. */
export function tagOfSlot(slot: number): string {
  tags ??= makeTags();
  return tags[slot]!;
}

function makeTags(): readonly string[] {
  const found = new Array<string | undefined>(SLOT_COUNT);
  for (let count = 0, left = SLOT_COUNT; left > 0; count++) {
    const tag = count.toString(36);
    const slot = keySlot(tag);
    if (found[slot] !== undefined) continue;
    found[slot] = tag;
    left--;
  }
  return found as string[];
}
