import type { Epoch, Seq } from "../../base/ids.ts";
import type { Configuration } from "./configuration.ts";
import type { EpochRun } from "./epochRuns.ts";

/** Entries that were written by one sync at their primary, as they stand in its log. What is in `bytes` is the log's matter. */
export interface LogRecord {
  readonly epoch: Epoch;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly bytes: Uint8Array;
}

/** Entries for a secondary or a learner, or (without a record) the question whether its log matches. */
export interface Append {
  readonly kind: "append";
  readonly epoch: Epoch;
  /** The learner's attempt that this belongs to; 0 for members. */
  readonly attempt: number;
  /** The entry before the record: the receiver's log has to have it, of this epoch. */
  readonly prevSeq: Seq;
  readonly prevEpoch: Epoch;
  readonly record: LogRecord | undefined;
  readonly commitPoint: Seq;
  /** For one that may not know it. */
  readonly configuration: Configuration | undefined;
}

/** Everything up to `durable` is on disk and the same as in the primary's log. */
export interface Appended {
  readonly kind: "appended";
  readonly epoch: Epoch;
  readonly attempt: number;
  readonly durable: Seq;
}

/** The log does not have the entry that an append was to follow. */
export interface Mismatch {
  readonly kind: "mismatch";
  readonly epoch: Epoch;
  readonly attempt: number;
  readonly runs: readonly EpochRun[];
  readonly lastSeq: Seq;
}

export interface Committed {
  readonly kind: "committed";
  readonly epoch: Epoch;
  readonly commitPoint: Seq;
}

/** Part of a beacon: leave to answer reads until `validMillis` after the asker's `askedAt` (its own clock). */
export interface Grant {
  readonly askedAt: number;
  readonly validMillis: number;
  /** Only a log that has been compared up to here may answer. */
  readonly barrier: Seq;
}

/** The primary is there, and asks for a promise not to be replaced. */
export interface Beacon {
  readonly kind: "beacon";
  readonly epoch: Epoch;
  readonly attempt: number;
  /** The primary's clock; comes back with the answer. */
  readonly sentAt: number;
  readonly commitPoint: Seq;
  readonly grant: Grant | undefined;
  readonly configuration: Configuration;
}

/** The promise; and the secondary asks for a read lease with its own clock. */
export interface BeaconAck {
  readonly kind: "beaconAck";
  readonly epoch: Epoch;
  readonly sentAt: number;
  readonly askedAt: number;
}

/** The sender lives in a later epoch. */
interface Stale {
  readonly kind: "stale";
  readonly epoch: Epoch;
  readonly configuration: Configuration;
}

/** The primary wants to hand over: the receiver is to give its read lease back. */
export interface Revoke {
  readonly kind: "revoke";
  readonly epoch: Epoch;
  /** The primary's clock; comes back with the answer. */
  readonly sentAt: number;
}

/** The sender holds no read lease, and will use none that it asked for before. */
interface Released {
  readonly kind: "released";
  readonly epoch: Epoch;
  readonly sentAt: number;
}

/** A worker that holds no data of the group, or old data, asks to be brought up to date. */
export interface Join {
  readonly kind: "join";
  readonly attempt: number;
  readonly runs: readonly EpochRun[];
  readonly lastSeq: Seq;
  /** Below this its store cannot go back: it matches there or starts anew. */
  readonly applied: Seq;
}

/** The learner's log has nothing in common with what the primary still has: it needs a snapshot. */
interface NeedSnapshot {
  readonly kind: "needSnapshot";
  readonly epoch: Epoch;
  readonly attempt: number;
}

/** A member that is about to stop asks to be removed. It holds no lease any more. */
interface Leave {
  readonly kind: "leave";
  readonly epoch: Epoch;
}

/** What replicas of a group say to each other. Anything may be lost, late or repeated. */
export type Message =
  | Append
  | Appended
  | Mismatch
  | Committed
  | Beacon
  | BeaconAck
  | Stale
  | Revoke
  | Released
  | Join
  | NeedSnapshot
  | Leave;
