import { keySlot } from "../../src/base/crc16.ts";

/** What keys' names begin with, so that they are of so many slots; none for a group that has all of them. */
export function tagsFor(slots: number): readonly string[] {
  return slots === 0 ? [""] : Array.from({ length: slots }, (_, i) => `{t${i}}`);
}

export function slotOfTag(tag: string): number {
  return keySlot(tag);
}
