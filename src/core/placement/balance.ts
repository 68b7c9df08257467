import { invariant } from "../../base/invariant.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { type Assignment, assignmentOf, ownersOf, slotsOfGroup } from "../slots/assignment.ts";
import { countSlots, SLOT_COUNT, type SlotRanges } from "../slots/slotRanges.ts";
import { sensibleGroups, type WeightedGroup, wholeShares } from "./weights.ts";

/**
 * Who should have which slots, given who has them now: every group its share by weight, groups that drain or weigh 0 none, and no more
 * slots change hands than those that somebody lacks. Slots that nobody has are given away first. What is balanced stays as
 * it is. An error is a sentence that says what to do: weights that make no sense, a group that nobody knows, nobody left to take
 * the slots.
 */
export function balance(
  current: Assignment,
  groups: readonly WeightedGroup[],
  draining: readonly string[],
): Result<Assignment, string> {
  const takers = groupsThatTake(current, groups, draining);
  if (!takers.ok) return takers;
  const now = takers.value.map(({ id }) => countSlots(slotsOfGroup(current, id)));
  const shares = wholeShares(takers.value, now);
  const owners = ownersOf(current);
  invariant(owners !== undefined, "no slot has two groups");
  const free = slotsToGive(owners, current, new Map(takers.value.map(({ id }, index) => [id, shares[index]!])));
  let next = 0;
  for (const [index, { id }] of takers.value.entries()) {
    const lacking = shares[index]! - now[index]!;
    for (let given = 0; given < lacking; given++) owners[free[next++]!] = id;
  }
  invariant(next === free.length, "what some have too much is what others lack");
  return ok(assignmentOf(owners));
}

/** All groups, in the order of their names, those that drain with weight 0. */
function groupsThatTake(
  current: Assignment,
  groups: readonly WeightedGroup[],
  draining: readonly string[],
): Result<readonly WeightedGroup[], string> {
  const sensible = sensibleGroups(groups);
  if (!sensible.ok) return sensible;
  const known = new Set(groups.map(({ id }) => id));
  const stranger = draining.find((id) => !known.has(id));
  if (stranger !== undefined) {
    return err(`there is no group ${stranger} to drain: the groups are ${[...known].sort().join(", ")}`);
  }
  const owner = Object.keys(current).find((id) => countSlots(current[id]!) > 0 && !known.has(id));
  if (owner !== undefined) {
    const has = countSlots(current[owner]!);
    return err(`group ${owner} has ${has} slots and is not among the groups: start its workers with --group ${owner}`);
  }
  const takers = sensible.value.map(({ id, weight }) => ({ id, weight: draining.includes(id) ? 0 : weight }));
  if (takers.some(({ weight }) => weight > 0)) return ok(takers);
  return err(
    `nobody would be left to take the slots of ${draining.join(", ")}: add a group first (a worker with --group NAME), or give another a weight above 0`,
  );
}

/** Slots that nobody has, and those that groups have beyond their shares: short ranges first, then the end of the longest. */
function slotsToGive(
  owners: readonly (string | undefined)[],
  current: Assignment,
  shares: ReadonlyMap<string, number>,
): number[] {
  const free: number[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (owners[slot] === undefined) free.push(slot);
  for (const [id, share] of shares) {
    const ranges = slotsOfGroup(current, id);
    free.push(...lastSlots(ranges, countSlots(ranges) - share));
  }
  return free;
}

function lastSlots(ranges: SlotRanges, count: number): number[] {
  const slots: number[] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[1] - a[0] - (b[1] - b[0]) || a[0] - b[0])) {
    const first = Math.max(from, to - (count - slots.length) + 1);
    for (let slot = first; slot <= to; slot++) slots.push(slot);
  }
  return slots;
}
