import { ByteReader } from "../../src/base/byteReader.ts";
import { decodeLatin1, latin1Bytes } from "../../src/base/latin1.ts";
import { META_KEY } from "../../src/storage/keyLayout.ts";
import { decodeMeta } from "../../src/storage/meta.ts";
import type { SimEngine } from "../engine/simEngine.ts";
import { Violation } from "../violation.ts";

const KEYS = 0x10;
const PIECES = 0x20;
const EXPIRIES = 0x30;
const ORPHANS = 0x40;
const STRING = 1;
const SESSION = 7;
const IN_PIECES = 1;

/**
 * After a flush with nothing behind it, the store has what its keys need and no more: as many records as it says, an entry of the
 * expiry index for each key with a time to live, and only pieces that belong to a key or wait to be removed.
 */
export function checkStore(engine: SimEngine, lastSeq: number, fail: (violation: Violation) => void): void {
  const wrong = untidiness(engine, lastSeq);
  if (wrong !== undefined) fail(new Violation("the store is tidy", wrong));
}

function untidiness(engine: SimEngine, lastSeq: number): string | undefined {
  const { shown } = engine;
  const metaBytes = shown.get(decodeLatin1(META_KEY));
  if (metaBytes === undefined) return shown.size === 0 ? undefined : "it does not say what it has";
  const meta = decodeMeta(metaBytes)!;
  // The last flush began before the last entry.
  if (meta.applied < lastSeq) return undefined;
  const expiries = new Set<string>();
  const indexed = new Set<string>();
  const pieceIds = new Set<number>();
  const orphans = new Set<number>();
  const found = new Set<number>();
  let records = 0;
  for (let place = 0; place < shown.size; place++) {
    const key = shown.keyAt(place)!;
    const reader = new ByteReader(latin1Bytes(key));
    const table = reader.u8();
    if (table === ORPHANS) orphans.add(bigEndian(reader, 6));
    if (table !== KEYS && table !== PIECES && table !== EXPIRIES) continue;
    if (bigEndian(reader, 4) !== meta.generation) return `table ${table} has something of an earlier generation`;
    if (table === KEYS) {
      records++;
      const record = readRecord(shown.get(key)!);
      if (record.expireAt > 0) expiries.add(`${record.expireAt} ${key.slice(11)}`);
      if (record.pieceId > 0) pieceIds.add(record.pieceId);
    } else if (table === PIECES) found.add(bigEndian(reader, 6));
    else indexed.add(`${bigEndian(reader, 6)} ${key.slice(11)}`);
  }
  if (records !== meta.storedKeys) return `it has ${records} keys and says ${meta.storedKeys}`;
  for (const entry of expiries) if (!indexed.has(entry)) return `the expiry index lacks ${entry}`;
  for (const entry of indexed) if (!expiries.has(entry)) return `the expiry index has ${entry}`;
  for (const id of found) if (!pieceIds.has(id) && !orphans.has(id)) return `pieces ${id} belong to no key`;
  for (const id of pieceIds) if (!found.has(id)) return `pieces ${id} are missing`;
  return undefined;
}

function bigEndian(reader: ByteReader, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value = value * 256 + reader.u8();
  return value;
}

function readRecord(bytes: Uint8Array): { readonly expireAt: number; readonly pieceId: number } {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  reader.u48();
  reader.u8();
  const expireAt = reader.u48();
  const isInPieces = type !== STRING && type !== SESSION && reader.u8() === IN_PIECES;
  return { expireAt, pieceId: isInPieces ? reader.u48() : 0 };
}
