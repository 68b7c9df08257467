import type { Epoch, Seq } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import type { Checksum } from "../../ports/checksum.ts";

export interface LogOptions {
  /** Whose log it is, an integer below 2^48; a log of another identity is refused. */
  readonly identity: number;
  readonly checksum: Checksum;
  /** For the salts: from a source that clients cannot guess. */
  readonly random: Random;
  /** A segment that would become larger is followed by a new one; a single record may be larger. Default 64 MiB. */
  readonly segmentBytesMax?: number;
  /** Zeros written ahead of the records in one go; 0 for none. Default 256 KiB. */
  readonly aheadBytes?: number;
  /** A cut leaves at least so many bytes of log, whoever needs them. Default 0. */
  readonly backlogBytes?: number;
  /** The entry after which a new log begins, when its predecessors came as a snapshot. Default: seq 0. */
  readonly startAfter?: { readonly seq: Seq; readonly epoch: Epoch };
}

export const SEGMENT_BYTES_MAX_DEFAULT = 64 * 1024 * 1024;
export const AHEAD_BYTES_DEFAULT = 256 * 1024;
/** What a member of a group keeps, so that one that was away for a while gets the tail only. */
export const BACKLOG_BYTES_DEFAULT = 64 * 1024 * 1024;
