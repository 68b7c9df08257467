import { ENTRY_BYTES_MAX } from "../core/state/mutator.ts";
import { FLUSH_SIZES, type FlushSizes } from "../storage/flusher.ts";
import { AHEAD_BYTES_DEFAULT } from "../storage/log/options.ts";

/** Sizes that have one good value. Whoever wants to see in minutes what takes others months makes them small. */
export interface NodeSizes extends FlushSizes {
  /**
   * A segment of the log is followed by a new one when it would become larger. A start walks over the newest one, however much of it
   * the store has: 64 MiB took 95 ms of the 215 of a start.
   */
  readonly segmentBytesMax: number;
  /** Zeros written ahead of the log's records. */
  readonly aheadBytes: number;
  /** A flush begins when the log that a restart would replay has become this long. */
  readonly flushLogBytes: number;
  /** Changed records are taken by the flush in blocks of so many. */
  readonly dirtyBlockRefs: number;
  /** So much log a member of a group keeps at least, for those that are behind. */
  readonly backlogBytes?: number;
  /** The longest entry: what would change more at once is refused. */
  readonly entryBytesMax: number;
}

export const NODE_SIZES: NodeSizes = {
  ...FLUSH_SIZES,
  segmentBytesMax: 8 << 20,
  aheadBytes: AHEAD_BYTES_DEFAULT,
  flushLogBytes: 128 << 20,
  dirtyBlockRefs: 256,
  entryBytesMax: ENTRY_BYTES_MAX,
};
