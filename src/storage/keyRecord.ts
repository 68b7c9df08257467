import { ByteReader, MalformedBytes } from "../base/byteReader.ts";
import type { ByteWriter } from "../base/byteWriter.ts";
import type { ColdRecord, EncodingHint } from "../core/state/coldStore.ts";
import { HeldCollection } from "../core/state/heldCollection.ts";
import { isBytes } from "../core/state/keySpace.ts";
import type { Collection, StoredPiece } from "../core/state/values/collection.ts";
import { VALUE_HASH, VALUE_LIST } from "../core/state/values/collection.ts";
import { collectionFromPieces, decodeCollection } from "../core/state/values/decode.ts";

const WHOLE = 0;
/** First byte of a collection's value that stands elsewhere. */
export const IN_PIECES = 1;
/** Where the expiry stands, behind the encoding hint, and where the value begins. */
export const RECORD_EXPIRE_AT = 8;
export const RECORD_HEAD_BYTES = 14;

/** The part of a key's record that stands before the value: type, version, encoding hint, expiry. */
export function writeRecordHead(
  writer: ByteWriter,
  type: number,
  version: number,
  hint: EncodingHint,
  expireAt: number,
): void {
  writer.u8(type);
  writer.u48(version);
  writer.u8(hint);
  writer.u48(expireAt);
}

/** Seq of the key's last mutation. Throws `MalformedBytes`. */
export function versionOfRecord(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  reader.u8();
  return reader.u48();
}

/** Expiry in a key's record, 0 for none. Throws `MalformedBytes`. */
export function expireAtOfRecord(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  reader.u8();
  reader.u48();
  reader.u8();
  return reader.u48();
}

export function writeWhole(writer: ByteWriter, value: Collection): void {
  writer.u8(WHOLE);
  value.encode(writer);
}

export function writePiecesHeader(writer: ByteWriter, value: Collection, pieceId: number): void {
  writer.u8(IN_PIECES);
  writer.u48(pieceId);
  writer.varint(value.length);
  value.encodeHeader(writer);
}

/** Reads a record; `pieces` fetches those of a collection when somebody asks for it. Throws `MalformedBytes`. */
export function readRecord(bytes: Uint8Array, pieces: (pieceId: number) => Iterable<StoredPiece>): ColdRecord {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  const version = reader.u48();
  const encodingHint = reader.u8() as EncodingHint;
  const expireAt = reader.u48();
  if (isBytes(type)) return { type, version, encodingHint, expireAt, value: reader.view(reader.remaining) };
  if (type < VALUE_LIST || type > VALUE_HASH) throw new MalformedBytes(`${type} is no type of value`);
  return { type, version, encodingHint, expireAt, value: readCollection(type, reader, pieces) };
}

function readCollection(
  type: number,
  reader: ByteReader,
  pieces: (pieceId: number) => Iterable<StoredPiece>,
): HeldCollection {
  if (reader.u8() === WHOLE) return new HeldCollection(decodeCollection(type, reader));
  const pieceId = reader.u48();
  const length = reader.varint();
  return new HeldCollection(undefined, pieceId, () => {
    const value = collectionFromPieces(type, reader, pieces(pieceId));
    if (value.length === length) return value;
    throw new MalformedBytes(
      `a collection of the store has ${value.length} of ${length} elements: the store is damaged`,
    );
  });
}
