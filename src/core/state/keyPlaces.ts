import { copyBytes } from "../../base/copyBytes.ts";
import { decodeLatin1, encodeLatin1 } from "../../base/latin1.ts";
import { DirtyList } from "./dirtyList.ts";
import { ExpiryHeap } from "./expiryHeap.ts";
import { KeyIndex } from "./keyIndex.ts";
import { KeyRecords } from "./keyRecords.ts";
import {
  DIRTY,
  EXPIRES,
  EXPIRY_BYTES,
  HEAD_BYTES,
  HEAPED,
  LARGE,
  LENGTH_MASK,
  LOADED,
  LONG_KEY,
  STORED,
  TYPE_MASK,
  TYPE_SESSION,
  TYPE_TOMBSTONE,
  USED_SHIFT,
} from "./record.ts";
import { isSessionKey, isSessionKeyBytes } from "./sessionKey.ts";
import { SipHash } from "./sipHash.ts";
import { PAGE_SHIFT, type Ref, Slab } from "./slab.ts";
import { SlotCounts } from "./slotCounts.ts";

const HIGH = 0x1_0000_0000;
/** The hash of a record that was found without it. */
export const UNKNOWN_HASH = -1;

/**
 * Where the records of keys are, and what follows them there: the index, the expiry heap, the list of changes, the counts. Makes records,
 * gives them other sizes and takes them away. What was looked up last is known here, for a record that moves has it move along.
 */
export class KeyPlaces extends KeyRecords {
  readonly index = new KeyIndex();
  readonly expiries = new ExpiryHeap();
  /** Keys with a time to live, in memory; rows of sessions are not counted. */
  expiringKeys = 0;
  /** Rows of sessions, in memory and on disk. */
  sessionRows = 0;
  tombstones = 0;
  /** Records of keys that came from the engine. */
  loadedKeys = 0;
  readonly slotCounts = new SlotCounts();
  /** Changed records that the engine has not been given yet. */
  readonly dirty = new DirtyList();
  /** Entries of the engine's expiry index that no longer tell the truth; the next flush removes them. */
  staleExpiries: { readonly at: number; readonly key: string }[] = [];
  protected readonly hash: SipHash;
  /** Records of keys that the engine has too. */
  protected residentStored = 0;
  // The last look-up: its key is a text or bytes, `seekRef` 0 if nothing was found.
  protected seekText: string | undefined;
  protected seekBytes: Uint8Array | undefined;
  protected seekStart = 0;
  protected seekEnd = 0;
  /** Unknown where the record was found without it. */
  protected seekHash = 0;
  protected seekRef: Ref = 0;

  constructor(seed: readonly [number, number]) {
    super();
    this.hash = new SipHash(seed[0], seed[1]);
  }

  hashOf(key: string): number {
    return this.hash.text(key);
  }

  /** The key's record in memory, a tombstone included, or 0; nothing is loaded for it. */
  residentRef(key: string): Ref {
    let found = 0;
    this.index.withHash(this.hash.text(key), (ref) => {
      if (this.hasText(ref, key)) found = ref;
    });
    return found;
  }

  /** Requests reuse their bytes: what the last look-up found belongs to the last request. */
  forgetSeek(): void {
    this.seekBytes = undefined;
    this.seekText = undefined;
  }

  /** A key has come (1) or gone (-1). */
  protected countKey(key: string, by: number): void {
    if (isSessionKey(key)) this.sessionRows += by;
    else if (this.slotCounts.isKept) this.slotCounts.changed(key, by);
  }

  /** The record of the key last looked up, with room for a value of `length` bytes and everything but the value set. */
  protected shape(
    text: string | undefined,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    type: number,
    length: number,
    expireAt: number,
    seq: number,
  ): Ref {
    let ref = this.seekRef;
    if (ref === 0 || this.isTombstone(ref)) {
      if (this.slotCounts.isKept) this.countKey(text ?? decodeLatin1(keyBytes, keyStart, keyStart + keyLength), 1);
      else if (text === undefined ? isSessionKeyBytes(keyBytes, keyStart, keyStart + keyLength) : isSessionKey(text))
        this.sessionRows++;
    }
    if (ref === 0) {
      ref = this.insert(this.seekHash, text, keyBytes, keyStart, keyLength, type, length, expireAt);
      this.seekRef = ref;
    } else {
      const head = this.word(ref, 0);
      if ((head & TYPE_MASK) === TYPE_TOMBSTONE) this.tombstones--;
      else if ((this.word(ref, 2) & LARGE) !== 0) this.dropValue(ref);
      ref = this.reshape(ref, length, expireAt, type);
    }
    this.stamp(ref, seq);
    return ref;
  }

