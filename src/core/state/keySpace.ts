import { copyBytes } from "../../base/copyBytes.ts";
import { decodeLatin1, encodeLatin1 } from "../../base/latin1.ts";
import type { Random } from "../../base/random.ts";
import { SlotTable } from "../slots/slotTable.ts";
import { type ColdRecord, type ColdStore, ENCODING_RAW, type EncodingHint, NO_COLD_STORE } from "./coldStore.ts";
import { DirtyList } from "./dirtyList.ts";
import { evictKeys } from "./eviction.ts";
import { ExpiryHeap } from "./expiryHeap.ts";
import { HeldCollection } from "./heldCollection.ts";
import { idealPlace, KeyIndex } from "./keyIndex.ts";
import { KeyRecords } from "./keyRecords.ts";
import { chooseKey, scanKeys } from "./keyScan.ts";
import {
  DIRTY,
  EXPIRES,
  EXPIRY_BYTES,
  HEAD_BYTES,
  HEAPED,
  HINT_SHIFT,
  INLINE_BYTES_MAX,
  LARGE,
  LENGTH_MASK,
  LOADED,
  LONG_KEY,
  STORED,
  TYPE_MASK,
  TYPE_TOMBSTONE,
  USED_SHIFT,
} from "./record.ts";
import { isSessionKey, isSessionKeyBytes, type SessionKey } from "./sessionKey.ts";
import { SessionPlaces } from "./sessionPlaces.ts";
import { SipHash } from "./sipHash.ts";
import { PAGE_SHIFT, type Ref, Slab } from "./slab.ts";
import { SlotCounts } from "./slotCounts.ts";
import { countKeysInSlots } from "./slotKeys.ts";

export const VALUE_STRING = 1;
/** What was executed in a session on keys of one slot: bytes, too (see `SessionRow`), that no client sees. */
export const VALUE_SESSION = 7;

/** Whether values of the type are bytes, and no collections. */
export function isBytes(type: number): boolean {
  return type === VALUE_STRING || type === VALUE_SESSION;
}

const HIGH = 0x1_0000_0000;
const EMPTY = new Uint8Array(0);
const UNKNOWN_HASH = -1;
/** About what a loaded collection costs beside its elements. */
const HELD_BYTES = 64;

/** What the key space counted since the start, for `INFO`. */
export interface KeySpaceStatistics {
  hits: number;
  misses: number;
  expired: number;
  evicted: number;
  loaded: number;
}

/**
 * The keys in memory and, behind them, the cold store: one hash index over records in a slab. It knows nothing of commands
 * and nothing of the log; whoever changes a key says at which seq.
 *
 * A `Ref` holds until the next change or look-up. Deleted keys stay as tombstones until the engine has forgotten them too.
 */
export class KeySpace extends KeyRecords {
  readonly statistics: KeySpaceStatistics = { hits: 0, misses: 0, expired: 0, evicted: 0, loaded: 0 };
  readonly index = new KeyIndex();
  readonly expiries = new ExpiryHeap();
  /** Keys with a time to live, in memory; rows of sessions are not counted. */
  expiringKeys = 0;
  /** Rows of sessions, in memory and on disk. */
  sessionRows: number;
  /** Version of the record that the last look-up found, tombstones included; without one, that of the last `clear`. */
  pendingVersion = 0;
  /** The seq of the last `clear`, and whether the engine still has to be told. */
  clearedSeq = 0;
  clearPending = false;
  readonly #hash: SipHash;
  readonly cold: ColdStore;
  tombstones = 0;
  /** Records of keys that the engine has too. */
  #residentStored = 0;
  /** Records of keys that came from the engine. */
  loadedKeys = 0;
  /** What the group does with each slot. */
  readonly slots = new SlotTable();
  readonly slotCounts = new SlotCounts();
  /** Changed records that the engine has not been given yet. */
  readonly dirty = new DirtyList();
  readonly #sessionPlaces = new SessionPlaces();
  readonly #kept = { bytes: EMPTY as Uint8Array | undefined, start: 0, end: 0, hash: 0, ref: 0 as Ref };
  #seekText: string | undefined;
  #seekBytes: Uint8Array | undefined;
  #seekStart = 0;
  #seekEnd = 0;
  /** Unknown where the record was found without it. */
  #seekHash = 0;
  #seekRef: Ref = 0;

