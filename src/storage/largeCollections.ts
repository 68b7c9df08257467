import type { EngineBatchWriter } from "../base/engineBatch.ts";
import type { HeldCollection } from "../core/state/heldCollection.ts";
import type { PieceSink } from "../core/state/values/collection.ts";
import { orphanKey, pieceKey } from "./keyLayout.ts";

/** A collection with more changed pieces than one turn may take: some are in a batch, its record is not. */
export interface LargeCollection {
  readonly key: string;
  readonly held: HeldCollection;
  /** What changed at this seq or later may be missing in the engine until the record is there. */
  readonly from: number;
  /** No record in the engine refers to its pieces: they may go ahead of it, in batches of their own. */
  readonly isFresh: boolean;
  /** Clients may change pieces as fast as they are taken. When so many were, the rest goes in one turn. */
  piecesLeft: number;
}

export interface TurnSizes {
  readonly batchBytes: number;
  readonly batchRecords: number;
}

/** Takes the pieces of collections into a batch, so many a turn. */
export class LargeCollections implements PieceSink, Iterable<string> {
  readonly #batch: EngineBatchWriter;
  readonly #sizes: TurnSizes;
  /** First those of which the engine has a record: their batch has to wait for them. */
  #pending: LargeCollection[] = [];
  /** Pieces that no record refers to; true if the engine has been told so, since a crash may leave them without a key. */
  readonly #fresh = new Map<number, boolean>();
  #operationsMax = 0;
  #bytesMax = 0;
  #generation = 0;
  #pieceId = 0;
  #taken = 0;

  constructor(batch: EngineBatchWriter, sizes: TurnSizes) {
    this.#batch = batch;
    this.#sizes = sizes;
  }

  /** Everything from here on is of one turn of the event loop. */
  beginTurn(): void {
    this.#operationsMax = this.#batch.operations + this.#sizes.batchRecords;
    this.#bytesMax = this.#batch.byteLength + this.#sizes.batchBytes;
  }

  get isFull(): boolean {
    return this.#batch.operations >= this.#operationsMax || this.#batch.byteLength >= this.#bytesMax;
  }

  /** The one to go on with. */
  get first(): LargeCollection | undefined {
    return this.#pending[0];
  }

  /** Whether the batch has pieces that must not come to be without what is still to be taken. */
  get holdsBatch(): boolean {
    return this.first?.isFresh === false;
  }

  /** Keys whose records are still to be written. */
  *[Symbol.iterator](): Generator<string> {
    for (const { key } of this.#pending) yield key;
  }

  /** The oldest change that may be missing. */
  get oldestSeq(): number {
    return this.#pending.reduce((oldest, { from }) => Math.min(oldest, from), Number.POSITIVE_INFINITY);
  }

  /** Takes pieces of a collection; false when the turn ends before all are taken. */
  take(held: HeldCollection, generation: number): boolean {
    this.#generation = generation;
    this.#pieceId = held.pieceId;
    this.#taken = 0;
    held.value.takeDirtyPieces(this);
    const isDone = held.value.dirtyPieces === 0;
    if (isDone) this.drop(held);
    return isDone;
  }

  /** The rest of it is taken in later turns. */
  defer(key: string, held: HeldCollection, from: number): void {
    if (this.#pending.some((large) => large.held === held)) return;
    const isFresh = this.#fresh.has(held.pieceId);
    const piecesLeft = held.value.dirtyPieces * 2 + this.#sizes.batchRecords;
    const large = { key, held, from, isFresh, piecesLeft };
    if (isFresh) {
      this.#pending.push(large);
      this.#fresh.set(held.pieceId, true);
      this.#batch.put(orphanKey(held.pieceId), new Uint8Array(0));
    } else this.#pending.unshift(large);
  }

  /** Takes a turn's pieces of the first one; true when that were all. */
  goOn(large: LargeCollection, generation: number): boolean {
    if (large.piecesLeft <= 0) this.#operationsMax = this.#bytesMax = Number.POSITIVE_INFINITY;
    const isDone = this.take(large.held, generation);
    large.piecesLeft -= this.#taken;
    return isDone;
  }

  drop(held: HeldCollection): void {
    if (this.#pending.length > 0) this.#pending = this.#pending.filter((large) => large.held !== held);
  }

  /** No record refers to these pieces yet. */
  begin(pieceId: number): void {
    this.#fresh.set(pieceId, false);
  }

  /** A record refers to these pieces now. */
  recordWritten(pieceId: number): void {
    if (this.#fresh.get(pieceId)) this.#batch.delete(orphanKey(pieceId));
    this.#fresh.delete(pieceId);
  }

  /** A round that failed may have left something. */
  forget(): void {
    this.#pending = [];
    this.#fresh.clear();
  }

  put(piece: string, content: { readonly bytes: Uint8Array; readonly length: number }): void {
    this.#taken++;
    this.#batch.beginPut(pieceKey(this.#generation, this.#pieceId, piece));
    this.#batch.writer.copy(content.bytes, 0, content.length);
    this.#batch.endPut();
  }

  delete(piece: string): void {
    this.#taken++;
    this.#batch.delete(pieceKey(this.#generation, this.#pieceId, piece));
  }
}
