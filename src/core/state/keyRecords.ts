import { invariant } from "../../base/invariant.ts";
import { decodeLatin1 } from "../../base/latin1.ts";
import type { EncodingHint } from "./coldStore.ts";
import { HeldCollection } from "./heldCollection.ts";
import {
  EXPIRES,
  EXPIRY_BYTES,
  HEAD_BYTES,
  HINT_SHIFT,
  LARGE,
  LENGTH_MASK,
  LONG_KEY,
  STORED,
  TYPE_MASK,
  TYPE_TOMBSTONE,
  USED_SHIFT,
} from "./record.ts";
import { SESSION_KEY_BYTES, type SessionKey } from "./sessionKey.ts";
import { PAGE_SHIFT, type Ref, Slab, WORD_MASK } from "./slab.ts";
import type { Collection } from "./values/collection.ts";

const HIGH = 0x1_0000_0000;
/** About what a loaded collection costs beside its elements. */
export const HELD_BYTES = 64;
/** Of the first word of a session's row. */
const ROW_HEAD = EXPIRES | (SESSION_KEY_BYTES << 8);
/** Whole words of its key. */
const SESSION_KEY_WORDS = SESSION_KEY_BYTES >>> 2;

/** The records of keys in the slab, and what lies outside of it for them: reading them field by field. */
export class KeyRecords {
  /** Minutes modulo 256 for `OBJECT IDLETIME` and eviction; the owner of the clock sets it. */
  useClock = 0;
  /** Pieces on disk that no key refers to any more; the next flush takes them away. */
  readonly orphanedPieces: number[] = [];
  protected readonly slab = new Slab();
  protected thingBytes = 0;
  #things: (Uint8Array | HeldCollection | undefined)[] = [];
  readonly #freeThings: number[] = [];

  protected word(ref: Ref, offset: number): number {
    return this.slab.words[ref >>> PAGE_SHIFT]![(ref & WORD_MASK) + offset]!;
  }

  protected setWord(ref: Ref, offset: number, value: number): void {
    this.slab.words[ref >>> PAGE_SHIFT]![(ref & WORD_MASK) + offset] = value;
  }

  protected keyLength(ref: Ref): number {
    const head = this.word(ref, 0);
    const length = (head >>> 8) & 0xff;
    if (length !== LONG_KEY) return length;
    return this.word(ref, (head & EXPIRES) !== 0 ? 6 : 3);
  }

  /** Offset of the key in its page. */
  protected keyAt(ref: Ref): number {
    const head = this.word(ref, 0);
    let at = (ref & WORD_MASK) * 4 + HEAD_BYTES;
    if ((head & EXPIRES) !== 0) at += EXPIRY_BYTES;
    if (((head >>> 8) & 0xff) === LONG_KEY) at += 4;
    return at;
  }

  type(ref: Ref): number {
    return this.word(ref, 0) & TYPE_MASK;
  }

  expires(ref: Ref): boolean {
    return (this.word(ref, 0) & EXPIRES) !== 0;
  }

  /** Wall clock in milliseconds; 0: never. */
  expireAt(ref: Ref): number {
    const head = this.word(ref, 0);
    if ((head & EXPIRES) === 0) return 0;
    return this.word(ref, 3) + (this.word(ref, 4) & 0xffff) * HIGH;
  }

  /** The expiry under which the engine's index knows the key; 0: none. */
  indexedExpireAt(ref: Ref): number {
    if (!this.expires(ref)) return 0;
    return this.word(ref, 5) + (this.word(ref, 4) >>> 16) * HIGH;
  }

  setIndexedExpireAt(ref: Ref, at: number): void {
    this.setWord(ref, 5, at >>> 0);
    this.setWord(ref, 4, (this.word(ref, 4) & 0xffff) | (Math.floor(at / HIGH) << 16));
  }

  /** The seq of the last mutation. */
  version(ref: Ref): number {
    return this.word(ref, 1) + (this.word(ref, 0) >>> 16) * HIGH;
  }

  key(ref: Ref): string {
    const at = this.keyAt(ref);
    return decodeLatin1(this.slab.bytes[ref >>> PAGE_SHIFT]!, at, at + this.keyLength(ref));
  }

