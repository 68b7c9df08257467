import { copyBytes } from "../../base/copyBytes.ts";
import type { Random } from "../../base/random.ts";
import { SlotTable } from "../slots/slotTable.ts";
import { type ColdStore, ENCODING_RAW, type EncodingHint, NO_COLD_STORE } from "./coldStore.ts";
import { evictKeys } from "./eviction.ts";
import type { HeldCollection } from "./heldCollection.ts";
import { KeyLookup } from "./keyLookup.ts";
import { HELD_BYTES } from "./keyRecords.ts";
import { chooseKey, scanKeys } from "./keyScan.ts";
import {
  DIRTY,
  HINT_SHIFT,
  INLINE_BYTES_MAX,
  LARGE,
  LENGTH_MASK,
  LOADED,
  STORED,
  TYPE_MASK,
  TYPE_SESSION,
  TYPE_TOMBSTONE,
  USED_SHIFT,
} from "./record.ts";
import { PAGE_SHIFT, type Ref } from "./slab.ts";
import { countKeysInSlots } from "./slotKeys.ts";

export const VALUE_STRING = 1;
/** What was executed in a session on keys of one slot: bytes, too (see `SessionRow`), that no client sees. */
export const VALUE_SESSION = TYPE_SESSION;

/** Whether values of the type are bytes, and no collections. */
export function isBytes(type: number): boolean {
  return type === VALUE_STRING || type === VALUE_SESSION;
}

const EMPTY = new Uint8Array(0);

/**
 * The keys in memory and, behind them, the cold store: one hash index over records in a slab. It knows nothing of commands
 * and nothing of the log; whoever changes a key says at which seq.
 *
 * A `Ref` holds until the next change or look-up. Deleted keys stay as tombstones until the engine has forgotten them too.
 */
export class KeySpace extends KeyLookup {
  /** What the group does with each slot. */
  readonly slots = new SlotTable();

  constructor(seed: readonly [number, number], cold: ColdStore = NO_COLD_STORE) {
    super(seed, cold);
    cold.loadSlots(this.slots);
  }

  /** Keys there are: in memory and not deleted, and on disk only. Rows of sessions are none. */
  get size(): number {
    return this.residentKeys + this.coldKeys - this.sessionRows;
  }

  /** What memory has, rows of sessions included. */
  get residentKeys(): number {
    return this.index.size - this.tombstones;
  }

  /** Keys of slots that are not the group's: clients do not see them. */
  get hiddenKeys(): number {
    const { leftovers } = this.slots;
    return leftovers.length === 0 ? 0 : countKeysInSlots(this, leftovers);
  }

  /** Bytes that the keys in memory take: blocks, index, large values and collections. */
  get memoryUsed(): number {
    return this.slab.usedBytes + this.index.memoryBytes + this.thingBytes;
  }

  // Changing a record. Each returns the record's ref, which may have moved.

  /** Makes `key` a string. The value is `bytes[start, end)`; nothing of the slab may be given. */
  setString(
    key: string,
    bytes: Uint8Array,
    start: number,
    end: number,
    expireAt: number,
    hint: EncodingHint,
    seq: number,
  ): Ref {
    this.find(key);
    return this.#storeBytes(VALUE_STRING, key, EMPTY, 0, key.length, bytes, start, end, expireAt, hint, seq);
  }

  /** The same with the key given as bytes. */
  setStringArg(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
    expireAt: number,
    seq: number,
  ): Ref {
    if (this.seekBytes !== bytes || this.seekStart !== keyStart || this.seekEnd !== keyEnd) {
      this.findBytes(bytes, keyStart, keyEnd);
    }
    const keyLength = keyEnd - keyStart;
    return this.#storeBytes(VALUE_STRING, undefined, bytes, keyStart, keyLength, bytes, start, end, expireAt, 0, seq);
  }

