/**
 * Why a call has no answer.
 * - `invalid`: it makes no sense whenever it comes; `field` says where. `different_slots`: keys of a batch do not belong together.
 * - `wrong_type`, `not_an_integer`, `overflow`: what the key holds does not fit.
 * - `unknown`: a write that may or may not have been carried out, once at most. Read, then decide.
 * - `reply_forgotten`: a write that was carried out, once; what it answered was lost on its way, and is too large for the servers to
 *   remember. Read what came of it.
 * - `unavailable`: not carried out, and nobody could be asked within the call's time.
 * - `timeout`: no answer within the call's time; nothing was changed.
 * - `aborted`: the caller's signal said so. `mayBeExecuted` says whether a write can have happened.
 * - `busy`: not carried out, because too much is under way; `out_of_memory`: not carried out, because the node is full.
 * - `unauthenticated`, `denied`: no password, a wrong one, or this client is not let in.
 * - `position_lost`: the servers have forgotten changes since the position of a watch: scan, then watch anew.
 * - `closed`: `close` was called. `internal`: a defect of the server, or an answer that makes no sense.
 */
export type HoldfastErrorCode =
  | "invalid"
  | "different_slots"
  | "wrong_type"
  | "not_an_integer"
  | "overflow"
  | "unknown"
  | "reply_forgotten"
  | "unavailable"
  | "timeout"
  | "aborted"
  | "busy"
  | "out_of_memory"
  | "unauthenticated"
  | "denied"
  | "position_lost"
  | "closed"
  | "internal";

/** What is known beside the code. */
export interface HoldfastErrorFacts {
  /** The path of the field that is wrong. */
  readonly field?: string;
  /** `host:port` of who was asked last. */
  readonly address?: string;
  /** How often somebody was asked. */
  readonly attempts?: number;
  /** What this was made of, such as the reason of an `AbortSignal`. */
  readonly cause?: unknown;
}

/** What calls of this library reject with. */
export class HoldfastError extends Error {
  override readonly name = "HoldfastError";
  readonly code: HoldfastErrorCode;
  /** Whether a write can have happened: never with a read. */
  readonly mayBeExecuted: boolean;
  readonly field: string | undefined;
  readonly address: string | undefined;
  readonly attempts: number;

  constructor(code: HoldfastErrorCode, message: string, mayBeExecuted = false, facts: HoldfastErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.mayBeExecuted = mayBeExecuted;
    this.field = facts.field;
    this.address = facts.address;
    this.attempts = facts.attempts ?? 0;
  }
}
