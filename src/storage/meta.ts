import { ByteReader } from "../base/byteReader.ts";
import { ByteWriter } from "../base/byteWriter.ts";
import { type Seq, seq } from "../base/ids.ts";

const META_VERSION = 1;
/** The version of a store that is not whole: a program that does not know what that means must not open it. */
const META_VERSION_INSTALLING = 2;
/** Fewer bytes may follow: the checksum of the store. */
const SESSION_ROWS_BYTES = 6;

/** What the engine says of itself; it is part of every batch. */
export interface EngineMeta {
  /** Every mutation up to here is in the engine; of later ones, some may be, each key carrying its version. */
  applied: Seq;
  /** Seq of the last `FLUSHALL` that the engine knows. */
  cleared: Seq;
  generation: number;
  storedKeys: number;
  /** How many of them are rows of sessions. */
  storedSessionRows: number;
  nextPieceId: number;
  /** A snapshot is being brought in: what else is here means nothing until it is whole. */
  installing: boolean;
}

export function newMeta(): EngineMeta {
  return {
    applied: seq(0),
    cleared: seq(0),
    generation: 1,
    storedKeys: 0,
    storedSessionRows: 0,
    nextPieceId: 1,
    installing: false,
  };
}

export function encodeMeta(meta: EngineMeta): Uint8Array {
  const writer = new ByteWriter(64);
  writer.u8(meta.installing ? META_VERSION_INSTALLING : META_VERSION);
  for (const value of [meta.applied, meta.cleared, meta.generation, meta.storedKeys, meta.nextPieceId])
    writer.u48(value);
  // Stores of versions that knew of no sessions end here.
  if (meta.storedSessionRows > 0) writer.u48(meta.storedSessionRows);
  return writer.slice();
}

/** Undefined when a newer version wrote it. */
export function decodeMeta(bytes: Uint8Array): EngineMeta | undefined {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== META_VERSION && version !== META_VERSION_INSTALLING) return undefined;
  return {
    applied: seq(reader.u48()),
    cleared: seq(reader.u48()),
    generation: reader.u48(),
    storedKeys: reader.u48(),
    nextPieceId: reader.u48(),
    storedSessionRows: reader.remaining >= SESSION_ROWS_BYTES ? reader.u48() : 0,
    installing: version === META_VERSION_INSTALLING,
  };
}