  protected thing(ref: Ref): Uint8Array | HeldCollection {
    return this.#things[this.thingPlace(ref)]!;
  }

  protected thingPlace(ref: Ref): number {
    const bytes = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    const at = this.keyAt(ref) + this.keyLength(ref);
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }

  stringLength(ref: Ref): number {
    const word = this.word(ref, 2);
    return (word & LARGE) === 0 ? word & LENGTH_MASK : (this.thing(ref) as Uint8Array).length;
  }

  /** The page that holds the string, and where in it: for copying without a view. Null when the string is large. */
  stringPage(ref: Ref): Uint8Array | null {
    return (this.word(ref, 2) & LARGE) === 0 ? this.slab.bytes[ref >>> PAGE_SHIFT]! : null;
  }

  stringStart(ref: Ref): number {
    return this.keyAt(ref) + this.keyLength(ref);
  }

  /** A view of the string, valid until the next change or look-up. */
  stringView(ref: Ref): Uint8Array {
    const word = this.word(ref, 2);
    if ((word & LARGE) !== 0) return this.thing(ref) as Uint8Array;
    const at = this.keyAt(ref) + this.keyLength(ref);
    return this.slab.bytes[ref >>> PAGE_SHIFT]!.subarray(at, at + (word & LENGTH_MASK));
  }

  stringText(ref: Ref): string {
    const word = this.word(ref, 2);
    if ((word & LARGE) !== 0) return decodeLatin1(this.thing(ref) as Uint8Array);
    const at = this.keyAt(ref) + this.keyLength(ref);
    return decodeLatin1(this.slab.bytes[ref >>> PAGE_SHIFT]!, at, at + (word & LENGTH_MASK));
  }

  /** The string as an integer, when it is a canonical one of at most fifteen digits. */
  stringInteger(ref: Ref): number | undefined {
    const word = this.word(ref, 2);
    const length = word & LENGTH_MASK;
    if ((word & LARGE) !== 0 || length === 0 || length > 16) return undefined;
    const at = this.keyAt(ref) + this.keyLength(ref);
    return parseInteger(this.slab.bytes[ref >>> PAGE_SHIFT]!, at, at + length);
  }

  encodingHint(ref: Ref): EncodingHint {
    return ((this.word(ref, 2) >>> HINT_SHIFT) & 3) as EncodingHint;
  }

  collection(ref: Ref): Collection {
    const held = this.held(ref);
    if (held.isLoaded) return held.value;
    const { value } = held;
    this.thingBytes += value.memoryBytes;
    return value;
  }

  held(ref: Ref): HeldCollection {
    const thing = this.thing(ref);
    invariant(thing instanceof HeldCollection, "a collection's record holds a collection");
    return thing;
  }

  /** Bytes that the key and its value take (`MEMORY USAGE`). */
  memoryBytes(ref: Ref): number {
    const word = this.word(ref, 2);
    const inline = (word & LARGE) !== 0 ? 4 : word & LENGTH_MASK;
    const block = Slab.blockBytes(this.keyAt(ref) - (ref & WORD_MASK) * 4 + this.keyLength(ref) + inline);
    if ((word & LARGE) === 0) return block + 8;
    const thing = this.thing(ref);
    return block + 8 + (thing instanceof Uint8Array ? thing.length : this.collection(ref).memoryBytes);
  }

  touch(ref: Ref): void {
    const word = this.word(ref, 2);
    if (word >>> USED_SHIFT !== this.useClock) {
      this.setWord(ref, 2, (word & 0xff_ffff) | (this.useClock << USED_SHIFT));
    }
  }

  /** Since the last use, in steps of a minute. */
  idleSeconds(ref: Ref): number {
    return ((this.useClock - (this.word(ref, 2) >>> USED_SHIFT)) & 0xff) * 60;
  }

  isStored(ref: Ref): boolean {
    return (this.word(ref, 0) & STORED) !== 0;
  }

  isTombstone(ref: Ref): boolean {
    return this.type(ref) === TYPE_TOMBSTONE;
  }

  protected hasText(ref: Ref, key: string): boolean {
    const { length } = key;
    if (this.keyLength(ref) !== length) return false;
    const bytes = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    const at = this.keyAt(ref);
    for (let i = 0; i < length; i++) if (bytes[at + i] !== key.charCodeAt(i)) return false;
    return true;
  }

