import { invariant } from "../../../base/invariant.ts";
import { Chunk } from "./chunk.ts";
import { orderKeyBetween } from "./orderKey.ts";

/** Chunks in a group when groups are filled one after the other, and when one is split. */
const GROUP_CHUNKS = 64;
const GROUP_CHUNKS_MAX = 128;

/** Neighbouring chunks and how many elements they have: a position is found by skipping whole groups. */
interface Group {
  chunks: Chunk[];
  count: number;
}

/**
 * The elements of a large list in chunks, and those in groups. No chunk and no group is ever empty. Indexes that callers
 * give are in range. All public methods but `trackDirty` and `takeDirty` work the same whether changes are tracked or not.
 */
export class ChunkList {
  length = 0;
  bytes = 0;
  private groups: Group[] = [];
  /** By order key: the chunk that changed, or null where a chunk was and is no more. */
  private dirty: Map<number, Chunk | null> | undefined = undefined;
  /** What is being taken of it, and how much is left. */
  private taking: Iterator<[number, Chunk | null]> | undefined = undefined;
  private left = 0;
  /** Where `locate` found the element. */
  private group = 0;
  private chunk = 0;
  private item = 0;

  /** Adds a chunk at the end, as it was read. Its key is above those before it. */
  appendChunk(chunk: Chunk): void {
    const last = this.groups.at(-1);
    if (last === undefined || last.chunks.length >= GROUP_CHUNKS)
      this.groups.push({ chunks: [chunk], count: chunk.items.length });
    else {
      last.chunks.push(chunk);
      last.count += chunk.items.length;
    }
    this.length += chunk.items.length;
    this.bytes += chunk.bytes;
  }

  pushRight(value: string): void {
    const group = this.groups.at(-1);
    const chunk = group?.chunks.at(-1);
    if (group !== undefined && chunk?.hasRoomFor(value)) {
      chunk.items.push(value);
      chunk.bytes += value.length;
      group.count++;
      this.length++;
      this.bytes += value.length;
      this.dirty?.set(chunk.key, chunk);
      return;
    }
    const added = new Chunk([value], this.keyBetween(chunk, undefined));
    this.appendChunk(added);
    this.dirty?.set(added.key, added);
  }

  pushLeft(value: string): void {
    const group = this.groups[0];
    const chunk = group?.chunks[0];
    this.length++;
    this.bytes += value.length;
    if (group !== undefined && chunk?.hasRoomFor(value)) {
      chunk.items.unshift(value);
      chunk.bytes += value.length;
      group.count++;
      this.dirty?.set(chunk.key, chunk);
      return;
    }
    const added = new Chunk([value], this.keyBetween(undefined, chunk));
    this.dirty?.set(added.key, added);
    if (group === undefined || group.chunks.length >= GROUP_CHUNKS) this.groups.unshift({ chunks: [added], count: 1 });
    else {
      group.chunks.unshift(added);
      group.count++;
    }
  }

  at(index: number): string {
    this.locate(index);
    return this.groups[this.group]!.chunks[this.chunk]!.items[this.item]!;
  }

  set(index: number, value: string): void {
    this.locate(index);
    const chunk = this.groups[this.group]!.chunks[this.chunk]!;
    const growth = value.length - chunk.items[this.item]!.length;
    chunk.items[this.item] = value;
    chunk.bytes += growth;
    this.bytes += growth;
    this.dirty?.set(chunk.key, chunk);
    if (chunk.isTooLarge) this.splitChunk(this.group, this.chunk);
  }

  /** Inserts before the element at `index`. */
  insert(index: number, value: string): void {
    this.locate(index);
    const group = this.groups[this.group]!;
    const chunk = group.chunks[this.chunk]!;
    chunk.items.splice(this.item, 0, value);
    chunk.bytes += value.length;
    group.count++;
    this.length++;
    this.bytes += value.length;
    this.dirty?.set(chunk.key, chunk);
    if (chunk.isTooLarge) this.splitChunk(this.group, this.chunk);
  }

  removeAt(index: number): string {
    this.locate(index);
    const { group: g, chunk: c } = this;
    const group = this.groups[g]!;
    const chunk = group.chunks[c]!;
    // The ends are what queues take from: `shift` and `pop` make no array for the removed element.
    const value =
      this.item === 0
        ? chunk.items.shift()!
        : this.item === chunk.items.length - 1
          ? chunk.items.pop()!
          : chunk.items.splice(this.item, 1)[0]!;
    chunk.bytes -= value.length;
    group.count--;
    this.length--;
    this.bytes -= value.length;
    if (chunk.items.length === 0) this.dropChunk(g, c);
    else {
      this.dirty?.set(chunk.key, chunk);
      // A queue leaves small chunks at its ends only; merging those would cost and gain nothing.
      if (index > 0 && index < this.length) this.mergeSmall(g, c);
    }
    return value;
  }

