import { ByteWriter } from "../base/byteWriter.ts";
import { EngineBatchWriter } from "../base/engineBatch.ts";
import { type Seq, seq } from "../base/ids.ts";
import type { HeldCollection } from "../core/state/heldCollection.ts";
import { isBytes, type KeySpace } from "../core/state/keySpace.ts";
import { isSessionKey } from "../core/state/sessionKey.ts";
import type { Ref } from "../core/state/slab.ts";
import type { EnginePair } from "../ports/engine.ts";
import type { EngineStore } from "./engineStore.ts";
import {
  expiryKey,
  GENERATION_TABLES,
  generationRange,
  META_KEY,
  ORPHANS_RANGE,
  orphanKey,
  pieceIdOfOrphanKey,
  pieceRange,
  recordKey,
  SLOTS_KEY,
} from "./keyLayout.ts";
import { writePiecesHeader, writeRecordHead, writeWhole } from "./keyRecord.ts";
import { type LargeCollection, LargeCollections } from "./largeCollections.ts";
import { encodeMeta } from "./meta.ts";

const ORPHANS_AT_ONCE = 64;

export interface FlushSizes {
  /** A batch ends when it has so many bytes … */
  readonly batchBytes: number;
  /** … or records, or pieces of collections: together about a millisecond of the main thread. */
  readonly batchRecords: number;
  /** A collection whose memory is more than this is kept in pieces, so that changing one element does not rewrite it. */
  readonly wholeBytesMax: number;
}

export const FLUSH_SIZES: FlushSizes = { batchBytes: 256 * 1024, batchRecords: 1_000, wholeBytesMax: 8 * 1024 };

export interface FlusherParts {
  readonly sizes: FlushSizes;
  readonly state: KeySpace;
  readonly store: EngineStore;
  /** Seq of the newest entry, committed or not. */
  readonly newestSeq: () => Seq;
  /**
   * Resolves when the entries up to a seq, as this memory has them, are committed and on disk; rejects when others may take
   * their place, which ends the round: memory is loaded anew before the next one begins.
   */
  readonly durable: (upTo: Seq) => Promise<void>;
  /** Resolves when others have had their turn of the event loop. */
  readonly nextTurn: () => Promise<void>;
}

interface Tombstone {
  readonly key: string;
  readonly version: number;
}

/**
 * Brings changes from memory to the engine, a batch at a time, while the node serves. Batches are not of one instant: each
 * record carries the seq of its last mutation. A batch says up to where everything is in the engine, so that a restart
 * replays only what is behind it, and it is applied only when the log has on disk what is in it.
 *
 * A primary's memory is ahead of what is decided, and the store must never be: nobody could take it back. A batch is made of
 * memory as it is at one or a few instants, so it has nothing newer than the newest entry at the last of them, and it is
 * handed to the engine only when `durable` has promised that entry, and with it all before. What was written to a batch that
 * is not promised counts as flushed in memory only, and goes with it.
 *
 * A collection of millions of elements takes many turns. Pieces that no record in the engine refers to yet go ahead in batches of
 * their own, marked as being without a key until the batch with the record takes the mark away. Changed pieces of a collection
 * that the engine has must come to be with its record or not at all: their batch is filled in several turns. It has what
 * changed since the last round, which the log's length bounds.
 */
export class Flusher {
  readonly #parts: FlusherParts;
  readonly #batch: EngineBatchWriter;
  readonly #large: LargeCollections;
  #tombstones: Tombstone[] = [];
  /** Keys that the batch brings to the engine or takes away from it. */
  #unsettled: string[] = [];
  #newest = 0;
  /** Pieces of which an earlier round has said that they lost their key: with the next round the key has lost them too. */
  #orphans: readonly EnginePair[] = [];
  /** Whether changes up to the end of this round may be left. */
  #isMore = true;

  constructor(parts: FlusherParts) {
    this.#parts = parts;
    this.#batch = new EngineBatchWriter(parts.store.checksum.crc32);
    this.#large = new LargeCollections(this.#batch, parts.sizes);
  }

