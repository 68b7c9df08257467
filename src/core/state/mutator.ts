import { ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import { ByteWriter } from "../../base/byteWriter.ts";
import { invariant } from "../../base/invariant.ts";
import { decodeLatin1, latin1Bytes } from "../../base/latin1.ts";
import { type SlotChange, writeSlotChange } from "../slots/slotChange.ts";
import { Applier } from "./apply.ts";
import { ENCODING_AUTO, ENCODING_EMBSTR, ENCODING_RAW, type EncodingHint } from "./coldStore.ts";
import { decodeMutation } from "./decodeMutation.ts";
import { type KeySpace, VALUE_STRING } from "./keySpace.ts";
import * as kind from "./mutation.ts";
import { MutationCursor } from "./mutationsOfEntry.ts";
import { SessionMutation, writeSessionMutation } from "./sessionMutation.ts";
import type { SessionRow } from "./sessionRow.ts";
import type { Collection } from "./values/collection.ts";

/** `OBJECT ENCODING` of a string that is written: by its bytes, or as `APPEND` or `INCRBYFLOAT` leave it. */
export type StringEncoding = "auto" | "raw" | "embstr";

/**
 * The longest entry. A record of the log, which may have others of 64 MiB before it, is written in one call, and that takes 2 GiB; and
 * an upper bound of what a command writes need not be exact.
 */
export const ENTRY_BYTES_MAX = 1_536 * 2 ** 20;

const HINTS: { readonly [E in StringEncoding]: EncodingHint } = {
  auto: ENCODING_AUTO,
  raw: ENCODING_RAW,
  embstr: ENCODING_EMBSTR,
};

/**
 * Where commands say what changes. Each call writes one mutation to the log entry of the present command and applies it at
 * once to the newest state; the reply waits until the entry is committed.
 */
export class Mutator {
  readonly state: KeySpace;
  /** Told of each key that a mutation touches, undefined for all keys; set only while somebody listens. */
  onTouch: ((key: string | undefined) => void) | undefined;
  /** Mutations since the start. */
  mutations = 0;
  /** A command that would make its entry longer has to be refused before it changes anything: see `entryRoom`. */
  entryBytesMax = ENTRY_BYTES_MAX;
  readonly #apply: Applier;
  readonly #slotChange = new ByteWriter(64);
  readonly #answer = new SessionMutation();
  #log: ByteWriter;
  #seq = 0;
  #entryAt = -1;

  constructor(state: KeySpace, log: ByteWriter) {
    this.state = state;
    this.#apply = new Applier(state);
    this.#answer.count = 1;
    this.#log = log;
  }

  /** Seq of the entry being written; before its first mutation, of the entry that would be. */
  get seq(): number {
    return this.#seq;
  }

  /** Bytes that are left of the entry being written. */
  get entryRoom(): number {
    return this.entryBytesMax - (this.#entryAt < 0 ? 0 : this.#log.length - this.#entryAt);
  }

  /** Entries go to `log` from now on. */
  writeTo(log: ByteWriter): void {
    invariant(this.#entryAt < 0, "an entry is written to one log");
    this.#log = log;
  }

  /** A command begins; its mutations, if any, become the entry `seq`. */
  begin(seq: number): void {
    this.#seq = seq;
    this.#entryAt = -1;
    this.state.forgetSeek();
  }

  /** The command is over. Whether there is an entry. */
  end(): boolean {
    const at = this.#entryAt;
    if (at < 0) return false;
    this.#log.setU32(at, this.#log.length - at - 4);
    this.#entryAt = -1;
    return true;
  }

  #write(mutation: number, key: string): ByteWriter {
    const log = this.#start(mutation);
    log.lengthText(key);
    if (this.onTouch !== undefined) this.onTouch(key);
    return log;
  }

  #start(mutation: number): ByteWriter {
    const log = this.#startEntry();
    this.mutations++;
    log.u8(mutation);
    return log;
  }

  /** Where the present entry goes on. */
  #startEntry(): ByteWriter {
    const log = this.#log;
    if (this.#entryAt < 0) {
      this.#entryAt = log.length;
      log.u32(0);
    }
    return log;
  }

  setText(key: string, value: string, expireAt: number, encoding: StringEncoding = "auto"): void {
    this.#setString(key, latin1Bytes(value), expireAt, HINTS[encoding]);
  }

  setBytes(key: string, bytes: Uint8Array, start: number, end: number, expireAt: number): void {
    this.#setString(key, bytes.subarray(start, end), expireAt, ENCODING_AUTO);
  }

  #setString(key: string, value: Uint8Array, expireAt: number, hint: EncodingHint): void {
    const log = this.#write(kind.MUTATION_SET_STRING, key);
    log.u48(expireAt);
    log.u8(hint);
    log.lengthBytes(value, 0, value.length);
    this.#apply.setString(key, value, expireAt, hint, this.#seq);
  }

  /** `setBytes` with key and value both in the request's bytes: no string is made. */
  setArg(bytes: Uint8Array, keyStart: number, keyEnd: number, start: number, end: number, expireAt: number): void {
    const log = this.#start(kind.MUTATION_SET_STRING);
    log.lengthBytes(bytes, keyStart, keyEnd);
    log.u48(expireAt);
    log.u8(ENCODING_AUTO);
    log.lengthBytes(bytes, start, end);
    if (this.onTouch !== undefined) this.onTouch(decodeLatin1(bytes, keyStart, keyEnd));
    this.state.setStringArg(bytes, keyStart, keyEnd, start, end, expireAt, this.#seq);
  }

  /** Returns the new length. */
  append(key: string, value: string): number {
    this.#write(kind.MUTATION_APPEND, key).lengthText(value);
    return this.#apply.append(key, latin1Bytes(value), this.#seq);
  }

  /** Returns the new length. */
  setRange(key: string, offset: number, value: string): number {
    const log = this.#write(kind.MUTATION_SET_RANGE, key);
    log.varint(offset);
    log.lengthText(value);
    return this.#apply.setRange(key, offset, latin1Bytes(value), this.#seq);
  }

  /** Whether there was such a key; where there is none, nothing is written. */
  delete(key: string): boolean {
    if (this.state.find(key) === 0) return false;
    this.#write(kind.MUTATION_DELETE, key);
    return this.#apply.delete(key, this.#seq);
  }

  /** When the key expires, wall clock in milliseconds; 0 for never. */
  expire(key: string, at: number): void {
    this.#write(kind.MUTATION_EXPIRE, key).u48(at);
    this.#apply.expire(key, at, this.#seq);
  }

  /** Replaces the key by a whole collection, which belongs to the key space from now on; an empty one deletes the key. */
  put(key: string, value: Collection, expireAt: number): void {
    if (value.length === 0) {
      this.delete(key);
      return;
    }
    const log = this.#write(kind.MUTATION_PUT, key);
    log.u8(value.type);
    log.u48(expireAt);
    value.encode(log);
    this.#apply.put(key, value, expireAt, this.#seq);
  }

  /** Writes the string of one key to another. */
  copyString(from: string, to: string, expireAt: number): void {
    const ref = this.state.find(from);
    invariant(ref !== 0 && this.state.type(ref) === VALUE_STRING, "the source is a string");
    this.#setString(to, this.state.stringView(ref).slice(), expireAt, this.state.encodingHint(ref));
  }

  /** Returns how many fields are new. */
  hashSet(key: string, pairs: readonly string[]): number {
    this.#texts(this.#write(kind.MUTATION_HASH_SET, key), pairs.length / 2, pairs);
    return this.#apply.hashSet(key, pairs, this.#seq);
  }

  hashDelete(key: string, fields: readonly string[]): number {
    this.#texts(this.#write(kind.MUTATION_HASH_DELETE, key), fields.length, fields);
    return this.#apply.hashDelete(key, fields, this.#seq);
  }

  /** Returns the new length. */
  listPush(key: string, left: boolean, values: readonly string[]): number {
    const log = this.#write(kind.MUTATION_LIST_PUSH, key);
    log.u8(left ? 1 : 0);
    this.#texts(log, values.length, values);
    return this.#apply.listPush(key, left, values, this.#seq);
  }

  listPop(key: string, left: boolean, count: number): void {
    const log = this.#write(kind.MUTATION_LIST_POP, key);
    log.u8(left ? 1 : 0);
    log.varint(count);
    this.#apply.listPop(key, left, count, this.#seq);
  }

  listSet(key: string, index: number, value: string): void {
    const log = this.#write(kind.MUTATION_LIST_SET, key);
    log.varint(index);
    log.lengthText(value);
    this.#apply.listSet(key, index, value, this.#seq);
  }

  listInsert(key: string, index: number, value: string): void {
    const log = this.#write(kind.MUTATION_LIST_INSERT, key);
    log.varint(index);
    log.lengthText(value);
    this.#apply.listInsert(key, index, value, this.#seq);
  }

  /** Indexes ascending. */
  listRemove(key: string, indexes: readonly number[]): void {
    const log = this.#write(kind.MUTATION_LIST_REMOVE, key);
    log.varint(indexes.length);
    for (const index of indexes) log.varint(index);
    this.#apply.listRemove(key, indexes, this.#seq);
  }

  /** Keeps the elements from `start` to before `end`. */
  listTrim(key: string, start: number, end: number): void {
    const log = this.#write(kind.MUTATION_LIST_TRIM, key);
    log.varint(start);
    log.varint(end);
    this.#apply.listTrim(key, start, end, this.#seq);
  }

  /** Returns how many members are new. */
  setAdd(key: string, members: readonly string[]): number {
    this.#texts(this.#write(kind.MUTATION_SET_ADD, key), members.length, members);
    return this.#apply.setAdd(key, members, this.#seq);
  }

  setRemove(key: string, members: readonly string[]): number {
    this.#texts(this.#write(kind.MUTATION_SET_REMOVE, key), members.length, members);
    return this.#apply.setRemove(key, members, this.#seq);
  }

  /** Adds members or gives them new scores. */
  zsetAdd(key: string, members: readonly string[], scores: readonly number[]): void {
    const log = this.#write(kind.MUTATION_ZSET_ADD, key);
    log.varint(members.length);
    for (let i = 0; i < members.length; i++) {
      log.f64(scores[i]!);
      log.lengthText(members[i]!);
    }
    this.#apply.zsetAdd(key, members, scores, this.#seq);
  }

  zsetRemove(key: string, members: readonly string[]): number {
    this.#texts(this.#write(kind.MUTATION_ZSET_REMOVE, key), members.length, members);
    return this.#apply.zsetRemove(key, members, this.#seq);
  }

  /**
   * Remembers the answer of write `number` of a session, in the row whose key `key` is (see `writeSessionKey`): that key was looked up, and
   * the look-up kept (`keepSeek`). Whoever has loaded what was found gives it as `row`, without answers below `firstOpen`. The bytes of the
   * key may be used for another one afterwards.
   */
  rememberAnswer(
    key: Uint8Array,
    expireAt: number,
    firstOpen: number,
    number: number,
    answerKind: number,
    body: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
    row?: SessionRow,
  ): void {
    const log = this.#start(kind.MUTATION_SESSION);
    const answer = this.#answer;
    answer.expireAt = expireAt;
    answer.firstOpen = firstOpen;
    answer.first = number;
    writeSessionMutation(log, key, answerKind, body, bodyStart, bodyEnd, answer);
    const { state } = this;
    this.#apply.sessions.add(state.findKept(), answer, log.bytes, this.#seq, row);
    state.forgetSeek();
  }

  /** Removes every key. */
  clear(): void {
    this.#start(kind.MUTATION_CLEAR).lengthText("");
    if (this.onTouch !== undefined) this.onTouch(undefined);
    this.#apply.clear(this.#seq);
  }

  /**
   * Takes mutations as they stand in another group's log, `bytes[start, end)`, into the present entry; how many there were. All of
   * them are checked before anything changes: throws `MalformedBytes` if they are not what a log has of keys. Whoever calls has seen
   * to it that they fit the entry.
   */
  importMutations(bytes: Uint8Array, start: number, end: number): number {
    const count = this.#checkImported(bytes, start, end);
    if (count === 0) return 0;
    this.#startEntry().copy(bytes, start, end);
    this.mutations += count;
    const { state } = this;
    const reader = new ByteReader(bytes, start, end);
    while (reader.remaining > 0) {
      const code = reader.u8();
      // The bytes are used again for others.
      state.forgetSeek();
      if (code === kind.MUTATION_SET_STRING) this.#importString(reader);
      else decodeMutation(this.#apply, code, reader.lengthText(), reader, this.#seq)();
    }
    state.forgetSeek();
    return count;
  }

  /** Most keys are strings: nothing is made of their bytes on the way. */
  #importString(reader: ByteReader): void {
    const { bytes } = reader;
    const keyLength = reader.varint();
    const keyStart = reader.take(keyLength);
    const expireAt = reader.u48();
    const hint = reader.u8() as EncodingHint;
    const length = reader.varint();
    const start = reader.take(length);
    if (hint === ENCODING_AUTO) {
      this.state.setStringArg(bytes, keyStart, keyStart + keyLength, start, start + length, expireAt, this.#seq);
    } else {
      const key = decodeLatin1(bytes, keyStart, keyStart + keyLength);
      this.#apply.setString(key, bytes.subarray(start, start + length), expireAt, hint, this.#seq);
    }
  }

  #checkImported(bytes: Uint8Array, start: number, end: number): number {
    let count = 0;
    const touched: string[] = [];
    const cursor = new MutationCursor().open(new ByteReader(bytes, start, end));
    for (; cursor.next(); count++) {
      if (cursor.code === kind.MUTATION_CLEAR || cursor.code === kind.MUTATION_SLOTS) {
        throw new MalformedBytes("a mutation that is about no key is taken from another group");
      }
      if (this.onTouch !== undefined) touched.push(cursor.key);
    }
    for (const key of touched) this.onTouch?.(key);
    return count;
  }

  /**
   * Changes what the group does with some slots: the only such change of its entry. Whether it fits what was before; whoever calls
   * has looked, and all replicas pass over one that does not. No key is touched: who watches keys of slots that leave is told by
   * whoever calls.
   */
  changeSlots(change: SlotChange): boolean {
    const writer = this.#slotChange;
    writer.reset();
    writeSlotChange(writer, change);
    const log = this.#start(kind.MUTATION_SLOTS);
    log.lengthText("");
    log.lengthBytes(writer.bytes, 0, writer.length);
    return this.#apply.changeSlots(change, this.#seq);
  }

  #texts(log: ByteWriter, count: number, texts: readonly string[]): void {
    log.varint(count);
    for (const text of texts) log.lengthText(text);
  }
}
