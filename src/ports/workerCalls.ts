import type { Result } from "../base/result.ts";
import type { LinkAddress, LinkListenError } from "./link.ts";

/**
 * Calls between workers: rare or long, one question and one answer. What flows all the time goes over links. Every call has a
 * deadline; its outcome is unknown when it is reached, as when the connection is lost.
 */
export interface WorkerCalls {
  /** Answers calls at `listen`, port 0 for any that is free. */
  serve(options: WorkerServe): Promise<Result<WorkerCallServer, LinkListenError>>;
  /** Will call the worker at `address`; connects when it has something to ask. */
  caller(address: LinkAddress, target: WorkerTarget): WorkerCaller;
}

export interface WorkerServe {
  readonly listen: LinkAddress;
  readonly self: WorkerTarget;
  readonly service: WorkerService;
}

/** Whom a call is for: it is answered by nobody else. An empty `replica` means any of the group. */
export interface WorkerTarget {
  readonly cluster: string;
  readonly group: string;
  readonly replica: string;
}

export interface WorkerCallServer {
  readonly address: LinkAddress;
  /** Answers nothing new, gives what is under way up to `graceMillis`, and ends. */
  close(graceMillis: number): Promise<void>;
}

/** What a worker does when it is called. */
export interface WorkerService {
  /** Becomes the primary of the configuration after `epoch`; answers the epoch in which it is. */
  takeOver(request: TakeOverRequest): Promise<Result<number, CallRefusal>>;
  /** A JSON object, at most `STATUS_BYTES_MAX` long. */
  status(): Promise<string>;
  /**
   * The replica's state in pieces of any size; opaque here. The next piece is asked for when the learner has room for it. When the
   * learner gives up, or the connection is lost, the iterator's `return` is called.
   */
  snapshot(request: SnapshotRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>>;
  /** The primary gives its part to the member `to`, and stays a member; answers the epoch in which that one is the primary. */
  handOver(request: HandOverRequest): Promise<Result<number, CallRefusal>>;
  /** The primary of a move's source sends what its slots hold, and then what changes in them, until it is given up (`slotCopySource`). */
  copySlots(request: CopyRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>>;
  /** The primary of a move's source does a step of it, or has done it: answers the seq of the entry, which is committed; 0 for `release`. */
  moveStep(request: MoveStepRequest): Promise<Result<number, CallRefusal>>;
  /** What the slots and keys of this worker are asked for: a JSON object, at most `STATUS_BYTES_MAX` long. */
  heat(): Promise<string>;
  /** For health checks. */
  isServing(): boolean;
}

export interface TakeOverRequest {
  /** Of the configuration that the caller knows. */
  readonly epoch: number;
}

export interface SnapshotRequest {
  /** Names the learning attempt. */
  readonly attempt: string;
  /** The learner has everything up to this seq. */
  readonly from: number;
}

export interface HandOverRequest {
  /** Of the configuration that the caller knows. */
  readonly epoch: number;
  readonly to: string;
}

export interface CopyRequest {
  /** Name of the move. */
  readonly move: string;
  /** First and last slot of each range. */
  readonly slots: readonly (readonly [from: number, to: number])[];
  /** The caller has everything up to this entry of the source's log: what follows is enough. 0 for everything. */
  readonly from: number;
}

/**
 * - `seal`: the slots take no more writes.
 * - `close`: no source replica answers reads of them any more; only after the target is `ready`.
 * - `release`: the move is flipped, as the source reads for itself: a hint to do at once what it would do soon.
 */
export type MoveStep = "seal" | "close" | "release";
export const MOVE_STEPS: readonly MoveStep[] = ["seal", "close", "release"];

export interface MoveStepRequest {
  readonly move: string;
  readonly step: MoveStep;
}

/** The worker understood and says no: it has done nothing. */
export interface CallRefusal {
  /** A short word to decide by, like `wrong_epoch`. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
}

/** Asks one worker. */
export interface WorkerCaller {
  takeOver(request: TakeOverRequest, deadlineMillis: number): Promise<Result<number, CallError>>;
  status(deadlineMillis: number): Promise<Result<string, CallError>>;
  /** Fetches a snapshot into `sink`, which is whole only if the outcome is good. */
  snapshot(request: SnapshotRequest, sink: SnapshotSink, limits: SnapshotLimits): SnapshotTransfer;
  handOver(request: HandOverRequest, deadlineMillis: number): Promise<Result<number, CallError>>;
  /** As `snapshot`; it has no end of its own. */
  copySlots(request: CopyRequest, sink: SnapshotSink, limits: SnapshotLimits): SnapshotTransfer;
  moveStep(request: MoveStepRequest, deadlineMillis: number): Promise<Result<number, CallError>>;
  heat(deadlineMillis: number): Promise<Result<string, CallError>>;
  close(): void;
}

/** Takes a snapshot. Nothing more is fetched than it has taken, but for what the connection holds. */
export interface SnapshotSink {
  /** At most `SNAPSHOT_CHUNK_BYTES_MAX`, in order. If it rejects, so does `SnapshotTransfer.done`. */
  take(chunk: Uint8Array): Promise<void>;
}

export interface SnapshotLimits {
  /** For the whole. */
  readonly deadlineMillis: number;
  /** Between one chunk and the next. */
  readonly idleMillisMax: number;
}

export interface SnapshotTransfer {
  readonly done: Promise<Result<SnapshotTotal, CallError>>;
  /** Gives up: the outcome is `cancelled`, if it is not there yet. */
  cancel(): void;
}

export interface SnapshotTotal {
  readonly bytes: number;
  readonly chunks: number;
}

export type CallError =
  /** Nobody answers there, or the connection was lost. */
  | { readonly code: "unavailable"; readonly message: string }
  | { readonly code: "deadline"; readonly message: string }
  | { readonly code: "cancelled"; readonly message: string }
  /** Another cluster, group or replica is there. */
  | { readonly code: "wrong_target"; readonly message: string }
  | { readonly code: "refused"; readonly reason: string; readonly message: string }
  /** Bytes were changed, lost or repeated on the way. */
  | { readonly code: "damaged"; readonly message: string }
  /** Not trusted, another version, or a fault of the other side. */
  | { readonly code: "failed"; readonly message: string };

export const SNAPSHOT_CHUNK_BYTES_MAX = 256 * 1024;
export const STATUS_BYTES_MAX = 1024 * 1024;

/** Why the worker that is `self` does not answer a call for `target`. */
export function wrongTarget(target: WorkerTarget, self: WorkerTarget): string | undefined {
  if (target.cluster !== self.cluster) return `this is a worker of cluster ${self.cluster}, not of ${target.cluster}`;
  if (target.group !== self.group) return `this is a worker of group ${self.group}, not of ${target.group}`;
  if (target.replica !== "" && target.replica !== self.replica) return `this is ${self.replica}, not ${target.replica}`;
  return undefined;
}