  /** One round: everything that had changed when it began is in the engine afterwards, and synced. */
  async run(): Promise<void> {
    const { store, newestSeq } = this.#parts;
    // A round that failed may have left something; the state was loaded anew since.
    this.#batch.take();
    const upTo = newestSeq();
    const orphans = this.#orphans;
    this.#tombstones = [];
    this.#large.forget();
    store.unsettled.clear();
    store.unsettled.add(this.#large);
    this.#beginUnsettled();
    let before = Promise.resolve();
    while (await this.#fillNext(upTo)) {
      const applied = this.#apply(false);
      // The next batch is made while this one is being written; a failure is met at its own turn.
      applied.catch(() => undefined);
      await before;
      before = applied;
    }
    await before;
    await this.#apply(true);
    await this.#removeGarbage(orphans);
    await store.engine.apply(this.#batch.take(), { sync: false });
    // Not at the beginning: for the first scan the engine's thread may have to be started, and everybody would wait for it.
    this.#orphans = store.engine.scan({ ...ORPHANS_RANGE, limit: ORPHANS_AT_ONCE, keysOnly: true });
  }

  #beginUnsettled(): void {
    this.#unsettled = [];
    this.#parts.store.unsettled.add(this.#unsettled);
  }

  /** Fills a batch that may be applied; false when there is nothing more up to `upTo`. */
  async #fillNext(upTo: Seq): Promise<boolean> {
    if (this.#large.first === undefined) this.#isMore = this.#fill(upTo);
    else this.#goOn();
    while (this.#large.holdsBatch) {
      await this.#parts.nextTurn();
      this.#goOn();
    }
    return this.#isMore || this.#large.first !== undefined;
  }

  /** Fills a batch with the oldest changes; false when there were none up to `upTo`. */
  #fill(upTo: Seq): boolean {
    const { dirty } = this.#parts.state;
    this.#large.beginTurn();
    this.#writeMoved();
    const began = dirty.oldestSeq;
    while (!this.#large.isFull && this.#large.first === undefined) {
      const block = dirty.takeBlock();
      if (block === undefined) break;
      for (let i = 0; i < block.count; i++) this.#writeRecord(block.refs[i]!, block.firstSeq);
    }
    this.#advanceApplied();
    return began !== undefined && began <= upTo;
  }

  /** Takes another turn's pieces of a large collection, and its record if those were the last. */
  #goOn(): void {
    const { state, store, newestSeq } = this.#parts;
    const large = this.#large.first!;
    this.#newest = newestSeq();
    this.#large.beginTurn();
    if (this.#isThere(large) && !this.#large.goOn(large, store.meta.generation)) return;
    this.#large.drop(large.held);
    this.#writeMoved();
    // Whatever the key holds by now: what is in the batch of its pieces must not be there without it.
    const ref = state.residentRef(large.key);
    if (ref !== 0) this.#writeRecord(ref, large.from);
    this.#advanceApplied();
  }

