import { type Epoch, epoch, type Seq, seq } from "../../base/ids.ts";
import type { Checksum } from "../../ports/checksum.ts";
import { getU32, getU48, putU32, putU48 } from "./headerBytes.ts";

/**
 * A segment is one file of the log: this header, then records one after the other, then zeros that were written ahead
 * or nothing. Files are named by a serial number without gaps, not by their first seq: a segment may be made while
 * entries still go to the one before it.
 *
 * | at | bytes | field |
 * |---|---|---|
 * | 0 | 8 | `hfastlog` |
 * | 8 | u16 | version of the format |
 * | 10 | 2 | 0 |
 * | 12 | u32 | CRC-32 of the other 60 bytes; later versions keep this rule |
 * | 16 | u48 | identity of the log |
 * | 22 | u48 | serial number, as in the name |
 * | 28 | u32 | salt, drawn for each segment |
 * | 32 | u48 | seq and |
 * | 38 | u48 | epoch of the last entry when the segment was made; the first one here comes later |
 * | 44 | u48 | durable point when the segment was made |
 * | 50 | 14 | 0 |
 */
export const SEGMENT_HEADER_BYTES = 64;
const SEGMENT_VERSION = 1;

const MAGIC = [0x68, 0x66, 0x61, 0x73, 0x74, 0x6c, 0x6f, 0x67];
const CRC_AT = 12;
const CRC_END = 16;
const NAME = /^[0-9a-f]{16}\.log$/;

export interface SegmentHeader {
  readonly identity: number;
  readonly serial: number;
  readonly salt: number;
  readonly afterSeq: Seq;
  readonly afterEpoch: Epoch;
  readonly durable: Seq;
}

/** A segment as the open log knows it. */
export interface Segment {
  readonly name: string;
  readonly serial: number;
  readonly salt: number;
  /** Last seq and epoch of the segments before it. */
  afterSeq: Seq;
  afterEpoch: Epoch;
  /** What its header says the latter is. */
  readonly statedEpoch: Epoch;
  /** Last seq in it, or `afterSeq`. */
  lastSeq: Seq;
  /** Where its records end. */
  end: number;
  /** Some of its records, in order, so that a reader need not begin with the first. */
  places: RecordPlace[];
}

/** Where a record begins. */
export interface RecordPlace {
  readonly at: number;
  readonly firstSeq: Seq;
  readonly epoch: Epoch;
}

const BYTES_BETWEEN_PLACES = 256 * 1024;

/** Remembers where a record begins, unless a place close before it is known. */
export function notePlace(segment: Segment, at: number, firstSeq: Seq, recordEpoch: Epoch): void {
  const newest = segment.places.at(-1)?.at ?? SEGMENT_HEADER_BYTES;
  if (at - newest >= BYTES_BETWEEN_PLACES) segment.places.push({ at, firstSeq, epoch: recordEpoch });
}

/** The last known place from which `from` can be found by reading on. */
export function placeBefore(segment: Segment, from: Seq): RecordPlace {
  const place = segment.places.findLast((each) => each.firstSeq <= from);
  if (place !== undefined) return place;
  return { at: SEGMENT_HEADER_BYTES, firstSeq: seq(segment.afterSeq + 1), epoch: segment.afterEpoch };
}

export function segmentName(serial: number): string {
  return `${serial.toString(16).padStart(16, "0")}.log`;
}

/** The serial number in a name, or nothing if it is not the name of a segment. */
export function segmentSerial(name: string): number | undefined {
  return NAME.test(name) ? Number.parseInt(name.slice(0, 16), 16) : undefined;
}

export function encodeSegmentHeader(header: SegmentHeader, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  bytes.set(MAGIC);
  bytes[8] = SEGMENT_VERSION;
  putU48(bytes, 16, header.identity);
  putU48(bytes, 22, header.serial);
  putU32(bytes, 28, header.salt);
  putU48(bytes, 32, header.afterSeq);
  putU48(bytes, 38, header.afterEpoch);
  putU48(bytes, 44, header.durable);
  putU32(bytes, CRC_AT, headerCrc(bytes, checksum));
  return bytes;
}

/** The header, or why it is none. */
export function decodeSegmentHeader(bytes: Uint8Array, checksum: Checksum): SegmentHeader | "damaged" | "newer_format" {
  if (bytes.length < SEGMENT_HEADER_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) return "damaged";
  if (headerCrc(bytes, checksum) !== getU32(bytes, CRC_AT)) return "damaged";
  const version = bytes[8]! | (bytes[9]! << 8);
  if (version !== SEGMENT_VERSION) return "newer_format";
  return {
    identity: getU48(bytes, 16),
    serial: getU48(bytes, 22),
    salt: getU32(bytes, 28),
    afterSeq: seq(getU48(bytes, 32)),
    afterEpoch: epoch(getU48(bytes, 38)),
    durable: seq(getU48(bytes, 44)),
  };
}

function headerCrc(bytes: Uint8Array, checksum: Checksum): number {
  return checksum.crc32(bytes, CRC_END, SEGMENT_HEADER_BYTES, checksum.crc32(bytes, 0, CRC_AT));
}
