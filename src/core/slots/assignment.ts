import { invariant } from "../../base/invariant.ts";
import { hasSlot, joinedSlots, NO_SLOTS, SLOT_COUNT, type SlotRanges, slotsWithout } from "./slotRanges.ts";

/** Which group has which slots: what the slot map says. A group that is not named has none. */
export interface Assignment {
  readonly [group: string]: SlotRanges;
}

/** Slots in a row that one group has. */
export interface SlotSection {
  readonly from: number;
  readonly to: number;
  readonly group: string;
}

/** Slots that go to a group, whoever has them. */
interface MovedSlots {
  readonly slots: SlotRanges;
  readonly target: string;
}

/** A group's slots. A name that every object has, such as `constructor`, finds none of them. */
export function slotsOfGroup(assignment: Assignment, group: string): SlotRanges {
  return Object.hasOwn(assignment, group) ? assignment[group]! : NO_SLOTS;
}

/** The ranges of all groups, each with its group, in the order of the slots. */
export function sectionsOf(assignment: Assignment): readonly SlotSection[] {
  const sections = sortedSections(assignment);
  invariant(areDisjoint(sections), "no slot has two groups");
  return sections;
}

function sortedSections(assignment: Assignment): SlotSection[] {
  const sections: SlotSection[] = [];
  for (const group of Object.keys(assignment)) {
    for (const [from, to] of assignment[group]!) sections.push({ from, to, group });
  }
  return sections.sort((one, other) => one.from - other.from);
}

function areDisjoint(sections: readonly SlotSection[]): boolean {
  return sections.every(({ from }, i) => i === 0 || sections[i - 1]!.to < from);
}

/** Whether no slot has two groups. */
export function areApart(assignment: Assignment): boolean {
  return areDisjoint(sortedSections(assignment));
}

/** Each slot's group, undefined for a slot that nobody has; undefined as a whole if a slot has two. */
export function ownersOf(assignment: Assignment): (string | undefined)[] | undefined {
  if (!areApart(assignment)) return undefined;
  const owners = new Array<string | undefined>(SLOT_COUNT);
  fillOwners(owners, assignment);
  return owners;
}

/** Makes `owners`, of `SLOT_COUNT`, each slot's group; undefined for a slot that nobody has. */
export function fillOwners(owners: (string | undefined)[], assignment: Assignment): void {
  owners.fill(undefined);
  for (const [group, ranges] of Object.entries(assignment)) {
    for (const [from, to] of ranges) owners.fill(group, from, to + 1);
  }
}

/** The group that has a slot, without looking at all others. */
export function ownerIn(assignment: Assignment, slot: number): string | undefined {
  return Object.keys(assignment).find((group) => hasSlot(assignment[group]!, slot));
}

/** The assignment that gives each slot to its owner. */
export function assignmentOf(owners: readonly (string | undefined)[]): Assignment {
  // A group may be called `constructor`: what every object has is no list.
  const assignment = new Map<string, [number, number][]>();
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const group = owners[slot];
    if (group === undefined) continue;
    const ranges = assignment.get(group) ?? [];
    assignment.set(group, ranges);
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return Object.fromEntries(assignment);
}

/**
 * Who will have which slots when these moves have ended well, one after the other. This is what is to be balanced while slots move: what is
 * on its way would be planned a second time otherwise.
 */
export function afterMoves(assignment: Assignment, moves: readonly MovedSlots[]): Assignment {
  invariant(areApart(assignment), "no slot has two groups");
  const got = new Map<string, SlotRanges>();
  let moved = NO_SLOTS;
  for (const { slots, target } of moves.toReversed()) {
    got.set(target, joinedSlots(got.get(target) ?? NO_SLOTS, slotsWithout(slots, moved)));
    moved = joinedSlots(moved, slots);
  }
  const after: [string, SlotRanges][] = [];
  for (const group of new Set([...Object.keys(assignment), ...got.keys()])) {
    const kept = slotsWithout(slotsOfGroup(assignment, group), moved);
    const slots = joinedSlots(kept, got.get(group) ?? NO_SLOTS);
    if (slots.length > 0) after.push([group, slots]);
  }
  // A group may be called `__proto__`: entries make it a property like others.
  return Object.fromEntries(after);
}

/** The slots that some group has. */
export function ownedSlots(assignment: Assignment): SlotRanges {
  const owned: [number, number][] = [];
  for (const { from, to } of sectionsOf(assignment)) {
    const last = owned.at(-1);
    if (last !== undefined && from === last[1] + 1) last[1] = to;
    else owned.push([from, to]);
  }
  return owned;
}
