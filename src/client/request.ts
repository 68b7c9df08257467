import type { HoldfastError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { AnswerMessage, CallKind, CallMessage } from "./messages.ts";
import type { NumberedWrite } from "./writeSession.ts";

type Consistency = "linearizable" | "eventual";

/** What a call is, wherever it goes. */
export interface RequestFacts {
  readonly kind: CallKind;
  /** The message of that kind. */
  readonly message: CallMessage;
  readonly slot: number;
  readonly isWrite: boolean;
  readonly consistency: Consistency;
  /** `performance.now()` when it has to be over. */
  readonly deadline: number;
  /** Only the primary may answer: what is written, and what else no secondary answers. Other reads go to any replica in sync. */
  readonly isForPrimary: boolean;
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
  /** Its neighbours in a `RequestList`. */
  older: Request | undefined;
  newer: Request | undefined;
  attempts: number;
  /** As `isForPrimary`, or since a replica has said that it is not in sync. */
  asksPrimary: boolean;
  isOver: boolean;
  /** Of the pause before the next attempt. */
  timer: NodeJS.Timeout | undefined;
  /** Its number in a session: with it a write may be sent again, whatever became of it. */
  once: NumberedWrite | undefined;
  /** It waits there for a number. */
  waitsIn: Set<Request> | undefined;
  /** It is a write, and some attempt may have been carried out. */
  isInDoubt: boolean;
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
