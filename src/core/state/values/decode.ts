import { type ByteReader, MalformedBytes } from "../../../base/byteReader.ts";
import { type Collection, type StoredPiece, VALUE_HASH, VALUE_LIST, VALUE_SET, VALUE_ZSET } from "./collection.ts";
import { HashValue } from "./hashValue.ts";
import { ListValue } from "./listValue.ts";
import { SetValue } from "./setValue.ts";
import { ZSetValue } from "./zsetValue.ts";

/** Reads what `encode` of a collection of type `type` wrote. Throws `MalformedBytes`. */
export function decodeCollection(type: number, reader: ByteReader): Collection {
  return classOf(type).decode(reader);
}

/**
 * Rebuilds a collection from its header and all its pieces, given in byte order of their names. The result is in pieces
 * and nothing of it is dirty, unless positions in the pieces had to be put right. Throws `MalformedBytes`.
 */
export function collectionFromPieces(type: number, header: ByteReader, pieces: Iterable<StoredPiece>): Collection {
  return classOf(type).fromPieces(header, pieces);
}

interface CollectionClass {
  decode(reader: ByteReader): Collection;
  fromPieces(header: ByteReader, pieces: Iterable<StoredPiece>): Collection;
}

function classOf(type: number): CollectionClass {
  switch (type) {
    case VALUE_LIST:
      return ListValue;
    case VALUE_SET:
      return SetValue;
    case VALUE_ZSET:
      return ZSetValue;
    case VALUE_HASH:
      return HashValue;
    default:
      throw new MalformedBytes(`no collection has type ${type}`);
  }
}
