import { FLUSH_SIZES, type FlushSizes } from "../storage/flusher.ts";
import { AHEAD_BYTES_DEFAULT, SEGMENT_BYTES_MAX_DEFAULT } from "../storage/log/options.ts";

/** Sizes that have one good value. Whoever wants to see in minutes what takes others months makes them small. */
export interface NodeSizes extends FlushSizes {
  /** A segment of the log is followed by a new one when it would become larger. */
  readonly segmentBytesMax: number;
  /** Zeros written ahead of the log's records. */
  readonly aheadBytes: number;
  /** A flush begins when the log that a restart would replay has become this long. */
  readonly flushLogBytes: number;
  /** Changed records are taken by the flush in blocks of so many. */
  readonly dirtyBlockRefs: number;
}

export const NODE_SIZES: NodeSizes = {
  ...FLUSH_SIZES,
  segmentBytesMax: SEGMENT_BYTES_MAX_DEFAULT,
  aheadBytes: AHEAD_BYTES_DEFAULT,
  flushLogBytes: 128 << 20,
  dirtyBlockRefs: 256,
};