  protected hasBytes(ref: Ref, source: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.keyLength(ref) !== length) return false;
    const bytes = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    const at = this.keyAt(ref) - start;
    for (let i = start; i < end; i++) if (bytes[at + i] !== source[i]) return false;
    return true;
  }

  /** Whether `ref`, which may be out of date, is the record of this row now. */
  protected isRowOf(ref: Ref, key: SessionKey): boolean {
    if (!this.slab.isBlock(ref)) return false;
    const words = this.slab.words[ref >>> PAGE_SHIFT]!;
    const at = ref & WORD_MASK;
    // All zero in a block that is not in use.
    const head = words[at]!;
    if ((head & (0xff00 | EXPIRES)) !== ROW_HEAD || (head & TYPE_MASK) === TYPE_TOMBSTONE) return false;
    const keyAt = at + (HEAD_BYTES + EXPIRY_BYTES) / 4;
    const sought = key.words;
    for (let i = 0; i < SESSION_KEY_WORDS; i++) if (words[keyAt + i] !== sought[i]) return false;
    const bytes = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    for (let i = SESSION_KEY_WORDS * 4; i < SESSION_KEY_BYTES; i++) {
      if (bytes[keyAt * 4 + i] !== key.bytes[i]) return false;
    }
    return true;
  }

  protected setThing(ref: Ref, thing: Uint8Array | HeldCollection): void {
    const place = this.#freeThings.pop() ?? this.#things.length;
    this.#things[place] = thing;
    const bytes = this.slab.bytes[ref >>> PAGE_SHIFT]!;
    const at = this.keyAt(ref) + this.keyLength(ref);
    for (let i = 0; i < 4; i++) bytes[at + i] = place >>> (i * 8);
    this.setWord(ref, 2, this.word(ref, 2) | LARGE);
  }

  /** Lets go of what lies outside the record. Pieces on disk become orphans, unless the engine keeps the key. */
  protected dropValue(ref: Ref, keepPieces = false): void {
    if ((this.word(ref, 2) & LARGE) === 0) return;
    const place = this.thingPlace(ref);
    const thing = this.#things[place]!;
    if (thing instanceof HeldCollection) {
      this.thingBytes -= HELD_BYTES + (thing.isLoaded ? thing.value.memoryBytes : 0);
      if (thing.pieceId !== 0 && !keepPieces) this.orphanedPieces.push(thing.pieceId);
    } else this.thingBytes -= thing.length;
    this.#things[place] = undefined;
    this.#freeThings.push(place);
    this.setWord(ref, 2, (this.word(ref, 2) & ~(LARGE | LENGTH_MASK)) | 4);
  }

  /** Changes a large string in place, in a buffer that grows by half. */
  protected writeThing(ref: Ref, offset: number, part: Uint8Array): void {
    const thing = this.thing(ref);
    invariant(thing instanceof Uint8Array, "a large string is bytes");
    const length = Math.max(thing.length, offset + part.length);
    let grown = thing;
    if (length > thing.length) {
      const isOurs = thing.byteOffset === 0 && thing.buffer.byteLength >= length;
      const buffer = isOurs ? (thing.buffer as ArrayBuffer) : new ArrayBuffer(Math.ceil(length * 1.5));
      grown = new Uint8Array(buffer, 0, length);
      if (!isOurs) grown.set(thing);
      else grown.fill(0, thing.length, Math.max(thing.length, offset));
      this.thingBytes += length - thing.length;
      this.#things[this.thingPlace(ref)] = grown;
    }
    grown.set(part, offset);
  }

  /** Forgets everything. */
  protected forgetRecords(): void {
    this.slab.clear();
    this.#things = [];
    this.#freeThings.length = 0;
    this.thingBytes = 0;
    this.orphanedPieces.length = 0;
  }
}

/** A canonical decimal integer below 2^53, or undefined. */
function parseInteger(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  const negative = bytes[at] === 45;
  if (negative) at++;
  const first = bytes[at]! - 48;
  if (at === end || first < 0 || first > 9) return undefined;
  if (first === 0) return end - at === 1 && !negative ? 0 : undefined;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined;
  return negative ? -value : value;
}
