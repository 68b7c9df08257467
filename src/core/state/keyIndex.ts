import type { Ref } from "./slab.ts";

const SEGMENTS = 256;
const FRACTION = 1 << 24;
const CAPACITY_MIN = 16;
/** Places behind the last ideal one, so that probing never wraps and entries lie in the order of their hashes. */
const OVERFLOW = 48;
const LOAD_MAX = 0.8;
const GROWTH = 1.25;
/** Tables of more pairs lie in one arena, each with room to grow where it is. */
const PAIRS_OUTSIDE_MAX = 512;
/** Words of the arena for each table, at first: 32 MiB in all, which `malloc` always maps for itself, so that only what is touched takes room. */
const ARENA_STRIDE_WORDS = 32 * 1024;
const ARENA_GROWTH = 4;
const UNEVEN_MAX = 4;

/** One part of the index: pairs (hash, ref), found by linear probing upwards from the hash's ideal place. */
export interface Segment {
  pairs: Uint32Array;
  capacity: number;
  used: number;
}

/** The place that a hash would like best. Monotone in the hash, whatever the capacity: `SCAN` cursors are hashes. */
export function idealPlace(segment: Segment, hash: number): number {
  return (((hash & 0xffffff) * segment.capacity) / FRACTION) | 0;
}

/**
 * From 32-bit hashes to refs: 256 tables by the highest eight bits, each grown by a quarter on its own when it is 80 % full, so
 * that no growth moves more than 1/256 of the keys. About 11 bytes a key. A table that took new memory with each growth would leave
 * holes in the heap that no larger one fits into: 25 MiB at a million keys.
 */
export class KeyIndex {
  readonly segments: Segment[] = [];
  size = 0;
  memoryBytes = 0;
  #arena: Uint32Array | undefined;
  #strideWords = ARENA_STRIDE_WORDS;
  /** What a table had before it grew. */
  #before = new Uint32Array(0);

  constructor() {
    this.clear();
  }

  clear(): void {
    this.size = 0;
    this.#arena = undefined;
    this.#strideWords = ARENA_STRIDE_WORDS;
    // All in one buffer, for 256 small ones take longer to make than a small node takes to start.
    const wordsEach = (CAPACITY_MIN + OVERFLOW) * 2;
    const words = new Uint32Array(SEGMENTS * wordsEach);
    this.memoryBytes = words.byteLength;
    for (let i = 0; i < SEGMENTS; i++) {
      const pairs = words.subarray(i * wordsEach, (i + 1) * wordsEach);
      this.segments[i] = { pairs, capacity: CAPACITY_MIN, used: 0 };
    }
  }

  segmentOf(hash: number): Segment {
    return this.segments[hash >>> 24]!;
  }

  insert(hash: number, ref: Ref): void {
    const segment = this.segmentOf(hash);
    if (segment.used >= segment.capacity * LOAD_MAX) this.#grow(hash >>> 24);
    while (!place(segment, hash, ref)) this.#grow(hash >>> 24);
    segment.used++;
    this.size++;
  }

