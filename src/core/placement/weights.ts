import { err, ok, type Result } from "../../base/result.ts";
import { SLOT_COUNT } from "../slots/slotRanges.ts";

/** A group and how much it is to carry, compared with the others: twice the weight, twice the slots. 0: no slots. */
export interface WeightedGroup {
  readonly id: string;
  readonly weight: number;
}

/** Ascending by name, the same on every machine. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Groups in the order of their names; or a sentence that says what makes no sense about them. */
export function sensibleGroups(groups: readonly WeightedGroup[]): Result<readonly WeightedGroup[], string> {
  if (groups.length === 0) return err("there is no group: start a worker with --group NAME first");
  const seen = new Set<string>();
  for (const { id, weight } of groups) {
    if (id === "") return err("a group has no name: give every group one");
    if (seen.has(id)) return err(`group ${id} is named twice: name every group once`);
    seen.add(id);
    if (!Number.isFinite(weight) || weight < 0) {
      return err(`the weight of group ${id} is ${weight}: give it a number from 0 (no slots) up`);
    }
  }
  if (groups.every(({ weight }) => weight === 0)) {
    return err("every group has the weight 0, so nobody could have the slots: give one of them a weight above 0");
  }
  return ok([...groups].sort((a, b) => byName(a.id, b.id)));
}

/** The share of all slots that is exactly right for each weight; one of the weights is above 0. */
export function exactShares(weights: readonly number[]): number[] {
  // Relative to the largest, so that no sum of sensible weights is infinite.
  const largest = Math.max(...weights);
  const relative = weights.map((weight) => weight / largest);
  const sum = relative.reduce((total, each) => total + each, 0);
  return relative.map((each) => (SLOT_COUNT * each) / sum);
}

/**
 * Whole slots for each group, together all of them, each less than one away from its exact share (largest remainder, Hamilton's method).
 * Of two groups with equal remainders the one that has a slot more than its share already keeps it, which saves a move.
 */
export function wholeShares(groups: readonly WeightedGroup[], slotsNow: readonly number[]): number[] {
  const exact = exactShares(groups.map(({ weight }) => weight));
  const shares = exact.map(Math.floor);
  let left = SLOT_COUNT - shares.reduce((total, each) => total + each, 0);
  const surplus = (index: number) => (slotsNow[index]! > shares[index]! ? 0 : 1);
  const order = groups.map((_, index) => index).filter((index) => groups[index]!.weight > 0);
  const remainders = exact.map((each) => each - Math.floor(each));
  order.sort((a, b) => remainders[b]! - remainders[a]! || surplus(a) - surplus(b) || a - b);
  for (const index of order) {
    if (left === 0) break;
    shares[index]!++;
    left--;
  }
  return shares;
}
