import { ok, type Result } from "../../base/result.ts";
import { type Assignment, assignmentOf } from "../slots/assignment.ts";
import { SLOT_COUNT } from "../slots/slotRanges.ts";
import { sensibleGroups, type WeightedGroup, wholeShares } from "./weights.ts";

/**
 * The assignment with which a cluster begins: one range of slots for each group, in the order of the groups' names, as long as
 * its weight says. An error is a sentence that says which group or weight makes no sense.
 */
export function firstAssignment(groups: readonly WeightedGroup[]): Result<Assignment, string> {
  const sensible = sensibleGroups(groups);
  if (!sensible.ok) return sensible;
  const nothing = sensible.value.map(() => 0);
  const shares = wholeShares(sensible.value, nothing);
  const owners = new Array<string | undefined>(SLOT_COUNT).fill(undefined);
  let from = 0;
  for (const [index, { id }] of sensible.value.entries()) {
    owners.fill(id, from, from + shares[index]!);
    from += shares[index]!;
  }
  return ok(assignmentOf(owners));
}