  #grow(number: number): void {
    const segment = this.segments[number]!;
    const words = segment.pairs.length;
    if (this.#before.length < words) this.#before = new Uint32Array(words);
    this.#before.set(segment.pairs);
    this.memoryBytes -= segment.pairs.byteLength;
    do {
      segment.capacity = Math.ceil(segment.capacity * GROWTH) + CAPACITY_MIN;
      segment.pairs = this.#room(number, (segment.capacity + OVERFLOW) * 2);
    } while (!placeAll(segment, this.#before, words));
    this.memoryBytes += segment.pairs.byteLength;
  }

  /** So many words for a table, all zero; they may be those that it has. */
  #room(number: number, words: number): Uint32Array {
    // One that has far more than its share is no measure for the others.
    const share = (this.size / SEGMENTS) * 2;
    if (words <= PAIRS_OUTSIDE_MAX * 2 || words > share * UNEVEN_MAX) return new Uint32Array(words);
    // The other tables move when they grow, which is soon: the bits of a hash are random.
    const isTooSmall = words > this.#strideWords;
    while (words > this.#strideWords) this.#strideWords *= ARENA_GROWTH;
    if (this.#arena === undefined || isTooSmall) this.#arena = new Uint32Array(SEGMENTS * this.#strideWords);
    const from = number * this.#strideWords;
    return this.#arena.subarray(from, from + words).fill(0);
  }

  /** Changes the ref of the pair (hash, from), which must be there. */
  replace(hash: number, from: Ref, to: Ref): void {
    const { pairs } = this.segmentOf(hash);
    pairs[this.#placeOf(hash, from) * 2 + 1] = to;
  }

  /** Removes the pair (hash, ref), which must be there, and closes the gap. */
  remove(hash: number, ref: Ref): void {
    const segment = this.segmentOf(hash);
    const { pairs } = segment;
    let gap = this.#placeOf(hash, ref);
    for (let at = gap + 1; pairs[at * 2 + 1] !== 0 && at * 2 < pairs.length; at++) {
      if (idealPlace(segment, pairs[at * 2]!) > gap) continue;
      pairs[gap * 2] = pairs[at * 2]!;
      pairs[gap * 2 + 1] = pairs[at * 2 + 1]!;
      gap = at;
    }
    pairs[gap * 2 + 1] = 0;
    segment.used--;
    this.size--;
  }

  #placeOf(hash: number, ref: Ref): number {
    const segment = this.segmentOf(hash);
    let at = idealPlace(segment, hash);
    while (segment.pairs[at * 2 + 1] !== ref) at++;
    return at;
  }

  /** The refs with this hash: almost always at most one. */
  withHash(hash: number, visit: (ref: Ref) => void): void {
    const segment = this.segmentOf(hash);
    const { pairs } = segment;
    const found: Ref[] = [];
    for (let at = idealPlace(segment, hash) * 2; at < pairs.length && pairs[at + 1] !== 0; at += 2) {
      if (pairs[at] === hash) found.push(pairs[at + 1]!);
    }
    for (const ref of found) visit(ref);
  }

  /**
   * Visits about `count` refs whose hash is `cursor` or more and returns the next cursor, 2^32 at the end. Every pair that is
   * there from the first call to the last is visited, however the tables grow in between.
   */
  scan(cursor: number, count: number, visit: (ref: Ref) => void): number {
    let seen = 0;
    let from = cursor;
    while (from < 0x1_0000_0000) {
      const segment = this.segmentOf(from);
      const base = (from >>> 24) * FRACTION;
      const { pairs, capacity } = segment;
      let at = idealPlace(segment, from);
      for (; at < capacity && seen < count; at++) {
        if (pairs[at * 2 + 1] === 0 || pairs[at * 2]! < from) continue;
        visit(pairs[at * 2 + 1]!);
        seen++;
      }
      // What belongs before `until` may have been pushed behind `at` by its neighbours.
      const until = at >= capacity ? base + FRACTION : base + Math.ceil((at * FRACTION) / capacity);
      for (; at * 2 < pairs.length && pairs[at * 2 + 1] !== 0; at++) {
        if (pairs[at * 2]! >= from && pairs[at * 2]! < until) {
          visit(pairs[at * 2 + 1]!);
          seen++;
        }
      }
      from = until;
      if (seen >= count) break;
    }
    return from;
  }

  /** A ref near the place that 32 random bits choose, or 0 when the index is empty. */
  near(hash: number): Ref {
    for (let tried = 0; tried < SEGMENTS; tried++) {
      const segment = this.segments[((hash >>> 24) + tried) % SEGMENTS]!;
      if (segment.used === 0) continue;
      const places = segment.pairs.length / 2;
      const first = idealPlace(segment, hash);
      for (let i = 0; i < places; i++) {
        const ref = segment.pairs[((first + i) % places) * 2 + 1]!;
        if (ref !== 0) return ref;
      }
    }
    return 0;
  }
}

function place(segment: Segment, hash: number, ref: Ref): boolean {
  const { pairs } = segment;
  let at = idealPlace(segment, hash) * 2;
  while (at < pairs.length && pairs[at + 1] !== 0) at += 2;
  // The last place stays empty, so that every probe ends.
  if (at >= pairs.length - 2) return false;
  pairs[at] = hash;
  pairs[at + 1] = ref;
  return true;
}

function placeAll(segment: Segment, pairs: Uint32Array, words: number): boolean {
  for (let at = 0; at < words; at += 2) {
    if (pairs[at + 1] !== 0 && !place(segment, pairs[at]!, pairs[at + 1]!)) return false;
  }
  return true;
}
