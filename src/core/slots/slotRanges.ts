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

/** A slot that both have; undefined when they are apart. */
export function commonSlot(one: SlotRanges, other: SlotRanges): number | undefined {
  for (const [from, to] of one) {
    for (const [otherFrom, otherTo] of other) {
      if (from <= otherTo && otherFrom <= to) return Math.max(from, otherFrom);
    }
  }
  return undefined;
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
