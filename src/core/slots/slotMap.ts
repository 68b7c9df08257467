import { allSlots, areRanges, hasSlot, NO_SLOTS, SLOT_COUNT, type SlotRanges, slotsWithout } from "./slotRanges.ts";

/** Which group has which slots: what `/slots` says. A group that is not named has none. */
export interface Assignment {
  readonly [group: string]: SlotRanges;
}

/**
 * The znode `/slots`. It is made once, with the first assignment; from then on it changes only by the flip of a move
 * (docs/adr/0014-moving-slots.md).
 */
export interface SlotMap {
  /** 1 for the first assignment, one more with each flip. */
  readonly version: number;
  /** Who has what now. */
  readonly now: Assignment;
  /** Who was to have what in the beginning, asking nobody for data; it never changes. */
  readonly first: Assignment;
}

/** Slots in a row that one group has. */
export interface SlotSection {
  readonly from: number;
  readonly to: number;
  readonly group: string;
}

/** A group's slots. A name that every object has, such as `constructor`, finds none of them. */
export function slotsOfGroup(assignment: Assignment, group: string): SlotRanges {
  return Object.hasOwn(assignment, group) ? assignment[group]! : NO_SLOTS;
}

export function firstSlotMap(first: Assignment): SlotMap {
  return { version: 1, now: first, first };
}

export function encodeSlotMap(map: SlotMap): string {
  return JSON.stringify({ version: map.version, now: map.now, first: map.first });
}

/** Undefined if it is nonsense: not JSON, a slot with two groups, a range that is none. */
export function parseSlotMap(text: string): SlotMap | undefined {
  let value: Partial<SlotMap> | null;
  try {
    value = JSON.parse(text) as Partial<SlotMap>;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { version, now, first } = value;
  if (!Number.isSafeInteger(version) || version! < 1 || !isAssignment(now) || !isAssignment(first)) return undefined;
  return { version: version!, now, first };
}

function isAssignment(value: unknown): value is Assignment {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const lists = Object.values(value);
  return lists.every(areRanges) && areApart(value as Assignment);
}

/** The ranges of all groups, each with its group, in the order of the slots. */
export function sectionsOf(assignment: Assignment): readonly SlotSection[] {
  const sections: SlotSection[] = [];
  for (const group of Object.keys(assignment)) {
    for (const [from, to] of assignment[group]!) sections.push({ from, to, group });
  }
  return sections.sort((one, other) => one.from - other.from);
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

/** Whether no slot has two groups. */
function areApart(assignment: Assignment): boolean {
  const all = Object.values(assignment).flat();
  all.sort(([one], [other]) => one - other);
  return all.every(([from], i) => i === 0 || all[i - 1]![1] < from);
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

/** Slots that a group is to have. */
export interface SlotGift {
  readonly slots: SlotRanges;
  readonly target: string;
}

/** The assignment after these slots were given, whoever had them, one gift after the other. */
export function withSlots(assignment: Assignment, gifts: readonly SlotGift[]): Assignment {
  const given = new Map<string, SlotRanges>();
  let taken = NO_SLOTS;
  for (const { slots, target } of gifts.toReversed()) {
    given.set(target, allSlots(given.get(target) ?? NO_SLOTS, slotsWithout(slots, taken)));
    taken = allSlots(taken, slots);
  }
  const after: [string, SlotRanges][] = [];
  for (const group of new Set([...Object.keys(assignment), ...given.keys()])) {
    const kept = slotsWithout(slotsOfGroup(assignment, group), taken);
    const slots = allSlots(kept, given.get(group) ?? NO_SLOTS);
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

/** The map after a move's flip: its slots are the target's. */
export function withSlotsMoved(map: SlotMap, slots: SlotRanges, target: string): SlotMap {
  return { version: map.version + 1, now: withSlots(map.now, [{ slots, target }]), first: map.first };
}
