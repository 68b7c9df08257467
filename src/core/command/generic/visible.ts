import { keySlot } from "../../../base/crc16.ts";
import type { Call } from "../call.ts";

/** Whether clients may see the key: what is here of slots that are not the group's is nobody's business. */
export function isVisible({ state: { slots } }: Call, key: string): boolean {
  return slots.isWhole || !slots.isHidden(keySlot(key));
}
