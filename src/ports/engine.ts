/**
 * An ordered map of bytes to bytes on disk (LevelDB): the applied prefix of the log lives in it. It is not the place of
 * durability, the log is; a batch is atomic, and batches survive a loss of power in the order in which they were applied.
 */
export interface Engine {
  /** The value, or nothing. Synchronous: a miss in memory costs microseconds, a promise would cost as much again. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** At most `limit` pairs in key order, from `gte` (or after `gt`) to before `lt`. Synchronous. */
  scan(range: EngineRange): readonly EnginePair[];
  /** Applies a batch as one. Batches are applied in the order of the calls. */
  apply(batch: EngineBatch, options: { readonly sync: boolean }): Promise<void>;
  /** Removes a range, not atomically. */
  clear(gte: Uint8Array, lt: Uint8Array): Promise<void>;
  /**
   * What there is now, whatever changes later: everything that was applied before the call, nothing that is applied after
   * it. Keeps files that would be removed, so it has to be closed some day.
   */
  snapshot(): Promise<EngineSnapshot>;
  close(): Promise<void>;
}

/** Read in the background: nobody who reads or writes waits for it. Ends when its engine is closed. */
export interface EngineSnapshot {
  /** Pairs in key order; a page ends when it has `bytesMax` bytes or more. None at the end of the range. */
  page(range: SnapshotRange): Promise<readonly EnginePair[]>;
  close(): Promise<void>;
}

/** From `gte`, or after `gt`, to before `lt`. */
export interface SnapshotRange {
  readonly gte?: Uint8Array;
  readonly gt?: Uint8Array;
  readonly lt: Uint8Array;
  readonly bytesMax: number;
}

export interface EngineRange {
  readonly gte?: Uint8Array;
  readonly gt?: Uint8Array;
  readonly lt: Uint8Array;
  readonly limit: number;
  readonly keysOnly?: boolean;
}

export interface EnginePair {
  readonly key: Uint8Array;
  /** Empty with `keysOnly`. */
  readonly value: Uint8Array;
}

/** Puts and deletes, packed in one run of bytes so that it crosses threads as one piece; see `EngineBatchWriter`. */
export interface EngineBatch {
  readonly bytes: Uint8Array;
  readonly operations: number;
}
