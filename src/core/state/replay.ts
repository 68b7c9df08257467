import { type ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import { Applier } from "./apply.ts";
import type { EncodingHint } from "./coldStore.ts";
import type { KeySpace } from "./keySpace.ts";
import * as kind from "./mutation.ts";
import { decodeCollection } from "./values/decode.ts";

/** Applies entries that somebody else evaluated: this node before a restart, or another replica. */
export class Replayer {
  readonly #state: KeySpace;
  readonly #apply: Applier;
  /** Keys that the present entry has changed. */
  readonly #touched = new Set<string>();

  constructor(state: KeySpace) {
    this.#state = state;
    this.#apply = new Applier(state);
  }

  /**
   * Applies the mutations of entry `seq`, leaving out those that a key has behind it already: each key carries the seq of
   * its last mutation, so that a replay may begin anywhere before what is missing. Throws `MalformedBytes`.
   */
  entry(reader: ByteReader, seq: number): void {
    const { clearedSeq } = this.#state;
    if (seq < clearedSeq) return;
    this.#touched.clear();
    if (seq === clearedSeq) this.#passLastClear(reader, seq);
    while (reader.remaining > 0) this.#mutation(reader, seq);
  }

  /** The entry that removed every key last, and is not forgotten: only what it did after that may still be to be done. */
  #passLastClear(reader: ByteReader, seq: number): void {
    let behind = reader.at;
    while (reader.remaining > 0) {
      const code = reader.u8();
      this.#decode(code, reader.lengthText(), reader, seq);
      if (code === kind.MUTATION_CLEAR) behind = reader.at;
    }
    reader.at = behind;
  }

  #mutation(reader: ByteReader, seq: number): void {
    const code = reader.u8();
    const key = reader.lengthText();
    this.#state.forgetSeek();
    // Every mutation is read to its end, also one that is left out.
    const run = this.#decode(code, key, reader, seq);
    if (code !== kind.MUTATION_CLEAR) {
      // Several mutations of one entry may be about one key; but what was at this seq before the entry has all of it.
      if (this.#hasBehind(key, seq) && !this.#touched.has(key)) return;
      this.#touched.add(key);
    }
    run();
  }

  #hasBehind(key: string, seq: number): boolean {
    const state = this.#state;
    const ref = state.find(key);
    // To a key that is not there, `pendingVersion` says when every key was removed, which this entry may have done itself.
    if (state.clearedSeq === seq) return ref !== 0 && state.version(ref) >= seq;
    return state.pendingVersion >= seq;
  }

  #decode(code: number, key: string, reader: ByteReader, seq: number): () => void {
    const apply = this.#apply;
    switch (code) {
      case kind.MUTATION_DELETE:
        return () => apply.delete(key, seq);
      case kind.MUTATION_SET_STRING: {
        const expireAt = reader.u48();
        const hint = reader.u8() as EncodingHint;
        const value = reader.view(reader.varint());
        return () => apply.setString(key, value, expireAt, hint, seq);
      }
      case kind.MUTATION_APPEND: {
        const tail = reader.view(reader.varint());
        return () => apply.append(key, tail, seq);
      }
      case kind.MUTATION_SET_RANGE: {
        const offset = reader.varint();
        const part = reader.view(reader.varint());
        return () => apply.setRange(key, offset, part, seq);
      }
      case kind.MUTATION_EXPIRE: {
        const at = reader.u48();
        return () => apply.expire(key, at, seq);
      }
      case kind.MUTATION_PUT: {
        const type = reader.u8();
        const expireAt = reader.u48();
        const value = decodeCollection(type, reader);
        return () => apply.put(key, value, expireAt, seq);
      }
      case kind.MUTATION_CLEAR:
        return () => apply.clear(seq);
      default:
        return this.#decodeCollectionChange(code, key, reader, seq);
    }
  }

  #decodeCollectionChange(code: number, key: string, reader: ByteReader, seq: number): () => void {
    const apply = this.#apply;
    switch (code) {
      case kind.MUTATION_HASH_SET: {
        const pairs = texts(reader, 2);
        return () => apply.hashSet(key, pairs, seq);
      }
      case kind.MUTATION_HASH_DELETE: {
        const fields = texts(reader, 1);
        return () => apply.hashDelete(key, fields, seq);
      }
      case kind.MUTATION_LIST_PUSH: {
        const left = reader.u8() === 1;
        const values = texts(reader, 1);
        return () => apply.listPush(key, left, values, seq);
      }
      case kind.MUTATION_LIST_POP: {
        const left = reader.u8() === 1;
        const count = reader.varint();
        return () => apply.listPop(key, left, count, seq);
      }
      case kind.MUTATION_LIST_SET: {
        const index = reader.varint();
        const value = reader.lengthText();
        return () => apply.listSet(key, index, value, seq);
      }
      case kind.MUTATION_LIST_INSERT: {
        const index = reader.varint();
        const value = reader.lengthText();
        return () => apply.listInsert(key, index, value, seq);
      }
      case kind.MUTATION_LIST_REMOVE: {
        const indexes: number[] = [];
        for (let left = reader.varint(); left > 0; left--) indexes.push(reader.varint());
        return () => apply.listRemove(key, indexes, seq);
      }
      case kind.MUTATION_LIST_TRIM: {
        const start = reader.varint();
        const end = reader.varint();
        return () => apply.listTrim(key, start, end, seq);
      }
      case kind.MUTATION_SET_ADD: {
        const members = texts(reader, 1);
        return () => apply.setAdd(key, members, seq);
      }
      case kind.MUTATION_SET_REMOVE: {
        const members = texts(reader, 1);
        return () => apply.setRemove(key, members, seq);
      }
      case kind.MUTATION_ZSET_ADD: {
        const members: string[] = [];
        const scores: number[] = [];
        for (let left = reader.varint(); left > 0; left--) {
          scores.push(reader.f64());
          members.push(reader.lengthText());
        }
        return () => apply.zsetAdd(key, members, scores, seq);
      }
      case kind.MUTATION_ZSET_REMOVE: {
        const members = texts(reader, 1);
        return () => apply.zsetRemove(key, members, seq);
      }
      default:
        throw new MalformedBytes(`${code} is no kind of mutation`);
    }
  }
}

