import { ByteReader, MalformedBytes } from "../base/byteReader.ts";
import { ByteWriter } from "../base/byteWriter.ts";
import { VALUE_SESSION, VALUE_STRING } from "../core/state/keySpace.ts";
import * as kind from "../core/state/mutation.ts";
import { SessionRow } from "../core/state/sessionRow.ts";
import { VALUE_HASH, VALUE_LIST, VALUE_SET, VALUE_ZSET } from "../core/state/values/collection.ts";
import { NAME_AT } from "./keyLayout.ts";
import { IN_PIECES, RECORD_EXPIRE_AT, RECORD_HEAD_BYTES } from "./keyRecord.ts";

/** So many bytes of elements go into one mutation. */
const ELEMENTS_BYTES = 16 * 1024;

/** A collection that stands in pieces elsewhere. */
export interface PiecesOfKey {
  readonly key: Uint8Array;
  readonly type: number;
  readonly expireAt: number;
  readonly pieceId: number;
}

/**
 * Writes the mutation that makes the key of a record: the value's bytes are those of the record. A collection in pieces is answered
 * instead: its elements go by `PieceMutations`. Throws `MalformedBytes`.
 */
export function writeRecordMutation(
  writer: ByteWriter,
  engineKey: Uint8Array,
  record: Uint8Array,
): PiecesOfKey | undefined {
  if (record.length < RECORD_HEAD_BYTES) throw new MalformedBytes("a record of the store is too short");
  const type = record[0]!;
  if (type === VALUE_STRING) {
    writer.u8(kind.MUTATION_SET_STRING);
    writer.lengthBytes(engineKey, NAME_AT, engineKey.length);
    writer.copy(record, RECORD_EXPIRE_AT, RECORD_HEAD_BYTES);
    writer.u8(record[RECORD_EXPIRE_AT - 1]!);
    writer.lengthBytes(record, RECORD_HEAD_BYTES, record.length);
    return undefined;
  }
  if (type === VALUE_SESSION) {
    writeSession(writer, engineKey, record);
    return undefined;
  }
  if (type < VALUE_LIST || type > VALUE_HASH) throw new MalformedBytes(`${type} is no type of value`);
  if (record[RECORD_HEAD_BYTES] === IN_PIECES) {
    const reader = new ByteReader(record, RECORD_EXPIRE_AT);
    const expireAt = reader.u48();
    reader.u8();
    return { key: engineKey.subarray(NAME_AT), type, expireAt, pieceId: reader.u48() };
  }
  writer.u8(kind.MUTATION_PUT);
  writer.lengthBytes(engineKey, NAME_AT, engineKey.length);
  writer.u8(type);
  writer.copy(record, RECORD_EXPIRE_AT, RECORD_HEAD_BYTES);
  writer.copy(record, RECORD_HEAD_BYTES + 1, record.length);
  return undefined;
}

/** All answers of a session's row: where it is copied to there may be some of them already. */
function writeSession(writer: ByteWriter, engineKey: Uint8Array, record: Uint8Array): void {
  const row = new SessionRow();
  row.load(record, RECORD_HEAD_BYTES);
  writer.u8(kind.MUTATION_SESSION);
  writer.lengthBytes(engineKey, NAME_AT, engineKey.length);
  writer.copy(record, RECORD_EXPIRE_AT, RECORD_HEAD_BYTES);
  writer.varint(row.firstOpen);
  writer.varint(row.count);
  writer.copy(record, row.at, row.end);
}

/**
 * Writes the mutations that make a collection of its pieces, some elements each. The order in which `HSCAN` and its like go along is
 * not kept, nor is the name of an encoding that the elements alone would not have.
 */
export class PieceMutations {
  readonly #writer: ByteWriter;
  readonly #of: PiecesOfKey;
  readonly #elements = new ByteWriter(ELEMENTS_BYTES);
  #count = 0;

  /** Nothing of an earlier copy is left in the key. */
  constructor(writer: ByteWriter, of: PiecesOfKey) {
    this.#writer = writer;
    this.#of = of;
    this.#begin(kind.MUTATION_DELETE);
  }

  #begin(mutation: number): void {
    this.#writer.u8(mutation);
    this.#writer.lengthBytes(this.#of.key, 0, this.#of.key.length);
  }

  /** Takes a piece, by its key in the engine. Throws `MalformedBytes`. */
  add(engineKey: Uint8Array, content: Uint8Array): void {
    const elements = this.#elements;
    const reader = new ByteReader(content);
    const { type } = this.#of;
    if (type === VALUE_LIST) {
      elements.copy(content, 0, content.length);
      for (; reader.remaining > 0; this.#count++) reader.take(reader.varint());
    } else {
      reader.varint();
      if (type === VALUE_ZSET) elements.copy(content, reader.take(8), reader.at);
      elements.lengthBytes(engineKey, NAME_AT, engineKey.length);
      if (type === VALUE_HASH) elements.lengthBytes(content, reader.at, content.length);
      this.#count++;
    }
    if (elements.length >= ELEMENTS_BYTES) this.#write();
  }

  #write(): void {
    if (this.#count === 0) return;
    this.#begin(mutationOf(this.#of.type));
    if (this.#of.type === VALUE_LIST) this.#writer.u8(0);
    this.#writer.varint(this.#count);
    this.#writer.copy(this.#elements.bytes, 0, this.#elements.length);
    this.#elements.reset();
    this.#count = 0;
  }

  /** All pieces were given. */
  end(): void {
    this.#write();
    if (this.#of.expireAt === 0) return;
    this.#begin(kind.MUTATION_EXPIRE);
    this.#writer.u48(this.#of.expireAt);
  }
}

function mutationOf(type: number): number {
  if (type === VALUE_LIST) return kind.MUTATION_LIST_PUSH;
  if (type === VALUE_SET) return kind.MUTATION_SET_ADD;
  return type === VALUE_ZSET ? kind.MUTATION_ZSET_ADD : kind.MUTATION_HASH_SET;
}
