import type { HoldfastError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { AnswerMessage, CallKind } from "./messages.ts";

type Consistency = "linearizable" | "eventual";

/** What a call is, wherever it goes. */
export interface RequestFacts {
  readonly kind: CallKind;
  /** The message of that kind. */
  readonly message: object;
  readonly slot: number;
  readonly isWrite: boolean;
  readonly consistency: Consistency;
  /** `performance.now()` when it has to be over. */
  readonly deadline: number;
  /** Ask this node first, whatever the routes say. */
  readonly address?: string | undefined;
}

/** A call of the program until it has its one answer, over as many attempts as that takes. */
export interface Request extends RequestFacts {
  /** Who is asked now. */
  link: Link | undefined;
  /** In that link's stream. */
  id: number;
  /** `performance.now()` when it went there. */
  sentAt: number;
  attempts: number;
  isOver: boolean;
  /** Of the pause before the next attempt. */
  timer: NodeJS.Timeout | undefined;
  /** What the last attempt came to. */
  lastFailure: Failure | undefined;
  resolve(answer: AnswerMessage): void;
  reject(error: HoldfastError): void;
}

/** Why an attempt has failed. */
export interface Failure {
  /** A code of gRPC. */
  readonly code: number;
  readonly message: string;
  /** Without `REASON_`; empty if there is none. */
  readonly reason: string;
  readonly field: string;
  readonly address: string;
  readonly slot: number | undefined;
  readonly retryAfterMillis: number;
  /** It was certainly not carried out. */
  readonly isUndone: boolean;
}