  /** Makes the key of the last look-up a session's row: the first `length` bytes. */
  setSessionRow(bytes: Uint8Array, length: number, expireAt: number, seq: number): Ref {
    const text = this.seekText;
    const key = this.seekBytes ?? EMPTY;
    const start = text === undefined ? this.seekStart : 0;
    const keyLength = text === undefined ? this.seekEnd - start : text.length;
    return this.#storeBytes(VALUE_SESSION, text, key, start, keyLength, bytes, 0, length, expireAt, 0, seq);
  }

  /** Says that a row was changed where it lies. */
  sessionRowChanged(ref: Ref, seq: number): void {
    this.setWord(ref, 2, (this.word(ref, 2) & 0xff_ffff) | (this.useClock << USED_SHIFT));
    this.stamp(ref, seq);
  }

  #storeBytes(
    type: number,
    text: string | undefined,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    expireAt: number,
    hint: EncodingHint,
    seq: number,
  ): Ref {
    const length = end - start;
    const large = length > INLINE_BYTES_MAX;
    const ref = this.shape(text, keyBytes, keyStart, keyLength, type, large ? 4 : length, expireAt, seq);
    const page = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    const at = this.keyAt(ref) + keyLength;
    if (large) {
      // `slice` of a Node Buffer would be a view of the request's bytes.
      this.setThing(ref, Uint8Array.prototype.slice.call(bytes, start, end));
      this.thingBytes += length;
    } else copyBytes(bytes, start, end, page, at);
    if (hint !== 0) this.setWord(ref, 2, this.word(ref, 2) | (hint << HINT_SHIFT));
    return ref;
  }

  /**
   * Writes `part` into a large string at `offset`, with zero bytes before it where the string was shorter. It has spare room
   * afterwards, so that appending again and again costs a constant per byte. False when the string is not a large one.
   */
  writeLarge(ref: Ref, offset: number, part: Uint8Array, seq: number): boolean {
    if ((this.word(ref, 2) & LARGE) === 0) return false;
    this.writeThing(ref, offset, part);
    this.setWord(ref, 2, (this.word(ref, 2) & ~(3 << HINT_SHIFT)) | (ENCODING_RAW << HINT_SHIFT));
    this.stamp(ref, seq);
    return true;
  }

  /** Makes `key` hold a collection, in place of whatever it held. */
  setCollection(key: string, held: HeldCollection, type: number, expireAt: number, seq: number): Ref {
    this.find(key);
    const ref = this.shape(key, EMPTY, 0, key.length, type, 4, expireAt, seq);
    this.setThing(ref, held);
    this.thingBytes += HELD_BYTES + (held.isLoaded ? held.value.memoryBytes : 0);
    return ref;
  }

  /** Says that the collection of a record was changed in place. `before` is its `memoryBytes` before the change. */
  collectionChanged(ref: Ref, before: number, seq: number): void {
    this.thingBytes += this.collection(ref).memoryBytes - before;
    this.stamp(ref, seq);
  }

  /** Says that a collection is kept in memory in another way, which takes so many bytes more. */
  collectionRearranged(bytes: number): void {
    this.thingBytes += bytes;
  }

  /** Sets or, with 0, takes away the time to live. */
  setExpireAt(key: string, expireAt: number, seq: number): void {
    const ref = this.find(key);
    if (ref === 0) return;
    const word = this.word(ref, 2);
    const length = (word & LARGE) !== 0 ? 4 : word & LENGTH_MASK;
    if (this.expires(ref) === expireAt > 0) {
      if (expireAt > 0) this.writeExpireAt(ref, expireAt);
      this.stamp(ref, seq);
      return;
    }
    const value = this.slab.bytes[ref >>> PAGE_SHIFT]!.slice(this.stringStart(ref), this.stringStart(ref) + length);
    const moved = this.reshape(ref, length, expireAt);
    this.slab.bytes[moved >>> PAGE_SHIFT]!.set(value, this.stringStart(moved));
    this.setWord(moved, 2, word);
    this.stamp(moved, seq);
  }

  /** Deletes the key; false when there is none. A tombstone stays until the engine knows. */
  delete(key: string, seq: number): boolean {
    const ref = this.find(key);
    if (ref === 0) return false;
    this.dropValue(ref);
    this.countKey(key, -1);
    const stored = this.indexedExpireAt(ref);
    if (stored !== 0) this.staleExpiries.push({ at: stored, key });
    const moved = this.reshape(ref, 0, 0, TYPE_TOMBSTONE);
    this.tombstones++;
    this.stamp(moved, seq);
    return true;
  }

  /** Removes every key. The engine hears of it with the next flush. */
  clear(seq: number): void {
    this.forgetRecords();
    this.sessionRows = 0;
    this.slotCounts.cleared();
    this.slots.cleared(seq);
    this.clearedSeq = seq;
    this.clearPending = true;
  }

  /** Forgets all memory: what counts is what the engine and the log have. */
  reset(): void {
    this.forgetRecords();
    this.clearPending = false;
    this.slotCounts.forget();
    this.sessionRows = this.cold.storedSessionRows;
    this.cold.loadSlots(this.slots);
  }

  // Between memory and the engine

  /** Whether a ref of the dirty list still names a changed record. */
  isDirty(ref: Ref): boolean {
    if (!this.slab.isBlock(ref)) return false;
    const head = this.word(ref, 0);
    return (head & TYPE_MASK) !== 0 && (head & DIRTY) !== 0;
  }

  /** The record's present state is on its way to the engine. */
  markFlushed(ref: Ref): void {
    const head = this.word(ref, 0);
    if ((head & STORED) === 0 && (head & TYPE_MASK) !== TYPE_TOMBSTONE) {
      this.residentStored++;
      this.setWord(ref, 0, (head & ~DIRTY) | STORED);
    } else this.setWord(ref, 0, head & ~DIRTY);
  }

  /** The engine has removed the key: its tombstone goes too, unless the key was changed again. */
  forgetTombstone(key: string, version: number): void {
    this.find(key);
    const ref = this.seekRef;
    if (ref === 0 || this.type(ref) !== TYPE_TOMBSTONE || this.version(ref) !== version) return;
    this.remove(ref);
  }

  /** A deleted key that was stored: the batch that deletes it is on its way. */
  markUnstored(ref: Ref): void {
    const head = this.word(ref, 0);
    if ((head & STORED) === 0) return;
    this.residentStored--;
    if ((head & LOADED) !== 0) this.loadedKeys--;
    this.setWord(ref, 0, head & ~(STORED | LOADED));
  }

  /** Whether a record may leave memory: the engine has it as it is, by a round that ended at `flushedSeq` or later. */
  mayLeave(ref: Ref, flushedSeq: number): boolean {
    const head = this.word(ref, 0);
    return (
      (head & (DIRTY | STORED)) === STORED && (head & TYPE_MASK) !== TYPE_TOMBSTONE && this.version(ref) <= flushedSeq
    );
  }

  /** Takes a record that `mayLeave` out of memory; the engine keeps the key. */
  leave(ref: Ref): void {
    if ((this.word(ref, 2) & LARGE) !== 0) this.dropValue(ref, true);
    this.remove(ref);
    this.statistics.evicted++;
  }

  /** Whether the key came from the engine: `scan` finds it there. */
  isLoaded(ref: Ref): boolean {
    return (this.word(ref, 0) & LOADED) !== 0;
  }

  // All keys

  /** One step of `SCAN`: visits about `count` keys from `cursor` on and returns the next cursor, 0 at the end. */
  scan(cursor: number, count: number, visit: (key: string) => void): number {
    return scanKeys(this, this.cold, cursor, count, visit);
  }

  /** Some key, about evenly chosen while all are in memory; undefined when there is none. */
  randomKey(random: Random): string | undefined {
    return chooseKey(this, random);
  }

  /** Takes values out of memory until `memoryUsed` is at most `limit` or `tries` are spent; see `evictKeys`. */
  evict(limit: number, flushedSeq: number, random: Random, tries: number): void {
    evictKeys(this, limit, flushedSeq, random, tries);
  }
}