  constructor(seed: readonly [number, number], cold: ColdStore = NO_COLD_STORE) {
    super();
    this.#hash = new SipHash(seed[0], seed[1]);
    this.cold = cold;
    cold.loadSlots(this.slots);
    this.sessionRows = cold.storedSessionRows;
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

  /** Keys that are on disk only, rows of sessions included. */
  get coldKeys(): number {
    return this.clearPending ? 0 : this.cold.storedKeys - this.#residentStored;
  }

  /** Bytes that the keys in memory take: blocks, index, large values and collections. */
  get memoryUsed(): number {
    return this.slab.usedBytes + this.index.memoryBytes + this.thingBytes;
  }

  hashOf(key: string): number {
    return this.#hash.text(key);
  }

  // Looking up

  /** Where the key is, or 0; expired keys are still there. */
  find(key: string): Ref {
    if (key === this.#seekText) return this.#seen(this.#seekRef);
    const hash = this.#hash.text(key);
    const segment = this.index.segments[hash >>> 24]!;
    const { pairs } = segment;
    let ref = 0;
    for (let at = idealPlace(segment, hash) * 2; pairs[at + 1] !== 0; at += 2) {
      if (pairs[at] === hash && this.hasText(pairs[at + 1]!, key)) {
        ref = pairs[at + 1]!;
        break;
      }
    }
    this.#seekBytes = undefined;
    this.#seekText = key;
    this.#seekHash = hash;
    this.#seekRef = ref;
    if (ref === 0 && this.coldKeys > 0) this.#seekRef = this.#loadCold(key, hash);
    return this.#seen(this.#seekRef);
  }

  /** `find` for a key that is bytes of a request. */
  findBytes(bytes: Uint8Array, start: number, end: number): Ref {
    const hash = this.#hash.bytes(bytes, start, end);
    const segment = this.index.segments[hash >>> 24]!;
    const { pairs } = segment;
    let ref = 0;
    for (let at = idealPlace(segment, hash) * 2; pairs[at + 1] !== 0; at += 2) {
      if (pairs[at] === hash && this.hasBytes(pairs[at + 1]!, bytes, start, end)) {
        ref = pairs[at + 1]!;
        break;
      }
    }
    this.#seekText = undefined;
    this.#seekBytes = bytes;
    this.#seekStart = start;
    this.#seekEnd = end;
    this.#seekHash = hash;
    this.#seekRef = ref;
    if (ref === 0 && this.coldKeys > 0) this.#seekRef = this.#loadCold(decodeLatin1(bytes, start, end), hash);
    return this.#seen(this.#seekRef);
  }

  /** Requests reuse their bytes: what the last look-up found belongs to the last request. */
  forgetSeek(): void {
    this.#seekBytes = undefined;
    this.#seekText = undefined;
  }

  /** The last look-up, of a key that is bytes: `findKept` goes back to it, though others come between, if they change nothing of that key. */
  keepSeek(): void {
    this.#kept.bytes = this.#seekBytes;
    this.#kept.start = this.#seekStart;
    this.#kept.end = this.#seekEnd;
    this.#kept.hash = this.#seekHash;
    this.#kept.ref = this.#seekRef;
  }

  /**
   * `findBytes` and `keepSeek` for the key of a session's row: one that was looked up before is where it was, mostly, and neither its hash
   * nor the index is needed.
   */
  findSessionRow(key: SessionKey): Ref {
    const { bytes } = key;
    const ref = this.#sessionPlaces.of(bytes);
    if (ref === 0 || !this.isRowOf(ref, key)) {
      const found = this.findBytes(bytes, 0, bytes.length);
      this.#sessionPlaces.set(bytes, found);
      this.keepSeek();
      return found;
    }
    const kept = this.#kept;
    kept.bytes = bytes;
    kept.start = 0;
    kept.end = bytes.length;
    kept.hash = UNKNOWN_HASH;
    kept.ref = ref;
    return this.#seen(ref);
  }

  /** `find` for the key that was looked up before `keepSeek`. */
  findKept(): Ref {
    this.#seekText = undefined;
    this.#seekBytes = this.#kept.bytes;
    this.#seekStart = this.#kept.start;
    this.#seekEnd = this.#kept.end;
    this.#seekHash = this.#kept.hash;
    this.#seekRef = this.#kept.ref;
    return this.#seen(this.#seekRef);
  }

  #seen(ref: Ref): Ref {
    if (ref === 0) {
      this.pendingVersion = this.clearedSeq;
      return 0;
    }
    this.pendingVersion = this.version(ref);
    return this.type(ref) === TYPE_TOMBSTONE ? 0 : ref;
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
    if (this.#seekBytes !== bytes || this.#seekStart !== keyStart || this.#seekEnd !== keyEnd) {
      this.findBytes(bytes, keyStart, keyEnd);
    }
    const keyLength = keyEnd - keyStart;
    return this.#storeBytes(VALUE_STRING, undefined, bytes, keyStart, keyLength, bytes, start, end, expireAt, 0, seq);
  }

  /** Makes the key of the last look-up a session's row: the first `length` bytes. */
  setSessionRow(bytes: Uint8Array, length: number, expireAt: number, seq: number): Ref {
    const text = this.#seekText;
    const key = this.#seekBytes ?? EMPTY;
    const start = text === undefined ? this.#seekStart : 0;
    const keyLength = text === undefined ? this.#seekEnd - start : text.length;
    return this.#storeBytes(VALUE_SESSION, text, key, start, keyLength, bytes, 0, length, expireAt, 0, seq);
  }

  /** Says that a row was changed where it lies. */
  sessionRowChanged(ref: Ref, seq: number): void {
    this.setWord(ref, 2, (this.word(ref, 2) & 0xff_ffff) | (this.useClock << USED_SHIFT));
    this.#stamp(ref, seq);
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
    const ref = this.#shape(text, keyBytes, keyStart, keyLength, type, large ? 4 : length, expireAt, seq);
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
    this.#stamp(ref, seq);
    return true;
  }

  /** Makes `key` hold a collection, in place of whatever it held. */
  setCollection(key: string, held: HeldCollection, type: number, expireAt: number, seq: number): Ref {
    this.find(key);
    const ref = this.#shape(key, EMPTY, 0, key.length, type, 4, expireAt, seq);
    this.setThing(ref, held);
    this.thingBytes += HELD_BYTES + (held.isLoaded ? held.value.memoryBytes : 0);
    return ref;
  }

  /** Says that the collection of a record was changed in place. `before` is its `memoryBytes` before the change. */
  collectionChanged(ref: Ref, before: number, seq: number): void {
    this.thingBytes += this.collection(ref).memoryBytes - before;
    this.#stamp(ref, seq);
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
      if (expireAt > 0) this.#writeExpireAt(ref, expireAt);
      this.#stamp(ref, seq);
      return;
    }
    const value = this.slab.bytes[ref >>> PAGE_SHIFT]!.slice(this.stringStart(ref), this.stringStart(ref) + length);
    const moved = this.#reshape(ref, length, expireAt);
    this.slab.bytes[moved >>> PAGE_SHIFT]!.set(value, this.stringStart(moved));
    this.setWord(moved, 2, word);
    this.#stamp(moved, seq);
  }

