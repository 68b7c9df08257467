import { type Assignment, withSlots } from "../slots/slotMap.ts";
import type { ActiveMove } from "./nextMoves.ts";

/**
 * Who will have which slots when the moves under way have ended well. This is what is to be balanced while slots move: what is on
 * its way would be planned a second time otherwise.
 */
export function afterMoves(current: Assignment, active: readonly ActiveMove[]): Assignment {
  return withSlots(current, active);
}
