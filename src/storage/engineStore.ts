import { ByteReader, MalformedBytes } from "../base/byteReader.ts";
import { openValue } from "../base/engineBatch.ts";
import type { Seq } from "../base/ids.ts";
import { invariant } from "../base/invariant.ts";
import { SlotTable } from "../core/slots/slotTable.ts";
import type { ColdKeys, ColdRecord, ColdStore } from "../core/state/coldStore.ts";
import type { StoredPiece } from "../core/state/values/collection.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Engine, EnginePair, EngineRange } from "../ports/engine.ts";
import {
  expiryKey,
  keyOfExpiryKey,
  keyOfRecordKey,
  META_KEY,
  pieceOfPieceKey,
  pieceRange,
  positionOfRecordKey,
  recordKey,
  recordKeyAt,
  recordsRange,
  SLOTS_KEY,
} from "./keyLayout.ts";
import { readRecord } from "./keyRecord.ts";
import { decodeMeta, type EngineMeta, newMeta } from "./meta.ts";

const PIECES_PAGE = 1000;

/** The keys that the engine has, as the key space sees them. */
export class EngineStore implements ColdStore {
  engine: Engine;
  readonly hashOf: (key: string) => number;
  /** As of the newest batch that was made. */
  meta: EngineMeta;
  /** Every mutation up to here is in batches that the engine has taken. */
  flushedSeq: Seq;
  /** Seq of the table of slots in the newest batch that was made; 0: the store has none. */
  slotsSeq = 0;
  /** Keys that are on their way to the engine, or from it: of batches that may not be applied yet, and of large collections in pieces. */
  readonly unsettled = new Set<Iterable<string>>();
  /** That table. */
  #slots: Uint8Array | undefined;

  readonly checksum: Checksum;

  private constructor(engine: Engine, hashOf: (key: string) => number, checksum: Checksum, meta: EngineMeta) {
    this.engine = engine;
    this.hashOf = hashOf;
    this.checksum = checksum;
    this.meta = meta;
    this.flushedSeq = meta.applied;
  }

  /** Undefined when a newer version of the program wrote the engine's files. */
  static open(engine: Engine, hashOf: (key: string) => number, checksum: Checksum): EngineStore | undefined {
    const bytes = engine.get(META_KEY);
    const meta = bytes === undefined ? newMeta() : decodeMeta(intact(META_KEY, bytes, checksum));
    if (meta === undefined) return undefined;
    const store = new EngineStore(engine, hashOf, checksum, meta);
    if (!meta.installing) store.#readSlots();
    return store;
  }

  #readSlots(): void {
    const bytes = this.engine.get(SLOTS_KEY);
    if (bytes === undefined) return;
    const table = intact(SLOTS_KEY, bytes, this.checksum);
    const slots = new SlotTable();
    slots.decode(new ByteReader(table));
    this.slotsWritten(table, slots.seq);
  }

  /** A batch is made that brings this table. */
  slotsWritten(slots: Uint8Array, slotsSeq: number): void {
    this.#slots = slots;
    this.slotsSeq = slotsSeq;
  }

  loadSlots(slots: SlotTable): void {
    if (this.#slots === undefined) slots.reset();
    else slots.decode(new ByteReader(this.#slots));
  }

  /** Goes on with the engine as it was opened again. */
  adopt(reopened: EngineStore): void {
    this.engine = reopened.engine;
    this.meta = reopened.meta;
    this.flushedSeq = reopened.flushedSeq;
    this.slotsSeq = reopened.slotsSeq;
    this.#slots = reopened.#slots;
    this.unsettled.clear();
  }

  *unsettledKeys(): Generator<string> {
    for (const keys of this.unsettled) yield* keys;
  }

  get storedKeys(): number {
    return this.meta.storedKeys;
  }

  get storedSessionRows(): number {
    return this.meta.storedSessionRows;
  }

  load(key: string): ColdRecord | undefined {
    const { generation } = this.meta;
    const engineKey = recordKey(generation, key, this.hashOf(key));
    const bytes = this.engine.get(engineKey);
    if (bytes === undefined) return undefined;
    return readRecord(intact(engineKey, bytes, this.checksum), (pieceId) => this.#pieces(generation, pieceId));
  }

  *#pieces(generation: number, pieceId: number): Generator<StoredPiece> {
    for (const { key, value } of this.#pages({ ...pieceRange(generation, pieceId), limit: PIECES_PAGE })) {
      yield { piece: pieceOfPieceKey(key), content: intact(key, value, this.checksum) };
    }
  }

  *#pages(range: EngineRange): Generator<EnginePair> {
    let next: EngineRange = range;
    for (;;) {
      const page = this.engine.scan(next);
      yield* page;
      if (page.length < range.limit) return;
      next = { gt: page.at(-1)!.key, lt: range.lt, limit: range.limit };
    }
  }

  keys(cursor: number, limit: number, end?: number): ColdKeys {
    const { generation } = this.meta;
    const lt = end === undefined ? recordsRange(generation).lt : recordKeyAt(generation, end);
    // A page ends where the position changes, so that a cursor, which is a position, tells where to go on.
    for (let wanted = limit + 1; ; wanted *= 2) {
      const pairs = this.engine.scan({ gte: recordKeyAt(generation, cursor), lt, limit: wanted, keysOnly: true });
      if (pairs.length < wanted) return { keys: pairs.map((pair) => keyOfRecordKey(pair.key)), next: undefined };
      const next = positionOfRecordKey(pairs.at(-1)!.key);
      const before = pairs.filter((pair) => positionOfRecordKey(pair.key) < next);
      if (before.length > 0) return { keys: before.map((pair) => keyOfRecordKey(pair.key)), next };
      invariant(wanted < 2 ** 31, "keys of one hash are few");
    }
  }

  /** Keys whose stored expiry is before `now`, in order, after `after`; and where to go on. */
  expired(now: number, limit: number, after: Uint8Array | undefined): { keys: string[]; last: Uint8Array | undefined } {
    const { generation } = this.meta;
    const lt = expiryKey(generation, now, "");
    const from = after === undefined ? { gte: expiryKey(generation, 0, "") } : { gt: after };
    const pairs = this.engine.scan({ ...from, lt, limit, keysOnly: true });
    return { keys: pairs.map((pair) => keyOfExpiryKey(pair.key)), last: pairs.at(-1)?.key };
  }
}

/** The value as it was written, or `MalformedBytes`: what a damaged disk gives is never served. */
export function intact(key: Uint8Array, stored: Uint8Array, checksum: Checksum): Uint8Array {
  const value = openValue(key, stored, checksum.crc32);
  if (value === undefined)
    throw new MalformedBytes("a record of the store does not match its checksum: the store is damaged");
  return value;
}