  /** Deletes the key; false when there is none. A tombstone stays until the engine knows. */
  delete(key: string, seq: number): boolean {
    const ref = this.find(key);
    if (ref === 0) return false;
    this.dropValue(ref);
    this.#countKey(key, -1);
    const stored = this.indexedExpireAt(ref);
    if (stored !== 0) this.staleExpiries.push({ at: stored, key });
    const moved = this.#reshape(ref, 0, 0, TYPE_TOMBSTONE);
    this.tombstones++;
    this.#stamp(moved, seq);
    return true;
  }

  /** Entries of the engine's expiry index that no longer tell the truth; the next flush removes them. */
  staleExpiries: { readonly at: number; readonly key: string }[] = [];

  /** Removes every key. The engine hears of it with the next flush. */
  clear(seq: number): void {
    this.#forgetKeys();
    this.sessionRows = 0;
    this.slotCounts.cleared();
    this.slots.cleared(seq);
    this.clearedSeq = seq;
    this.clearPending = true;
  }

  /** Forgets all memory: what counts is what the engine and the log have. */
  reset(): void {
    this.#forgetKeys();
    this.slotCounts.forget();
    this.sessionRows = this.cold.storedSessionRows;
    this.cold.loadSlots(this.slots);
  }

  #forgetKeys(): void {
    this.forgetRecords();
    this.index.clear();
    this.expiries.clear();
    this.tombstones = 0;
    this.#residentStored = 0;
    this.loadedKeys = 0;
    this.expiringKeys = 0;
    this.dirty.clear();
    this.staleExpiries = [];
    this.clearPending = false;
    this.forgetSeek();
  }

  /** A key has come (1) or gone (-1). */
  #countKey(key: string, by: number): void {
    if (isSessionKey(key)) this.sessionRows += by;
    else if (this.slotCounts.isKept) this.slotCounts.changed(key, by);
  }

  /** The record of the key last looked up, with room for a value of `length` bytes and everything but the value set. */
  #shape(
    text: string | undefined,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    type: number,
    length: number,
    expireAt: number,
    seq: number,
  ): Ref {
    let ref = this.#seekRef;
    if (ref === 0 || this.isTombstone(ref)) {
      if (this.slotCounts.isKept) this.#countKey(text ?? decodeLatin1(keyBytes, keyStart, keyStart + keyLength), 1);
      else if (text === undefined ? isSessionKeyBytes(keyBytes, keyStart, keyStart + keyLength) : isSessionKey(text))
        this.sessionRows++;
    }
    if (ref === 0) {
      ref = this.#insert(this.#seekHash, text, keyBytes, keyStart, keyLength, type, length, expireAt);
      this.#seekRef = ref;
    } else {
      const head = this.word(ref, 0);
      if ((head & TYPE_MASK) === TYPE_TOMBSTONE) this.tombstones--;
      else if ((this.word(ref, 2) & LARGE) !== 0) this.dropValue(ref);
      ref = this.#reshape(ref, length, expireAt, type);
    }
    this.#stamp(ref, seq);
    return ref;
  }

  #insert(
    hash: number,
    text: string | undefined,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    type: number,
    length: number,
    expireAt: number,
  ): Ref {
    const ref = this.slab.allocate(recordBytes(keyLength, length, expireAt > 0));
    this.setWord(ref, 0, type | (expireAt > 0 ? EXPIRES : 0) | (Math.min(keyLength, LONG_KEY) << 8));
    this.setWord(ref, 2, length | (this.useClock << USED_SHIFT));
    if (expireAt > 0) {
      this.setWord(ref, 4, 0);
      this.setWord(ref, 5, 0);
      this.#writeExpireAt(ref, expireAt, hash);
      if (type !== VALUE_SESSION) this.expiringKeys++;
    }
    if (keyLength >= LONG_KEY) this.setWord(ref, expireAt > 0 ? 6 : 3, keyLength);
    const page = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    const at = this.keyAt(ref);
    if (text !== undefined) encodeLatin1(text, page, at);
    else copyBytes(keyBytes, keyStart, keyStart + keyLength, page, at);
    this.index.insert(hash, ref);
    return ref;
  }

  /** Gives the record another length of value, expiry and type, moving it when its block no longer fits. Key and flags stay. */
  #reshape(ref: Ref, length: number, expireAt: number, type = this.type(ref)): Ref {
    const head = this.word(ref, 0);
    const expired = (head & EXPIRES) !== 0;
    const expires = expireAt > 0;
    const keyLength = this.keyLength(ref);
    const bytes = recordBytes(keyLength, length, expires);
    let target = ref;
    if (expired !== expires || Slab.blockBytes(bytes) !== Slab.blockBytes(this.#recordBytes(ref))) {
      target = this.#move(ref, head, keyLength, bytes, expires);
    }
    this.setWord(target, 0, (this.word(target, 0) & ~TYPE_MASK) | type);
    this.setWord(target, 2, length | (this.useClock << USED_SHIFT));
    if (expires) this.#writeExpireAt(target, expireAt);
    if (expired && isCounted(head)) this.expiringKeys--;
    if (expires && isCounted(type)) this.expiringKeys++;
    return target;
  }

  #recordBytes(ref: Ref): number {
    const word = this.word(ref, 2);
    return recordBytes(this.keyLength(ref), (word & LARGE) !== 0 ? 4 : word & LENGTH_MASK, this.expires(ref));
  }

  #move(ref: Ref, head: number, keyLength: number, bytes: number, expires: boolean): Ref {
    const hash = this.#hashAt(ref, keyLength);
    const keyAt = this.keyAt(ref);
    const from = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    const target = this.slab.allocate(bytes);
    this.setWord(target, 0, expires ? head | EXPIRES : head & ~(EXPIRES | HEAPED));
    this.setWord(target, 1, this.word(ref, 1));
    if (expires) {
      const carried = this.expires(ref);
      this.setWord(target, 4, carried ? this.word(ref, 4) : 0);
      this.setWord(target, 5, carried ? this.word(ref, 5) : 0);
    } else this.#dropIndexedExpiry(ref);
    if (keyLength >= LONG_KEY) this.setWord(target, expires ? 6 : 3, keyLength);
    this.slab.bytes[target >>> PAGE_SHIFT]!.set(from.subarray(keyAt, keyAt + keyLength), this.keyAt(target));
    this.index.replace(hash, ref, target);
    this.slab.free(ref);
    if ((head & DIRTY) !== 0) this.dirty.addMoved(target);
    if (this.#seekRef === ref) this.#seekRef = target;
    return target;
  }

  #dropIndexedExpiry(ref: Ref): void {
    const at = this.indexedExpireAt(ref);
    if (at !== 0) this.staleExpiries.push({ at, key: this.key(ref) });
    if (at !== 0) this.setIndexedExpireAt(ref, 0);
  }

  #hashAt(ref: Ref, keyLength: number): number {
    const isSought = ref === this.#seekRef && (this.#seekText !== undefined || this.#seekBytes !== undefined);
    if (isSought && this.#seekHash !== UNKNOWN_HASH) return this.#seekHash;
    const at = this.keyAt(ref);
    return this.#hash.bytes(this.slab.bytes[ref >>> PAGE_SHIFT]!, at, at + keyLength);
  }

  #writeExpireAt(ref: Ref, at: number, hash?: number): void {
    const head = this.word(ref, 0);
    const before = this.expireAt(ref);
    this.setWord(ref, 3, at >>> 0);
    this.setWord(ref, 4, (this.word(ref, 4) & 0xffff_0000) | Math.floor(at / HIGH));
    // The heap's entry is at or before the time it was written for; a later time is put right when the entry comes up.
    if ((head & HEAPED) !== 0 && at >= before) return;
    this.setWord(ref, 0, head | HEAPED);
    this.expiries.push(at, hash ?? this.#hashAt(ref, this.keyLength(ref)));
  }

  #stamp(ref: Ref, seq: number): void {
    const head = this.word(ref, 0);
    if ((head & DIRTY) === 0) this.dirty.add(ref, seq);
    this.setWord(ref, 0, (head & 0xffff) | DIRTY | (Math.floor(seq / HIGH) << 16));
    this.setWord(ref, 1, seq >>> 0);
  }

  // Between memory and the cold store

  #loadCold(key: string, hash: number): Ref {
    const record = this.cold.load(key);
    if (record === undefined) return 0;
    this.statistics.loaded++;
    return this.#admit(key, hash, record);
  }

  #admit(key: string, hash: number, record: ColdRecord): Ref {
    const { value, expireAt } = record;
    const outside = value instanceof HeldCollection || value.length > INLINE_BYTES_MAX;
    const length = value instanceof HeldCollection || outside ? 4 : value.length;
    const ref = this.#insert(hash, key, EMPTY, 0, key.length, record.type, length, expireAt);
    if (value instanceof HeldCollection) {
      this.setThing(ref, value);
      this.thingBytes += HELD_BYTES + (value.isLoaded ? value.value.memoryBytes : 0);
    } else if (outside) {
      this.setThing(ref, value);
      this.thingBytes += value.length;
    } else this.slab.bytes[ref >>> PAGE_SHIFT]!.set(value, this.stringStart(ref));
    const { version } = record;
    this.setWord(ref, 0, (this.word(ref, 0) & 0xffff) | STORED | LOADED | (Math.floor(version / HIGH) << 16));
    this.setWord(ref, 1, version >>> 0);
    this.setWord(ref, 2, this.word(ref, 2) | (record.encodingHint << HINT_SHIFT));
    if (expireAt > 0) this.setIndexedExpireAt(ref, expireAt);
    this.#residentStored++;
    this.loadedKeys++;
    return ref;
  }

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
      this.#residentStored++;
      this.setWord(ref, 0, (head & ~DIRTY) | STORED);
    } else this.setWord(ref, 0, head & ~DIRTY);
  }

  /** The engine has removed the key: its tombstone goes too, unless the key was changed again. */
  forgetTombstone(key: string, version: number): void {
    this.find(key);
    const ref = this.#seekRef;
    if (ref === 0 || this.type(ref) !== TYPE_TOMBSTONE || this.version(ref) !== version) return;
    this.#remove(ref);
  }

  /** A deleted key that was stored: the batch that deletes it is on its way. */
  markUnstored(ref: Ref): void {
    const head = this.word(ref, 0);
    if ((head & STORED) === 0) return;
    this.#residentStored--;
    if ((head & LOADED) !== 0) this.loadedKeys--;
    this.setWord(ref, 0, head & ~(STORED | LOADED));
  }

  #remove(ref: Ref): void {
    const head = this.word(ref, 0);
    this.index.remove(this.#hashAt(ref, this.keyLength(ref)), ref);
    if ((head & TYPE_MASK) === TYPE_TOMBSTONE) this.tombstones--;
    else if ((head & EXPIRES) !== 0 && isCounted(head)) this.expiringKeys--;
    if ((head & STORED) !== 0) this.#residentStored--;
    if ((head & LOADED) !== 0) this.loadedKeys--;
    this.slab.free(ref);
    this.forgetSeek();
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
    this.#remove(ref);
    this.statistics.evicted++;
  }

  /** Whether the key came from the engine: `scan` finds it there. */
  isLoaded(ref: Ref): boolean {
    return (this.word(ref, 0) & LOADED) !== 0;
  }

  /** The key's record in memory, a tombstone included, or 0; nothing is loaded for it. */
  residentRef(key: string): Ref {
    let found = 0;
    this.index.withHash(this.#hash.text(key), (ref) => {
      if (this.hasText(ref, key)) found = ref;
    });
    return found;
  }

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

  /** Keys in memory whose time came before `now`, at most `limit`; entries that are out of date are put right or dropped. */
  takeExpired(now: number, limit: number): string[] {
    const keys: string[] = [];
    for (let taken = 0; taken < limit * 4 && keys.length < limit && this.expiries.soonest <= now; taken++) {
      this.index.withHash(this.expiries.pop(), (ref) => {
        const head = this.word(ref, 0);
        if ((head & EXPIRES) === 0 || (head & TYPE_MASK) === TYPE_TOMBSTONE) return;
        const at = this.expireAt(ref);
        if (at <= now) {
          this.setWord(ref, 0, head & ~HEAPED);
          keys.push(this.key(ref));
        } else {
          const keyAt = this.keyAt(ref);
          const page = this.slab.bytes[ref >>> PAGE_SHIFT]!;
          this.expiries.push(at, this.#hash.bytes(page, keyAt, keyAt + this.keyLength(ref)));
        }
      });
    }
    return keys;
  }
}

/** Whether a record of this type that has a time to live is one of `expiringKeys`. */
function isCounted(head: number): boolean {
  const type = head & TYPE_MASK;
  return type !== VALUE_SESSION && type !== TYPE_TOMBSTONE;
}

function recordBytes(keyLength: number, valueLength: number, expires: boolean): number {
  return HEAD_BYTES + (expires ? EXPIRY_BYTES : 0) + (keyLength >= LONG_KEY ? 4 : 0) + keyLength + valueLength;
}
