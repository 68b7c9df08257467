import { EngineBatchWriter } from "../base/engineBatch.ts";
import { type Seq, seq } from "../base/ids.ts";
import type { HeldCollection } from "../core/state/heldCollection.ts";
import { type KeySpace, VALUE_STRING } from "../core/state/keySpace.ts";
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
  pieceKey,
  pieceRange,
  recordKey,
} from "./keyLayout.ts";
import { writePiecesHeader, writeRecordHead, writeWhole } from "./keyRecord.ts";
import { encodeMeta } from "./meta.ts";

const ORPHANS_AT_ONCE = 64;

export interface FlushSizes {
  /** A batch ends when it has so many bytes … */
  readonly batchBytes: number;
  /** … or records: together about a millisecond of the main thread. */
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
  /** Resolves when the log has everything up to a seq on disk; rejects when it never will. */
  readonly durable: (upTo: Seq) => Promise<void>;
}

interface Tombstone {
  readonly key: string;
  readonly version: number;
}

/**
 * Brings changes from memory to the engine, a batch at a time, while the node serves. Batches are not of one instant: each
 * record carries the seq of its last mutation. A batch says up to where everything is in the engine, so that a restart
 * replays only what is behind it, and it is applied only when the log has on disk what is in it.
 */
export class Flusher {
  readonly #parts: FlusherParts;
  readonly #batch: EngineBatchWriter;
  #tombstones: Tombstone[] = [];
  #newest = 0;

  constructor(parts: FlusherParts) {
    this.#parts = parts;
    this.#batch = new EngineBatchWriter(parts.store.checksum.crc32);
  }

  /** One round: everything that had changed when it began is in the engine afterwards, and synced. */
  async run(): Promise<void> {
    const { store, newestSeq } = this.#parts;
    const upTo = newestSeq();
    const orphans = this.#orphans();
    // A round that failed may have left something; the state was loaded anew since.
    this.#batch.take();
    this.#tombstones = [];
    let before = Promise.resolve();
    while (this.#fill(upTo)) {
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
  }

  /** Fills a batch with the oldest changes; false when there were none up to `upTo`. */
  #fill(upTo: Seq): boolean {
    const { state, store, newestSeq, sizes } = this.#parts;
    const { dirty } = state;
    this.#writeLeftovers();
    for (const ref of dirty.takeMoved()) this.#writeRecord(ref);
    const began = dirty.oldestSeq;
    while (this.#batch.operations < sizes.batchRecords && this.#batch.byteLength < sizes.batchBytes) {
      const block = dirty.takeBlock();
      if (block === undefined) break;
      for (let i = 0; i < block.count; i++) this.#writeRecord(block.refs[i]!);
    }
    const next = dirty.oldestSeq;
    store.meta.applied = next === undefined ? newestSeq() : seq(Math.max(store.meta.applied, next - 1));
    return began !== undefined && began <= upTo;
  }

  /** What concerns no record in memory: a `FLUSHALL`, pieces without a key, outdated entries of the expiry index. */
  #writeLeftovers(): void {
    const { state, store } = this.#parts;
    this.#newest = this.#parts.newestSeq();
    this.#adoptClear();
    const { generation } = store.meta;
    for (const pieceId of state.orphanedPieces.splice(0)) this.#batch.put(orphanKey(pieceId), new Uint8Array(0));
    const stale = state.staleExpiries;
    state.staleExpiries = [];
    for (const { at, key } of stale) this.#batch.delete(expiryKey(generation, at, key));
  }

  #adoptClear(): void {
    const { state, store } = this.#parts;
    if (!state.clearPending) return;
    store.meta = {
      ...store.meta,
      generation: store.meta.generation + 1,
      storedKeys: 0,
      cleared: seq(state.clearedSeq),
    };
    state.clearPending = false;
  }

  #writeRecord(ref: Ref): void {
    const { state, store } = this.#parts;
    if (!state.isDirty(ref)) return;
    const key = state.key(ref);
    const version = state.version(ref);
    const isStored = state.isStored(ref);
    const engineKey = recordKey(store.meta.generation, key, state.hashOf(key));
    if (state.isTombstone(ref)) {
      if (isStored) {
        this.#batch.delete(engineKey);
        store.meta.storedKeys--;
        state.markUnstored(ref);
      }
      this.#tombstones.push({ key, version });
    } else {
      this.#writeExpiry(ref, key);
      this.#writeValue(ref, engineKey);
      if (!isStored) store.meta.storedKeys++;
    }
    state.markFlushed(ref);
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
    if (type === VALUE_STRING) {
      this.#batch.beginPut(engineKey);
      writeRecordHead(this.#batch.writer, type, state.version(ref), state.encodingHint(ref), state.expireAt(ref));
      const value = state.stringView(ref);
      this.#batch.writer.copy(value, 0, value.length);
    } else {
      const held = state.held(ref);
      if (held.isLoaded) this.#writePieces(held);
      this.#batch.beginPut(engineKey);
      writeRecordHead(this.#batch.writer, type, state.version(ref), 0, state.expireAt(ref));
      const value = state.collection(ref);
      if (held.pieceId !== 0) writePiecesHeader(this.#batch.writer, value, held.pieceId);
      else writeWhole(this.#batch.writer, value);
    }
    this.#batch.endPut();
  }

  /** Pieces go before the record that refers to them, in the same batch. */
  #writePieces(held: HeldCollection): void {
    const { state, store, sizes } = this.#parts;
    const { value } = held;
    if (held.pieceId === 0) {
      if (value.memoryBytes <= sizes.wholeBytesMax) return;
      held.pieceId = store.meta.nextPieceId++;
      const before = value.memoryBytes;
      value.beginPieces();
      state.collectionRearranged(value.memoryBytes - before);
    }
    const { generation } = store.meta;
    const { pieceId } = held;
    value.takeDirtyPieces({
      put: (piece, content) => {
        this.#batch.beginPut(pieceKey(generation, pieceId, piece));
        this.#batch.writer.copy(content.bytes, 0, content.length);
        this.#batch.endPut();
      },
      delete: (piece) => this.#batch.delete(pieceKey(generation, pieceId, piece)),
    });
  }

  async #apply(sync: boolean): Promise<void> {
    const { state, store } = this.#parts;
    const { applied } = store.meta;
    this.#batch.put(META_KEY, encodeMeta(store.meta));
    const batch = this.#batch.take();
    const tombstones = this.#tombstones;
    this.#tombstones = [];
    await this.#parts.durable(seq(this.#newest));
    await store.engine.apply(batch, { sync });
    if (applied > store.flushedSeq) store.flushedSeq = applied;
    for (const { key, version } of tombstones) state.forgetTombstone(key, version);
  }

  /** Pieces of which an earlier round has said that they lost their key: with this round the key has lost them too. */
  #orphans(): readonly EnginePair[] {
    return this.#parts.store.engine.scan({ ...ORPHANS_RANGE, limit: ORPHANS_AT_ONCE, keysOnly: true });
  }

  /** What generations before the present one have left, and pieces without a key. */
  async #removeGarbage(orphans: readonly EnginePair[]): Promise<void> {
    const { store } = this.#parts;
    const { engine, meta } = store;
    for (const table of GENERATION_TABLES) {
      const range = generationRange(table, 0, meta.generation);
      if (engine.scan({ ...range, limit: 1, keysOnly: true }).length > 0) await engine.clear(range.gte, range.lt);
    }
    for (const { key } of orphans) {
      const { gte, lt } = pieceRange(meta.generation, pieceIdOfOrphanKey(key));
      await engine.clear(gte, lt);
      this.#batch.delete(key);
    }
  }
}