  protected insert(
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
      this.writeExpireAt(ref, expireAt, hash);
      if (type !== TYPE_SESSION) this.expiringKeys++;
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
  protected reshape(ref: Ref, length: number, expireAt: number, type = this.type(ref)): Ref {
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
    if (expires) this.writeExpireAt(target, expireAt);
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
    if (this.seekRef === ref) this.seekRef = target;
    return target;
  }

  #dropIndexedExpiry(ref: Ref): void {
    const at = this.indexedExpireAt(ref);
    if (at !== 0) this.staleExpiries.push({ at, key: this.key(ref) });
    if (at !== 0) this.setIndexedExpireAt(ref, 0);
  }

  #hashAt(ref: Ref, keyLength: number): number {
    const isSought = ref === this.seekRef && (this.seekText !== undefined || this.seekBytes !== undefined);
    if (isSought && this.seekHash !== UNKNOWN_HASH) return this.seekHash;
    const at = this.keyAt(ref);
    return this.hash.bytes(this.slab.bytes[ref >>> PAGE_SHIFT]!, at, at + keyLength);
  }

  protected writeExpireAt(ref: Ref, at: number, hash?: number): void {
    const head = this.word(ref, 0);
    const before = this.expireAt(ref);
    this.setWord(ref, 3, at >>> 0);
    this.setWord(ref, 4, (this.word(ref, 4) & 0xffff_0000) | Math.floor(at / HIGH));
    // The heap's entry is at or before the time it was written for; a later time is put right when the entry comes up.
    if ((head & HEAPED) !== 0 && at >= before) return;
    this.setWord(ref, 0, head | HEAPED);
    this.expiries.push(at, hash ?? this.#hashAt(ref, this.keyLength(ref)));
  }

  protected stamp(ref: Ref, seq: number): void {
    const head = this.word(ref, 0);
    if ((head & DIRTY) === 0) this.dirty.add(ref, seq);
    this.setWord(ref, 0, (head & 0xffff) | DIRTY | (Math.floor(seq / HIGH) << 16));
    this.setWord(ref, 1, seq >>> 0);
  }

  protected remove(ref: Ref): void {
    const head = this.word(ref, 0);
    this.index.remove(this.#hashAt(ref, this.keyLength(ref)), ref);
    if ((head & TYPE_MASK) === TYPE_TOMBSTONE) this.tombstones--;
    else if ((head & EXPIRES) !== 0 && isCounted(head)) this.expiringKeys--;
    if ((head & STORED) !== 0) this.residentStored--;
    if ((head & LOADED) !== 0) this.loadedKeys--;
    this.slab.free(ref);
    this.forgetSeek();
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
          this.expiries.push(at, this.hash.bytes(page, keyAt, keyAt + this.keyLength(ref)));
        }
      });
    }
    return keys;
  }

  protected override forgetRecords(): void {
    super.forgetRecords();
    this.index.clear();
    this.expiries.clear();
    this.tombstones = 0;
    this.residentStored = 0;
    this.loadedKeys = 0;
    this.expiringKeys = 0;
    this.dirty.clear();
    this.staleExpiries = [];
    this.forgetSeek();
  }
}

/** Whether a record of this type that has a time to live is one of `expiringKeys`. */
function isCounted(head: number): boolean {
  const type = head & TYPE_MASK;
  return type !== TYPE_SESSION && type !== TYPE_TOMBSTONE;
}

function recordBytes(keyLength: number, valueLength: number, expires: boolean): number {
  return HEAD_BYTES + (expires ? EXPIRY_BYTES : 0) + (keyLength >= LONG_KEY ? 4 : 0) + keyLength + valueLength;
}