  /** Removes up to `limit` elements equal to `value`, from the back if `reverse`. Returns how many. */
  removeEqual(value: string, limit: number, reverse: boolean): number {
    let left = limit;
    // Everything before `edge` is done, or after it if reverse; it is always between two chunks.
    let edge = reverse ? this.length : 0;
    while (left > 0 && (reverse ? edge > 0 : edge < this.length)) {
      this.locate(reverse ? edge - 1 : edge);
      const { group: g, chunk: c } = this;
      const group = this.groups[g]!;
      const chunk = group.chunks[c]!;
      if (reverse) edge -= chunk.items.length;
      const removed = removeFromChunk(chunk, value, left, reverse);
      if (!reverse) edge += chunk.items.length;
      if (removed === 0) continue;
      left -= removed;
      group.count -= removed;
      this.length -= removed;
      this.bytes -= removed * value.length;
      this.dirty?.set(chunk.key, chunk);
      if (chunk.items.length === 0) this.dropChunk(g, c);
      else this.mergeWithNext(g, reverse ? c : c - 1);
    }
    return limit - left;
  }

  /** Removes the first `count` elements. */
  dropLeft(count: number): void {
    let left = count;
    while (left > 0) {
      const group = this.groups[0]!;
      const chunk = group.chunks[0]!;
      if (chunk.items.length <= left) {
        left -= chunk.items.length;
        this.forgetChunk(chunk, group);
        group.chunks.shift();
        if (group.chunks.length === 0) this.groups.shift();
      } else {
        this.shorten(group, chunk, chunk.items.splice(0, left));
        left = 0;
      }
    }
  }

  /** Removes the last `count` elements. */
  dropRight(count: number): void {
    let left = count;
    while (left > 0) {
      const group = this.groups.at(-1)!;
      const chunk = group.chunks.at(-1)!;
      if (chunk.items.length <= left) {
        left -= chunk.items.length;
        this.forgetChunk(chunk, group);
        group.chunks.pop();
        if (group.chunks.length === 0) this.groups.pop();
      } else {
        this.shorten(group, chunk, chunk.items.splice(chunk.items.length - left));
        left = 0;
      }
    }
  }

  /** The first index in [start, end) whose element passes `test`, or -1. */
  find(start: number, end: number, test: (value: string, index: number) => boolean): number {
    if (start >= end) return -1;
    this.locate(start);
    let { group: g, chunk: c, item } = this;
    for (let index = start; index < end; g++, c = 0) {
      const { chunks } = this.groups[g]!;
      for (; c < chunks.length && index < end; c++, item = 0) {
        const { items } = chunks[c]!;
        for (; item < items.length && index < end; item++, index++) if (test(items[item]!, index)) return index;
      }
    }
    return -1;
  }

  /** The last index in [start, end) whose element passes `test`, or -1; looks from back to front. */
  findReverse(start: number, end: number, test: (value: string, index: number) => boolean): number {
    if (start >= end) return -1;
    this.locate(end - 1);
    let { group: g, chunk: c, item } = this;
    for (let index = end - 1; index >= start; ) {
      const { items } = this.groups[g]!.chunks[c]!;
      for (; item >= 0 && index >= start; item--, index--) if (test(items[item]!, index)) return index;
      if (index < start) return -1;
      if (--c < 0) c = this.groups[--g]!.chunks.length - 1;
      item = this.groups[g]!.chunks[c]!.items.length - 1;
    }
    return -1;
  }

  get isTracked(): boolean {
    return this.dirty !== undefined;
  }

  get dirtyCount(): number {
    return this.left + (this.dirty?.size ?? 0);
  }

  /** From now on remembers what changes; `all`: everything counts as changed. */
  trackDirty(all: boolean): void {
    this.dirty = new Map();
    this.left = 0;
    if (all) this.markAll();
  }

  /** Visits what changed, by order key, and forgets that it did, until `limit.isFull`; null where a chunk is no more. */
  takeDirty(limit: { readonly isFull: boolean }, visit: (key: number, chunk: Chunk | null) => void): void {
    while (this.dirtyCount > 0) {
      if (limit.isFull) return;
      const [key, chunk] = this.nextDirty();
      visit(key, chunk);
    }
  }

  /** What changes from here on is visited behind what had changed before, so that the newest word on a key is the last. */
  private nextDirty(): [number, Chunk | null] {
    if (this.left === 0) {
      this.taking = this.dirty!.entries();
      this.left = this.dirty!.size;
      this.dirty = new Map();
    }
    const entry: [number, Chunk | null] = this.taking!.next().value!;
    if (--this.left === 0) this.taking = undefined;
    return entry;
  }

