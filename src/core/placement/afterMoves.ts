import { invariant } from "../../base/invariant.ts";
import { type Assignment, assignmentOf, ownersOf } from "../slots/slotMap.ts";
import type { ActiveMove } from "./nextMoves.ts";

/**
 * Who will have which slots when the moves under way have ended well. This is what is to be balanced while slots move: what is on
 * its way would be planned a second time otherwise.
 */
export function afterMoves(current: Assignment, active: readonly ActiveMove[]): Assignment {
  const owners = ownersOf(current);
  invariant(owners !== undefined, "no slot has two groups");
  for (const { slots, target } of active) for (const [from, to] of slots) owners.fill(target, from, to + 1);
  return assignmentOf(owners);
}
