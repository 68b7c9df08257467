/** Slots as ranges: ascending, apart from one another, both ends included. */

export const SLOT_COUNT = 16_384;

/** First and last slot. */
export type SlotRange = readonly [from: number, to: number];
export type SlotRanges = readonly SlotRange[];

export const NO_SLOTS: SlotRanges = [];
export const ALL_SLOTS: SlotRanges = [[0, SLOT_COUNT - 1]];

/** Every slot, in order. */
export function* eachSlot(ranges: SlotRanges): Generator<number> {
  for (const [from, to] of ranges) for (let slot = from; slot <= to; slot++) yield slot;
}

export function countSlots(ranges: SlotRanges): number {
  let count = 0;
  for (const [from, to] of ranges) count += to - from + 1;
  return count;
}

/** Ranges of any slots, in any order, repetitions allowed. */
export function rangesOf(slots: Iterable<number>): SlotRanges {
  const sorted = [...slots].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const slot of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && slot <= last[1] + 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

export function hasSlot(ranges: SlotRanges, slot: number): boolean {
  return ranges.some(([from, to]) => from <= slot && slot <= to);
}

/** The first slot that both have; undefined when they are apart. */
export function commonSlot(one: SlotRanges, other: SlotRanges): number | undefined {
  return commonSlots(one, other)[0]?.[0];
}

/** The slots that both have. */
export function commonSlots(one: SlotRanges, other: SlotRanges): SlotRanges {
  const common: SlotRange[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const [range, otherRange] = [one[i]!, other[j]!];
    const [from, to] = [Math.max(range[0], otherRange[0]), Math.min(range[1], otherRange[1])];
    if (from <= to) common.push([from, to]);
    if (range[1] < otherRange[1]) i++;
    else j++;
  }
  return common;
}

/** The slots that one or the other has. */
export function joinedSlots(one: SlotRanges, other: SlotRanges): SlotRanges {
  const all: [number, number][] = [];
  for (let i = 0, j = 0; i < one.length || j < other.length; ) {
    const isNext = j === other.length || (i < one.length && one[i]![0] <= other[j]![0]);
    const [from, to] = isNext ? one[i++]! : other[j++]!;
    const last = all.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** The slots that the one has and the other has not. */
export function slotsWithout(one: SlotRanges, other: SlotRanges): SlotRanges {
  const left: SlotRange[] = [];
  let j = 0;
  for (const [first, to] of one) {
    let from = first;
    while (j < other.length && other[j]![1] < from) j++;
    for (let k = j; k < other.length && other[k]![0] <= to; k++) {
      if (other[k]![0] > from) left.push([from, other[k]![0] - 1]);
      from = other[k]![1] + 1;
    }
    if (from <= to) left.push([from, to]);
  }
  return left;
}

/** Whether `ranges` has all of these slots. */
export function hasSlots(ranges: SlotRanges, slots: SlotRanges): boolean {
  return slotsWithout(slots, ranges).length === 0;
}

export function areSame(one: SlotRanges, other: SlotRanges): boolean {
  return one.length === other.length && one.every(([from, to], at) => from === other[at]![0] && to === other[at]![1]);
}

/** `0-99,200`. */
export function showRanges(ranges: SlotRanges): string {
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

/** Reads `0-99,200`; undefined if it is no list of slots, or one without any. */
export function readRanges(text: string): SlotRanges | undefined {
  const slots: number[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from > to || to >= SLOT_COUNT) return undefined;
    for (let slot = from; slot <= to; slot++) slots.push(slot);
  }
  return rangesOf(slots);
}

/** Whether a value that was read is a list of ranges. */
export function areRanges(value: unknown): value is SlotRanges {
  if (!Array.isArray(value)) return false;
  let before = -1;
  for (const range of value) {
    if (!Array.isArray(range) || range.length !== 2) return false;
    const [from, to] = range as [unknown, unknown];
    if (!Number.isInteger(from) || !Number.isInteger(to)) return false;
    if ((from as number) <= before || (to as number) < (from as number) || (to as number) >= SLOT_COUNT) return false;
    before = to as number;
  }
  return true;
}