  /** Leaves the place of the element at `index` in `group`, `chunk` and `item`, coming from the nearer end. */
  private locate(index: number): void {
    invariant(index >= 0 && index < this.length, "a list has no such index");
    const { groups } = this;
    let g = 0;
    let start = 0;
    if (index < this.length / 2) while (index >= start + groups[g]!.count) start += groups[g++]!.count;
    else {
      g = groups.length - 1;
      start = this.length - groups[g]!.count;
      while (index < start) start -= groups[--g]!.count;
    }
    const { chunks, count } = groups[g]!;
    let c = 0;
    if (index - start < count / 2) while (index >= start + chunks[c]!.items.length) start += chunks[c++]!.items.length;
    else {
      c = chunks.length - 1;
      start += count - chunks[c]!.items.length;
      while (index < start) start -= chunks[--c]!.items.length;
    }
    this.group = g;
    this.chunk = c;
    this.item = index - start;
  }

  private splitChunk(g: number, c: number): void {
    const group = this.groups[g]!;
    let at = c;
    for (const items of group.chunks[c]!.splitOff()) {
      const right = group.chunks[at + 1] ?? this.groups[g + 1]?.chunks[0];
      const added = new Chunk(items, this.keyBetween(group.chunks[at], right));
      group.chunks.splice(++at, 0, added);
      this.dirty?.set(added.key, added);
    }
    if (group.chunks.length <= GROUP_CHUNKS_MAX) return;
    const chunks = group.chunks.splice(GROUP_CHUNKS);
    const count = chunks.reduce((sum, chunk) => sum + chunk.items.length, 0);
    group.count -= count;
    this.groups.splice(g + 1, 0, { chunks, count });
  }

  private mergeSmall(g: number, c: number): void {
    this.mergeWithNext(g, c);
    this.mergeWithNext(g, c - 1);
  }

  /** Merges a chunk with the next of its group, if there is one and both are small. */
  private mergeWithNext(g: number, c: number): void {
    const { chunks } = this.groups[g]!;
    const chunk = chunks[c];
    const next = chunks[c + 1];
    if (chunk === undefined || next === undefined || !chunk.canAbsorb(next)) return;
    chunk.absorb(next);
    chunks.splice(c + 1, 1);
    this.dirty?.set(next.key, null).set(chunk.key, chunk);
  }

  /** Takes an empty chunk out. */
  private dropChunk(g: number, c: number): void {
    const { chunks } = this.groups[g]!;
    this.dirty?.set(chunks[c]!.key, null);
    if (c === 0) chunks.shift();
    else chunks.splice(c, 1);
    if (chunks.length > 0) return;
    if (g === 0) this.groups.shift();
    else this.groups.splice(g, 1);
  }

  /** Takes a chunk that is dropped as a whole out of the sums. */
  private forgetChunk(chunk: Chunk, group: Group): void {
    group.count -= chunk.items.length;
    this.length -= chunk.items.length;
    this.bytes -= chunk.bytes;
    this.dirty?.set(chunk.key, null);
  }

  private shorten(group: Group, chunk: Chunk, removed: string[]): void {
    for (const value of removed) {
      chunk.bytes -= value.length;
      this.bytes -= value.length;
    }
    group.count -= removed.length;
    this.length -= removed.length;
    this.dirty?.set(chunk.key, chunk);
  }

  /** A key for a new chunk between two; where none is left, all chunks get new ones first. */
  private keyBetween(left: Chunk | undefined, right: Chunk | undefined): number {
    const key = orderKeyBetween(left?.key, right?.key);
    if (key !== undefined) return key;
    this.renumber();
    return orderKeyBetween(left?.key, right?.key)!;
  }

  private renumber(): void {
    let key = 0;
    for (const { chunks } of this.groups) for (const chunk of chunks) this.dirty?.set(chunk.key, null);
    for (const { chunks } of this.groups) for (const chunk of chunks) chunk.key = key++;
    if (this.dirty !== undefined) this.markAll();
  }

  private markAll(): void {
    for (const { chunks } of this.groups) for (const chunk of chunks) this.dirty?.set(chunk.key, chunk);
  }
}

/** Returns how many elements it removed. */
function removeFromChunk(chunk: Chunk, value: string, limit: number, reverse: boolean): number {
  const { items } = chunk;
  let removed = 0;
  if (reverse) {
    for (let at = items.lastIndexOf(value); at >= 0 && removed < limit; removed++) {
      items.splice(at, 1);
      at = at === 0 ? -1 : items.lastIndexOf(value, at - 1);
    }
  } else {
    for (let at = items.indexOf(value); at >= 0 && removed < limit; removed++) {
      items.splice(at, 1);
      at = items.indexOf(value, at);
    }
  }
  chunk.bytes -= removed * value.length;
  return removed;
}
