import { invariant } from "../../base/invariant.ts";
import { type Assignment, sectionsOf, slotsOfGroup } from "../slots/assignment.ts";
import { countSlots, rangesOf } from "../slots/slotRanges.ts";
import type { MoveSlots } from "./decision.ts";
import { byName } from "./weights.ts";

export interface MoveSize {
  /** One record moves at most so many. */
  readonly slotsPerMoveMax: number;
}

/**
 * The moves that make the desired assignment of the current one, in batches. They are in an order in which neighbours have other sources
 * and other targets as long as that is possible, so that as many as possible can run beside each other. A slot that nobody has cannot
 * be moved, and one that nobody is to have stays where it is.
 */
export function movesBetween(current: Assignment, desired: Assignment, { slotsPerMoveMax }: MoveSize): MoveSlots[] {
  invariant(slotsPerMoveMax >= 1, "a move has a slot");
  const slotsOf = new Map<string, Map<string, number[]>>();
  const [owners, heirs] = [sectionsOf(current), sectionsOf(desired)];
  for (let i = 0, j = 0; i < owners.length && j < heirs.length; ) {
    const [owner, heir] = [owners[i]!, heirs[j]!];
    const [from, to] = [Math.max(owner.from, heir.from), Math.min(owner.to, heir.to)];
    if (owner.group !== heir.group && from <= to) {
      const slots = listOf(slotsOf, owner.group, heir.group);
      for (let slot = from; slot <= to; slot++) slots.push(slot);
    }
    if (owner.to < heir.to) i++;
    else j++;
  }
  const has = (assignment: Assignment, group: string) => countSlots(slotsOfGroup(assignment, group));
  const aim = (group: string) => `${group} has ${has(current, group)} slots and is to have ${has(desired, group)}`;
  const lists: MoveSlots[][] = [];
  for (const [source, targets] of slotsOf) {
    for (const [target, slots] of targets) {
      lists.push(batches(slots, slotsPerMoveMax, source, target, `${aim(source)}, ${aim(target)}`));
    }
  }
  return takeTurns(lists);
}

function listOf(slotsOf: Map<string, Map<string, number[]>>, source: string, target: string): number[] {
  const targets = slotsOf.get(source) ?? new Map<string, number[]>();
  slotsOf.set(source, targets);
  const slots = targets.get(target) ?? [];
  targets.set(target, slots);
  return slots;
}

/** The moves that take these slots, ascending, from one group to another, `max` at a time. */
export function batches(slots: readonly number[], max: number, source: string, target: string, why: string) {
  const moves: MoveSlots[] = [];
  for (let from = 0; from < slots.length; from += max) {
    moves.push({ kind: "moveSlots", slots: rangesOf(slots.slice(from, from + max)), source, target, why });
  }
  return moves;
}

/**
 * One list out of many: rounds, in each of which a group has one part at most. The longest lists go first, and who had a turn goes to
 * the end, so that all sources and targets get on at about the same pace.
 */
export function takeTurns(lists: readonly (readonly MoveSlots[])[]): MoveSlots[] {
  const order: MoveSlots[] = [];
  let waiting = lists
    .filter((list) => list.length > 0)
    .map((moves) => ({ moves, next: 0, source: moves[0]!.source, target: moves[0]!.target }))
    .sort((a, b) => b.moves.length - a.moves.length || byName(a.source, b.source) || byName(a.target, b.target));
  // No round has more moves than there are sources, nor more than there are targets.
  const sources = countsOf(waiting.map(({ source }) => source));
  const targets = countsOf(waiting.map(({ target }) => target));
  while (waiting.length > 0) {
    const busy = new Set<string>();
    const [later, taken]: [typeof waiting, typeof waiting] = [[], []];
    const placesMax = Math.min(sources.size, targets.size);
    let seen = 0;
    while (seen < waiting.length && taken.length < placesMax) {
      const list = waiting[seen++]!;
      if (busy.has(list.source) || busy.has(list.target)) {
        later.push(list);
        continue;
      }
      busy.add(list.source).add(list.target);
      order.push(list.moves[list.next++]!);
      taken.push(list);
    }
    const unfinished: typeof waiting = [];
    for (const list of taken) {
      if (list.next < list.moves.length) {
        unfinished.push(list);
        continue;
      }
      countDown(sources, list.source);
      countDown(targets, list.target);
    }
    waiting = later.concat(waiting.slice(seen), unfinished);
  }
  return order;
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function countDown(counts: Map<string, number>, name: string): void {
  const left = counts.get(name)! - 1;
  if (left === 0) counts.delete(name);
  else counts.set(name, left);
}
