import { invariant } from "../../../base/invariant.ts";
import { PagedArray } from "./pagedArray.ts";
import { textHash } from "./textHash.ts";

const SEGMENT_SLOTS_MIN = 16;
const SEGMENT_SLOTS_MAX = 8192;
const LENGTH_MAX = 0x7fff_fffe;

/** About how many bytes the table takes for each key, besides the key itself. */
export const KEY_TABLE_ENTRY_BYTES = 22;

/** A power of two of slots; slot i is the pair (hash, position + 1) at 2i, and a 0 behind the hash says it is free. */
interface Segment {
  slots: Int32Array;
  used: number;
  /** How many leading bits of the hash all keys of this segment share. */
  depth: number;
}

function newSegment(slotCount: number, depth: number): Segment {
  return { slots: new Int32Array(slotCount * 2), used: 0, depth };
}

/**
 * Strings at dense positions 0..length-1, found by content. Deleting moves the last string into the gap, and callers
 * keep what belongs to a string in arrays by position.
 *
 * It stands for a `Map` because a `Map` ends at 2^24 keys, takes twice the memory together with the positions, and stops
 * for 110 ms to double at a million keys. This is extendible hashing (Fagin et al. 1979): the leading bits of the hash
 * choose a segment of at most 8192 slots, and a full segment splits alone, in well under a millisecond.
 */
export class KeyTable {
  private readonly keys = new PagedArray<string>("");
  private directory: Segment[] = [newSegment(SEGMENT_SLOTS_MIN, 0)];
  private depth = 0;
  private slotCount = SEGMENT_SLOTS_MIN;

  get length(): number {
    return this.keys.length;
  }

  /** The key at `position`, which must be in range. */
  keyAt(position: number): string {
    return this.keys.get(position);
  }

  /** The position of `key`, or -1. */
  find(key: string): number {
    const hash = textHash(key);
    const { slots } = this.segmentOf(hash);
    const mask = slots.length - 2;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const position = slots[at + 1]! - 1;
      if (position < 0) return -1;
      if (slots[at] === hash && this.keys.get(position) === key) return position;
    }
  }

  /** The position of `key`, which is put at the end if it is new: then `length` has grown. */
  add(key: string): number {
    const hash = textHash(key);
    const segment = this.segmentOf(hash);
    const { slots } = segment;
    const mask = slots.length - 2;
    let at = (hash << 1) & mask;
    for (; ; at = (at + 2) & mask) {
      const position = slots[at + 1]! - 1;
      if (position < 0) break;
      if (slots[at] === hash && this.keys.get(position) === key) return position;
    }
    const position = this.keys.length;
    invariant(position < LENGTH_MAX, "a collection has more elements than positions");
    this.keys.push(key);
    slots[at] = hash;
    slots[at + 1] = position + 1;
    segment.used++;
    if (segment.used * 10 > slots.length * 4) this.enlarge(segment, hash);
    return position;
  }

  /** Removes the key at `position`; the last key, if it is another, is at `position` afterwards. */
  removeAt(position: number): void {
    const last = this.keys.length - 1;
    const hash = textHash(this.keys.get(position));
    const segment = this.segmentOf(hash);
    closeGap(segment.slots, slotOf(segment.slots, hash, position));
    segment.used--;
    if (position !== last) {
      const lastHash = textHash(this.keys.get(last));
      const { slots } = this.segmentOf(lastHash);
      slots[slotOf(slots, lastHash, last) + 1] = position + 1;
    }
    this.keys.swapRemove(position);
    if (this.slotCount > 1024 && this.keys.length < this.slotCount >>> 4) this.rebuild();
  }

  private segmentOf(hash: number): Segment {
    // A shift by 32 would be one by 0, therefore two shifts.
    return this.directory[(hash >>> 1) >>> (31 - this.depth)]!;
  }

  private enlarge(segment: Segment, hash: number): void {
    const slotCount = segment.slots.length / 2;
    if (slotCount < SEGMENT_SLOTS_MAX) {
      const old = segment.slots;
      segment.slots = new Int32Array(old.length * 2);
      for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) place(segment.slots, old[at]!, old[at + 1]!);
      this.slotCount += slotCount;
    } else this.split(segment, hash);
  }

  /** Replaces a segment by two that share one more bit. */
  private split(segment: Segment, hash: number): void {
    // Keys can only share 31 leading bits by thousands if the hash is broken; the segment would then fill up.
    invariant(segment.depth < 30, "a hash segment cannot be split any more");
    if (segment.depth === this.depth) this.doubleDirectory();
    const depth = segment.depth + 1;
    const zero = newSegment(SEGMENT_SLOTS_MAX, depth);
    const one = newSegment(SEGMENT_SLOTS_MAX, depth);
    const { slots } = segment;
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at + 1] === 0) continue;
      const half = (slots[at]! >>> (32 - depth)) & 1 ? one : zero;
      place(half.slots, slots[at]!, slots[at + 1]!);
      half.used++;
    }
    const span = 1 << (this.depth - depth);
    const first = ((hash >>> (32 - depth)) & ~1) * span;
    this.directory.fill(zero, first, first + span);
    this.directory.fill(one, first + span, first + 2 * span);
    this.slotCount += SEGMENT_SLOTS_MAX;
  }

  private doubleDirectory(): void {
    const doubled = new Array<Segment>(this.directory.length * 2);
    for (let i = 0; i < doubled.length; i++) doubled[i] = this.directory[i >>> 1]!;
    this.directory = doubled;
    this.depth++;
  }

  /** After nearly all keys are gone: gives the memory of their slots back. */
  private rebuild(): void {
    let slotCount = SEGMENT_SLOTS_MIN;
    while (slotCount < SEGMENT_SLOTS_MAX && slotCount < this.keys.length * 4) slotCount *= 2;
    this.directory = [newSegment(slotCount, 0)];
    this.depth = 0;
    this.slotCount = slotCount;
    for (let position = 0; position < this.keys.length; position++) {
      const hash = textHash(this.keys.get(position));
      const segment = this.segmentOf(hash);
      place(segment.slots, hash, position + 1);
      segment.used++;
      if (segment.used * 10 > segment.slots.length * 4) this.enlarge(segment, hash);
    }
  }
}

/** Puts a pair into the first free slot of its run. */
function place(slots: Int32Array, hash: number, mark: number): void {
  const mask = slots.length - 2;
  let at = (hash << 1) & mask;
  while (slots[at + 1] !== 0) at = (at + 2) & mask;
  slots[at] = hash;
  slots[at + 1] = mark;
}

/** Where the pair of a key that is in the segment stands. */
function slotOf(slots: Int32Array, hash: number, position: number): number {
  const mask = slots.length - 2;
  let at = (hash << 1) & mask;
  while (slots[at + 1] !== position + 1) {
    invariant(slots[at + 1] !== 0, "a key is missing in its hash segment");
    at = (at + 2) & mask;
  }
  return at;
}

/** Frees a slot and moves later pairs of the run back (Knuth 6.4, algorithm R), so that no tombstones are needed. */
function closeGap(slots: Int32Array, freed: number): void {
  const mask = slots.length - 2;
  let gap = freed;
  for (let at = (gap + 2) & mask; slots[at + 1] !== 0; at = (at + 2) & mask) {
    const home = (slots[at]! << 1) & mask;
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    slots[gap] = slots[at]!;
    slots[gap + 1] = slots[at + 1]!;
    gap = at;
  }
  slots[gap] = 0;
  slots[gap + 1] = 0;
}
