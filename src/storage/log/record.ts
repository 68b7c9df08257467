import { MalformedBytes } from "../../base/byteReader.ts";
import type { ByteWriter } from "../../base/byteWriter.ts";
import { type Epoch, epoch, type Seq, seq, type WallMillis, wallMillis } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import type { Checksum } from "../../ports/checksum.ts";
import { getU32, getU48, putU32, putU48 } from "./headerBytes.ts";

/**
 * A record is what one sync makes durable: a header and the entries of one epoch, each a u32 length and its bytes.
 *
 * | at | bytes | field |
 * |---|---|---|
 * | 0 | u32 | CRC-32 of the rest of the header |
 * | 4 | 4 | `HFR` and the kind, 1 |
 * | 8 | u32 | salt of the segment: random, so that no client can send a value that looks like a record of this file |
 * | 12 | u32 | payload bytes |
 * | 16 | u32 | CRC-32 of the payload |
 * | 20 | u32 | entries; none in a mark, which only carries a durable point |
 * | 24 | u48 | seq of the first entry |
 * | 30 | u48 | epoch |
 * | 36 | u48 | durable point: everything up to this seq had been synced when the record was written |
 * | 42 | u48 | wall clock, milliseconds since 1970 |
 *
 * The header has a CRC of its own so that the length of a record can be trusted before its payload is read, and so that
 * the durable points behind a damaged payload can be found: they tell damage from a tail that was never synced.
 */
export const RECORD_HEADER_BYTES = 48;
/** A limit far above what a client may send (512 MiB a value), below what one array can hold. */
const RECORD_BYTES_MAX = 0x7fff_0000;
/** First byte of the mark in a header, to search for it, and where it stands. */
export const RECORD_MAGIC_BYTE = 0x48;
export const RECORD_MAGIC_AT = 4;

const MAGIC_AND_KIND = 0x01_52_46_48;
const MAGIC_MASK = 0xff_ffff;
const ENTRY_LENGTH_BYTES = 4;
const U48_LIMIT = 0x1_0000_0000_0000;

/** What the writer of a record knows about it. */
export interface RecordFacts {
  readonly epoch: Epoch;
  readonly firstSeq: Seq;
  /** Entries in the payload, at least one. */
  readonly count: number;
  readonly time: WallMillis;
}

/** Starts a record: `writer` then stands behind the place of the header. */
export function beginRecord(writer: ByteWriter): void {
  writer.reset(RECORD_HEADER_BYTES);
}

/** Starts an entry; what is written until `endEntry` is its content. */
export function beginEntry(writer: ByteWriter): number {
  const start = writer.length;
  writer.u32(0);
  return start;
}

/** Ends the entry that `beginEntry` started at `start`. */
export function endEntry(writer: ByteWriter, start: number): void {
  writer.setU32(start, writer.length - start - ENTRY_LENGTH_BYTES);
}

/**
 * Fills in the header, but for what only the log knows: the salt, the durable point, and with them the header's CRC.
 */
export function sealRecord(writer: ByteWriter, facts: RecordFacts, checksum: Checksum): void {
  const { bytes, length } = writer;
  invariant(length >= RECORD_HEADER_BYTES && length <= RECORD_BYTES_MAX, () => `a record of ${length} bytes`);
  invariant(facts.epoch < U48_LIMIT && facts.firstSeq + facts.count < U48_LIMIT, "an epoch or seq of over 48 bits");
  putU32(bytes, 4, MAGIC_AND_KIND);
  putU32(bytes, 12, length - RECORD_HEADER_BYTES);
  putU32(bytes, 16, checksum.crc32(bytes, RECORD_HEADER_BYTES, length));
  putU32(bytes, 20, facts.count);
  putU48(bytes, 24, facts.firstSeq);
  putU48(bytes, 30, facts.epoch);
  putU48(bytes, 42, facts.time);
}