/**
 * The keys that an entry's mutations are about, without applying them; undefined when one of them concerns every key. Throws
 * `MalformedBytes`.
 */
export function keysOfEntry(reader: ByteReader): Set<string> | undefined {
  const keys = new Set<string>();
  while (reader.remaining > 0) {
    const code = reader.u8();
    const key = reader.lengthText();
    if (code === kind.MUTATION_CLEAR) return undefined;
    keys.add(key);
    passMutation(code, reader);
  }
  return keys;
}

/** Goes over what follows a mutation's key. */
function passMutation(code: number, reader: ByteReader): void {
  switch (code) {
    case kind.MUTATION_DELETE:
      return;
    case kind.MUTATION_SET_STRING:
      reader.take(7);
      return passTexts(reader, 1);
    case kind.MUTATION_APPEND:
      return passTexts(reader, 1);
    case kind.MUTATION_SET_RANGE:
    case kind.MUTATION_LIST_SET:
    case kind.MUTATION_LIST_INSERT:
      reader.varint();
      return passTexts(reader, 1);
    case kind.MUTATION_EXPIRE:
      return void reader.take(6);
    case kind.MUTATION_PUT: {
      const type = reader.u8();
      reader.take(6);
      return void decodeCollection(type, reader);
    }
    case kind.MUTATION_HASH_SET:
      return passTexts(reader, reader.varint() * 2);
    case kind.MUTATION_LIST_PUSH:
      reader.take(1);
      return passTexts(reader, reader.varint());
    case kind.MUTATION_LIST_POP:
      reader.take(1);
      return void reader.varint();
    case kind.MUTATION_LIST_REMOVE:
      for (let left = reader.varint(); left > 0; left--) reader.varint();
      return;
    case kind.MUTATION_LIST_TRIM:
      reader.varint();
      return void reader.varint();
    case kind.MUTATION_HASH_DELETE:
    case kind.MUTATION_SET_ADD:
    case kind.MUTATION_SET_REMOVE:
    case kind.MUTATION_ZSET_REMOVE:
      return passTexts(reader, reader.varint());
    case kind.MUTATION_ZSET_ADD:
      for (let left = reader.varint(); left > 0; left--) {
        reader.take(8);
        passTexts(reader, 1);
      }
      return;
    default:
      throw new MalformedBytes(`${code} is no kind of mutation`);
  }
}

function passTexts(reader: ByteReader, count: number): void {
  for (let left = count; left > 0; left--) reader.take(reader.varint());
}

function texts(reader: ByteReader, each: number): string[] {
  const found: string[] = [];
  for (let left = reader.varint() * each; left > 0; left--) found.push(reader.lengthText());
  return found;
}
