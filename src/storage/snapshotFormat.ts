import type { ByteReader } from "../base/byteReader.ts";
import type { ByteWriter } from "../base/byteWriter.ts";
import { type Epoch, epoch, type Seq, seq } from "../base/ids.ts";

/**
 * A snapshot is a run of bytes, cut into chunks anywhere: a header, then for each key, piece and orphan of the sender's store
 * an entry, then the end. Integers are little-endian. See docs/data/snapshot.md.
 */
const SNAPSHOT_MAGIC = "hfastsnp";
const SNAPSHOT_VERSION = 1;
export const SNAPSHOT_HEADER_BYTES = 34;
/** Behind the last entry: kind, number of entries, CRC-32 of everything before it. */
export const SNAPSHOT_END_BYTES = 11;
/** Before the key of an entry: kind, length of the key, length of the value. */
export const SNAPSHOT_ENTRY_HEAD_BYTES = 9;
export const CHUNK_BYTES_MAX = 256 * 1024;
/** A value of 512 MiB with its key is the largest there is. */
export const SNAPSHOT_ENTRY_BYTES_MAX = 0x2100_0000;

export const ENTRY_END = 0;
export const ENTRY_RECORD = 1;
export const ENTRY_PIECE = 2;
export const ENTRY_ORPHAN = 3;
/** At most one, with an empty key. Senders that know nothing of slots have none. */
export const ENTRY_SLOTS = 4;

export interface SnapshotHeader {
  /** Every mutation up to here is in the snapshot; of later ones some may be, each key carrying its version. */
  readonly seq: Seq;
  /** Epoch of that entry. */
  readonly epoch: Epoch;
  /** Seq of the last `FLUSHALL`. */
  readonly cleared: Seq;
  readonly nextPieceId: number;
}

export function writeSnapshotHeader(writer: ByteWriter, header: SnapshotHeader): void {
  writer.text(SNAPSHOT_MAGIC);
  writer.u16(SNAPSHOT_VERSION);
  for (const value of [header.seq, header.epoch, header.cleared, header.nextPieceId]) writer.u48(value);
}

/** The header, or why it is none. */
export function readSnapshotHeader(reader: ByteReader): SnapshotHeader | "malformed" | "newer_format" {
  if (reader.text(SNAPSHOT_MAGIC.length) !== SNAPSHOT_MAGIC) return "malformed";
  if (reader.u16() !== SNAPSHOT_VERSION) return "newer_format";
  return { seq: seq(reader.u48()), epoch: epoch(reader.u48()), cleared: seq(reader.u48()), nextPieceId: reader.u48() };
}
