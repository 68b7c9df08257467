/** Times and limits of moving slots. */
export interface MoveSettings {
  /** A source that is sealed or closed for so long asks for the move to be aborted. */
  readonly sealedMillisMax: number;
  /** What was sealed has come within this, or the copy is opened anew. */
  readonly drainMillisMax: number;
  /** Bytes of copied entries that are not committed. */
  readonly importBytesMax: number;
  /** The source is asked to seal when no more than this is uncommitted … */
  readonly sealBytesMax: number;
  /** … and seals when so few of its entries were not sent. */
  readonly sealEntriesMax: number;
  /** Keys of slots that were given away, and of copies that were given up, are deleted so much later. */
  readonly safetyMillis: number;
  /** So many keys are deleted with one entry. */
  readonly deleteKeysMax: number;
  /** A record is read again after this if nobody says that it has changed. */
  readonly lookMillis: number;
  /** What could not be done is tried again so soon. */
  readonly againMillis: number;
  readonly callMillisMax: number;
  /** A copy from which nothing comes for so long is opened anew. */
  readonly idleMillisMax: number;
}

export const MOVE_SETTINGS: MoveSettings = {
  sealedMillisMax: 2_000,
  drainMillisMax: 500,
  importBytesMax: 4 << 20,
  sealBytesMax: 64 << 10,
  sealEntriesMax: 256,
  safetyMillis: 10_000,
  deleteKeysMax: 256,
  lookMillis: 1_000,
  againMillis: 100,
  callMillisMax: 2_000,
  idleMillisMax: 30_000,
};