/** A record of the entries from seq `firstSeq` on, whose bytes begin at `start`; sealed, in bytes of its own. */
export function resealTail(record: RecordView, start: number, firstSeq: Seq, checksum: Checksum): Uint8Array {
  const payload = record.bytes.subarray(start, record.end);
  const tail = new Uint8Array(RECORD_HEADER_BYTES + payload.length);
  tail.set(record.bytes.subarray(record.start - RECORD_HEADER_BYTES, record.start));
  tail.set(payload, RECORD_HEADER_BYTES);
  putU32(tail, 12, payload.length);
  putU32(tail, 16, checksum.crc32(tail, RECORD_HEADER_BYTES, tail.length));
  putU32(tail, 20, record.lastSeq - firstSeq + 1);
  putU48(tail, 24, firstSeq);
  return tail;
}

/** Completes the header of a sealed record, for one segment. */
export function stampRecord(record: Uint8Array, salt: number, durable: Seq, checksum: Checksum): void {
  putU32(record, 8, salt);
  putU48(record, 36, durable);
  putU32(record, 0, checksum.crc32(record, RECORD_MAGIC_AT, RECORD_HEADER_BYTES));
}

/** A record where it lies; one object is used for all records of a walk, so it is valid only until the next. */
export class RecordView {
  bytes: Uint8Array = new Uint8Array(0);
  /** The payload is `[start, end)` of `bytes`. */
  start = 0;
  end = 0;
  kindKnown = true;
  salt = 0;
  count = 0;
  firstSeq: Seq = seq(0);
  lastSeq: Seq = seq(0);
  epoch: Epoch = epoch(0);
  durable: Seq = seq(0);
  time: WallMillis = wallMillis(0);

  /** Takes the fields of the header at `at`, trusting it. */
  load(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.start = at + RECORD_HEADER_BYTES;
    this.end = this.start + getU32(bytes, at + 12);
    this.kindKnown = getU32(bytes, at + 4) === MAGIC_AND_KIND;
    this.salt = getU32(bytes, at + 8);
    this.count = getU32(bytes, at + 20);
    this.firstSeq = seq(getU48(bytes, at + 24));
    this.lastSeq = seq(this.firstSeq + this.count - 1);
    this.epoch = epoch(getU48(bytes, at + 30));
    this.durable = seq(getU48(bytes, at + 36));
    this.time = wallMillis(getU48(bytes, at + 42));
  }

  /** Takes the fields of the header at `at` if a whole, undamaged header with this salt stands there. */
  loadValid(bytes: Uint8Array, at: number, salt: number, checksum: Checksum): boolean {
    if ((getU32(bytes, at + RECORD_MAGIC_AT) & MAGIC_MASK) !== (MAGIC_AND_KIND & MAGIC_MASK)) return false;
    if (getU32(bytes, at + 8) !== salt) return false;
    if (checksum.crc32(bytes, at + RECORD_MAGIC_AT, at + RECORD_HEADER_BYTES) !== getU32(bytes, at)) return false;
    this.load(bytes, at);
    return true;
  }

  payloadIsWhole(checksum: Checksum): boolean {
    const stored = getU32(this.bytes, this.start - RECORD_HEADER_BYTES + 16);
    return checksum.crc32(this.bytes, this.start, this.end) === stored;
  }
}

/**
 * Goes over the entries of a record without copying them: `while (cursor.next()) use(cursor.bytes, cursor.start,
 * cursor.end)`.
 */
export class EntryCursor {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  seq: Seq = seq(0);
  #payloadEnd = 0;
  #left = 0;

  /** Stands before the first entry of `record`. */
  open(record: RecordView): this {
    this.bytes = record.bytes;
    this.end = record.start;
    this.seq = seq(record.firstSeq - 1);
    this.#payloadEnd = record.end;
    this.#left = record.count;
    return this;
  }

  /** Goes to the next entry, if there is one. Throws `MalformedBytes` if the lengths do not add up. */
  next(): boolean {
    if (this.#left === 0) {
      if (this.end !== this.#payloadEnd) throw new MalformedBytes("bytes are left behind the last entry of a record");
      return false;
    }
    const start = this.end + ENTRY_LENGTH_BYTES;
    const end = start <= this.#payloadEnd ? start + getU32(this.bytes, this.end) : start;
    if (end > this.#payloadEnd) throw new MalformedBytes("an entry reaches beyond its record");
    this.start = start;
    this.end = end;
    this.seq = seq(this.seq + 1);
    this.#left--;
    return true;
  }
}
