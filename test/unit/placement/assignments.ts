import type { WeightedGroup } from "../../../src/core/placement/weights.ts";
import { exactShares } from "../../../src/core/placement/weights.ts";
import type { Assignment } from "../../../src/core/slots/assignment.ts";
import { ownersOf } from "../../../src/core/slots/assignment.ts";
import { SLOT_COUNT } from "../../../src/core/slots/slotRanges.ts";
import { fc } from "../../support/properties.ts";

/** Groups with weights that make sense: at least one is above 0. */
export const anyGroups: fc.Arbitrary<WeightedGroup[]> = fc
  .array(fc.oneof(fc.constant(1), fc.constant(0), fc.integer({ min: 1, max: 9 }), fc.double({ min: 1e-9, max: 1e9 })), {
    minLength: 1,
    maxLength: 40,
  })
  .filter((weights) => weights.some((weight) => weight > 0))
  .map((weights) => weights.map((weight, index) => ({ id: `g${index}`, weight })));

/** The owner of each slot; fails if a slot has two or none. */
export function wholeOwners(assignment: Assignment): string[] {
  const owners = ownersOf(assignment);
  if (owners === undefined) throw new Error("a slot has two groups");
  return owners.map((owner, slot) => {
    if (owner === undefined) throw new Error(`slot ${slot} has no group`);
    return owner;
  });
}

export function slotsMoved(before: readonly (string | undefined)[], after: readonly string[]): number {
  return after.filter((owner, slot) => before[slot] !== owner).length;
}

export function countsOf(owners: readonly (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const owner of owners) if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

/** The largest distance of a group from the share that is exactly right. */
export function worstDistance(owners: readonly string[], groups: readonly WeightedGroup[]): number {
  const counts = countsOf(owners);
  const shares = exactShares(groups.map(({ weight }) => weight));
  return Math.max(...groups.map(({ id }, index) => Math.abs((counts.get(id) ?? 0) - shares[index]!)));
}

/** The fewest slots that must change hands so that every group is less than one slot away from its exact share. */
export function fewestMoves(before: readonly (string | undefined)[], groups: readonly WeightedGroup[]): number {
  const counts = countsOf(before);
  const shares = exactShares(groups.map(({ weight }) => weight));
  const floors = shares.map(Math.floor);
  const left = SLOT_COUNT - floors.reduce((sum, each) => sum + each, 0);
  const has = (index: number) => counts.get(groups[index]!.id) ?? 0;
  // Those with the largest remainders get one more; of equals, those that have it already.
  const order = groups.map((_, index) => index).filter((index) => groups[index]!.weight > 0);
  const remainder = (index: number) => shares[index]! - floors[index]!;
  order.sort((a, b) => remainder(b) - remainder(a) || Number(has(a) <= floors[a]!) - Number(has(b) <= floors[b]!));
  for (const index of order.slice(0, left)) floors[index]!++;
  return groups.reduce((sum, _, index) => sum + Math.max(0, floors[index]! - has(index)), 0);
}
