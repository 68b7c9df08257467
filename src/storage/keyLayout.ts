import { keySlot } from "../base/crc16.ts";
import { decodeLatin1, encodeLatin1 } from "../base/latin1.ts";

/**
 * What keys of the engine look like. All integers are big-endian, so that byte order is their order.
 *
 *     01                                        meta
 *     02                                        table of slots
 *     10 generation(4) slot(2) hash(4) key      a key's record: a slot is one contiguous range
 *     20 generation(4) pieceId(6) piece         one piece of a large collection
 *     30 generation(4) expireAt(6) key          keys with a time to live, soonest first
 *     40 pieceId(6)                             pieces that no key refers to any more
 *
 * A generation ends with `FLUSHALL`: what is left of older ones is out of sight at once and removed in the background.
 */
const TABLE_META = 0x01;
const TABLE_SLOTS = 0x02;
const TABLE_KEYS = 0x10;
const TABLE_PIECES = 0x20;
const TABLE_EXPIRIES = 0x30;
const TABLE_ORPHANS = 0x40;
export const GENERATION_TABLES = [TABLE_KEYS, TABLE_PIECES, TABLE_EXPIRIES] as const;

const HIGH = 0x1_0000_0000;
const EXPIRY_PREFIX = 11;
/** Where the key itself begins in a record's key, and the piece's name in a piece's. */
export const NAME_AT = 11;

export const META_KEY = Uint8Array.of(TABLE_META);
/** What the group does with each slot; absent in a store that never heard of it. */
export const SLOTS_KEY = Uint8Array.of(TABLE_SLOTS);
/** Everything but the meta. */
export const CONTENT_RANGE = { gte: Uint8Array.of(TABLE_META + 1), lt: Uint8Array.of(0xff) } as const;

function allocate(table: number, generation: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = table;
  writeU32(bytes, 1, generation);
  return bytes;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function writeU48(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / HIGH);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  writeU32(bytes, at + 2, value >>> 0);
}

function readU48(bytes: Uint8Array, at: number): number {
  return (bytes[at]! * 256 + bytes[at + 1]!) * HIGH + readU32(bytes, at + 2);
}

/** Where a key's record is. `hash` is the key space's hash of the key. */
export function recordKey(generation: number, key: string, hash: number): Uint8Array {
  const bytes = allocate(TABLE_KEYS, generation, NAME_AT + key.length);
  const slot = keySlot(key);
  bytes[5] = slot >>> 8;
  bytes[6] = slot;
  writeU32(bytes, 7, hash);
  encodeLatin1(key, bytes, NAME_AT);
  return bytes;
}

export function keyOfRecordKey(bytes: Uint8Array): string {
  return decodeLatin1(bytes, NAME_AT, bytes.length);
}

/** Slot and hash as one number below 2^46: where `SCAN` stands. */
export function positionOfRecordKey(bytes: Uint8Array): number {
  return (bytes[5]! * 256 + bytes[6]!) * HIGH + readU32(bytes, 7);
}

/** Before the first record at or after a position. */
export function recordKeyAt(generation: number, position: number): Uint8Array {
  const bytes = allocate(TABLE_KEYS, generation, NAME_AT);
  const slot = Math.floor(position / HIGH);
  bytes[5] = slot >>> 8;
  bytes[6] = slot;
  writeU32(bytes, 7, position >>> 0);
  return bytes;
}

export function pieceKey(generation: number, pieceId: number, piece: string): Uint8Array {
  const bytes = allocate(TABLE_PIECES, generation, NAME_AT + piece.length);
  writeU48(bytes, 5, pieceId);
  encodeLatin1(piece, bytes, NAME_AT);
  return bytes;
}

export function pieceOfPieceKey(bytes: Uint8Array): string {
  return decodeLatin1(bytes, NAME_AT, bytes.length);
}

export function pieceIdOfPieceKey(bytes: Uint8Array): number {
  return readU48(bytes, 5);
}

/** First and behind the last key of a collection's pieces. */
export function pieceRange(generation: number, pieceId: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: pieceKey(generation, pieceId, ""), lt: pieceKey(generation, pieceId + 1, "") };
}

export function expiryKey(generation: number, at: number, key: string): Uint8Array {
  const bytes = allocate(TABLE_EXPIRIES, generation, EXPIRY_PREFIX + key.length);
  writeU48(bytes, 5, at);
  encodeLatin1(key, bytes, EXPIRY_PREFIX);
  return bytes;
}

export function keyOfExpiryKey(bytes: Uint8Array): string {
  return decodeLatin1(bytes, EXPIRY_PREFIX, bytes.length);
}

export function orphanKey(pieceId: number): Uint8Array {
  const bytes = new Uint8Array(7);
  bytes[0] = TABLE_ORPHANS;
  writeU48(bytes, 1, pieceId);
  return bytes;
}

export function pieceIdOfOrphanKey(bytes: Uint8Array): number {
  return readU48(bytes, 1);
}

export const ORPHANS_RANGE = { gte: Uint8Array.of(TABLE_ORPHANS), lt: Uint8Array.of(TABLE_ORPHANS + 1) } as const;

/** All of one generation in one table. */
export function generationRange(
  table: number,
  from: number,
  to: number,
): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: allocate(table, from, 5), lt: allocate(table, to, 5) };
}

export function recordsRange(generation: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return generationRange(TABLE_KEYS, generation, generation + 1);
}

export function piecesRange(generation: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return generationRange(TABLE_PIECES, generation, generation + 1);
}