  /** Whether the key still holds that collection. */
  #isThere({ key, held }: LargeCollection): boolean {
    const { state } = this.#parts;
    const ref = state.clearPending ? 0 : state.residentRef(key);
    return ref !== 0 && this.#isCollection(ref) && state.held(ref) === held;
  }

  #isCollection(ref: Ref): boolean {
    const { state } = this.#parts;
    return !state.isTombstone(ref) && !isBytes(state.type(ref));
  }

  /** Records that moved lost their place among the changes: they go before anything else. */
  #writeMoved(): void {
    const { state, store } = this.#parts;
    this.#writeLeftovers();
    for (const ref of state.dirty.takeMoved()) this.#writeRecord(ref, store.meta.applied + 1);
  }

  /** Everything before the oldest change that is still to be written is in the engine with this batch. */
  #advanceApplied(): void {
    const { state, store, newestSeq } = this.#parts;
    const next = Math.min(state.dirty.oldestSeq ?? newestSeq() + 1, this.#large.oldestSeq);
    store.meta.applied = seq(Math.max(store.meta.applied, next - 1));
  }

  /** What concerns no record in memory: a `FLUSHALL`, the table of slots, pieces without a key, outdated entries of the expiry index. */
  #writeLeftovers(): void {
    const { state, store } = this.#parts;
    this.#newest = this.#parts.newestSeq();
    this.#adoptClear();
    this.#writeSlots();
    const { generation } = store.meta;
    for (const pieceId of state.orphanedPieces.splice(0)) this.#batch.put(orphanKey(pieceId), new Uint8Array(0));
    const stale = state.staleExpiries;
    state.staleExpiries = [];
    for (const { at, key } of stale) this.#batch.delete(expiryKey(generation, at, key));
  }

  /** The table goes along as a whole: after a restart, entries up to its seq are passed over, and the ones behind it are replayed. */
  #writeSlots(): void {
    const { state, store } = this.#parts;
    const { slots } = state;
    if (slots.seq === store.slotsSeq) return;
    const writer = new ByteWriter();
    slots.encode(writer);
    this.#batch.put(SLOTS_KEY, writer.view());
    store.slotsWritten(writer.view(), slots.seq);
  }

  #adoptClear(): void {
    const { state, store } = this.#parts;
    if (!state.clearPending) return;
    store.meta = {
      ...store.meta,
      generation: store.meta.generation + 1,
      storedKeys: 0,
      storedSessionRows: 0,
      cleared: seq(state.clearedSeq),
    };
    state.clearPending = false;
  }

  /** `from`: the record has no change before this seq that is not written. */
  #writeRecord(ref: Ref, from: number): void {
    const { state, store } = this.#parts;
    if (!state.isDirty(ref)) return;
    const key = state.key(ref);
    if (!this.#writePieces(ref, key, from)) return;
    const version = state.version(ref);
    const isStored = state.isStored(ref);
    const engineKey = recordKey(store.meta.generation, key, state.hashOf(key));
    if (state.isTombstone(ref)) {
      if (isStored) {
        this.#batch.delete(engineKey);
        this.#unsettled.push(key);
        this.#countStored(key, -1);
        state.markUnstored(ref);
      }
      this.#tombstones.push({ key, version });
    } else {
      this.#writeExpiry(ref, key);
      this.#writeValue(ref, engineKey);
      if (!isStored) {
        this.#unsettled.push(key);
        this.#countStored(key, 1);
      }
    }
    state.markFlushed(ref);
  }

  #countStored(key: string, by: number): void {
    const { meta } = this.#parts.store;
    meta.storedKeys += by;
    if (isSessionKey(key)) meta.storedSessionRows += by;
  }

  #writeExpiry(ref: Ref, key: string): void {
    const { state, store } = this.#parts;
    const at = state.expireAt(ref);
    const indexed = state.indexedExpireAt(ref);
    if (at === indexed) return;
    if (indexed !== 0) this.#batch.delete(expiryKey(store.meta.generation, indexed, key));
    if (at !== 0) {
      this.#batch.put(expiryKey(store.meta.generation, at, key), new Uint8Array(0));
      state.setIndexedExpireAt(ref, at);
    }
  }

  #writeValue(ref: Ref, engineKey: Uint8Array): void {
    const { state } = this.#parts;
    const type = state.type(ref);
    if (isBytes(type)) {
      this.#batch.beginPut(engineKey);
      writeRecordHead(this.#batch.writer, type, state.version(ref), state.encodingHint(ref), state.expireAt(ref));
      const value = state.stringView(ref);
      this.#batch.writer.copy(value, 0, value.length);
    } else {
      const held = state.held(ref);
      this.#large.recordWritten(held.pieceId);
      this.#batch.beginPut(engineKey);
      writeRecordHead(this.#batch.writer, type, state.version(ref), 0, state.expireAt(ref));
      const value = state.collection(ref);
      if (held.pieceId !== 0) writePiecesHeader(this.#batch.writer, value, held.pieceId);
      else writeWhole(this.#batch.writer, value);
    }
    this.#batch.endPut();
  }

  /** Pieces go before the record that refers to them. False when there are more than this turn may take: the record has to wait. */
  #writePieces(ref: Ref, key: string, from: number): boolean {
    const { state, store } = this.#parts;
    if (!this.#isCollection(ref)) return true;
    const held = state.held(ref);
    if (!held.isLoaded || (held.pieceId === 0 && !this.#beginPieces(held))) return true;
    if (this.#large.take(held, store.meta.generation)) return true;
    this.#large.defer(key, held, from);
    return false;
  }

  /** Gives a collection pieces, unless it is small. */
  #beginPieces(held: HeldCollection): boolean {
    const { state, store, sizes } = this.#parts;
    const { value } = held;
    if (value.memoryBytes <= sizes.wholeBytesMax) return false;
    held.pieceId = store.meta.nextPieceId++;
    this.#large.begin(held.pieceId);
    const before = value.memoryBytes;
    value.beginPieces();
    state.collectionRearranged(value.memoryBytes - before);
    return true;
  }

  async #apply(sync: boolean): Promise<void> {
    const { state, store } = this.#parts;
    const { applied } = store.meta;
    this.#batch.put(META_KEY, encodeMeta(store.meta));
    const batch = this.#batch.take();
    const tombstones = this.#tombstones;
    this.#tombstones = [];
    const unsettled = this.#unsettled;
    this.#beginUnsettled();
    await this.#parts.durable(seq(this.#newest));
    await store.engine.apply(batch, { sync });
    store.unsettled.delete(unsettled);
    if (applied > store.flushedSeq) store.flushedSeq = applied;
    for (const { key, version } of tombstones) state.forgetTombstone(key, version);
  }

  /** What generations before the present one have left, and pieces without a key. */
  async #removeGarbage(orphans: readonly EnginePair[]): Promise<void> {
    const { store } = this.#parts;
    const { engine, meta } = store;
    // The main thread waits for what it looks for: not where nothing can be.
    for (const table of meta.generation === 0 ? [] : GENERATION_TABLES) {
      const range = generationRange(table, 0, meta.generation);
      if (engine.scan({ ...range, limit: 1, keysOnly: true }).length > 0) await engine.clear(range.gte, range.lt);
    }
    for (const { key } of orphans) {
      // The store may have been replaced since they were found, and the id be another's.
      if (engine.get(key) === undefined) continue;
      const { gte, lt } = pieceRange(meta.generation, pieceIdOfOrphanKey(key));
      await engine.clear(gte, lt);
      this.#batch.delete(key);
    }
  }
}
