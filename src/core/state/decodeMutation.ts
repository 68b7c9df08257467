import { ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import { readSlotChange, type SlotChange } from "../slots/slotChange.ts";
import type { Applier } from "./apply.ts";
import type { EncodingHint } from "./coldStore.ts";
import * as kind from "./mutation.ts";
import { SessionMutation } from "./sessionMutation.ts";
import { decodeCollection } from "./values/decode.ts";

/**
 * Reads what follows a mutation's key; what comes of it does to the key space what the mutation says. The reader's bytes must stay as
 * they are until then. Throws `MalformedBytes`.
 */
export function decodeMutation(apply: Applier, code: number, key: string, reader: ByteReader, seq: number): () => void {
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
    case kind.MUTATION_SESSION: {
      const answers = new SessionMutation().read(reader);
      return () => apply.session(key, answers, reader.bytes, seq);
    }
    case kind.MUTATION_CLEAR:
      return () => apply.clear(seq);
    case kind.MUTATION_SLOTS: {
      const change = readSlotMutation(reader);
      return () => apply.changeSlots(change, seq);
    }
    default:
      return decodeCollectionChange(apply, code, key, reader, seq);
  }
}

function decodeCollectionChange(
  apply: Applier,
  code: number,
  key: string,
  reader: ByteReader,
  seq: number,
): () => void {
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

/** The change that a `MUTATION_SLOTS` carries; the reader is behind its empty key. Throws `MalformedBytes`. */
export function readSlotMutation(reader: ByteReader): SlotChange {
  const length = reader.varint();
  const start = reader.take(length);
  return readSlotChange(new ByteReader(reader.bytes, start, start + length));
}

function texts(reader: ByteReader, each: number): string[] {
  const found: string[] = [];
  for (let left = reader.varint() * each; left > 0; left--) found.push(reader.lengthText());
  return found;
}
