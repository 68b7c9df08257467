import { ByteWriter } from "../../base/byteWriter.ts";
import { putMessage, putOptionalUnsigned, putText, putUnsigned } from "./wireWriter.ts";

/** Codes of gRPC (grpc/doc/statuscodes.md). */
export const CODES = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** `ErrorDetail.Reason`. */
const REASONS = {
  unknown: 0,
  moved: 1,
  notPrimary: 2,
  notServed: 3,
  noReplicas: 4,
  disk: 5,
  outOfMemory: 6,
  notReady: 7,
  wrongType: 8,
  notAnInteger: 9,
  overflow: 10,
  positionLost: 11,
  invalidField: 12,
  differentSlots: 13,
  tooMany: 14,
  password: 15,
  notExecuted: 16,
  fateUnknown: 17,
  sessionExpired: 18,
  replayed: 19,
  replyForgotten: 20,
} as const;

/** Why a request is refused, as `Error` and `ErrorDetail` of kv.proto say it. */
export interface KvError {
  readonly code: keyof typeof CODES;
  readonly reason: keyof typeof REASONS;
  /** ASCII. */
  readonly message: string;
  readonly field?: string;
  readonly address?: string;
  readonly retryAfterMillis?: number;
  readonly slot?: number;
}

const RETRY_MOVE_MILLIS = 20;
const RETRY_ROLE_MILLIS = 200;
const RETRY_DISK_MILLIS = 1_000;

/** An `ErrorDetail`. */
export function putDetail(out: ByteWriter, error: KvError): void {
  putUnsigned(out, 1, REASONS[error.reason]);
  putText(out, 2, error.field ?? "");
  putText(out, 3, error.address ?? "");
  putUnsigned(out, 4, error.retryAfterMillis ?? 0);
  if (error.slot !== undefined) putOptionalUnsigned(out, 5, error.slot);
}

/** An `Error`. */
export function putError(out: ByteWriter, error: KvError): void {
  const detail = new ByteWriter(64);
  putDetail(detail, error);
  putUnsigned(out, 1, CODES[error.code]);
  putText(out, 2, error.message);
  putMessage(out, 3, detail);
}

/** Where calls go to somebody, by where his Redis clients do. */
export interface Owners {
  /** What a client is told that has to go to `redis`. */
  readonly moved: (slot: number, redis: string) => KvError;
}

/** What a refusal of the executor's, which is meant for Redis clients, says to a client of this kind. */
export function errorOfRefusal(text: string, owners: Owners): KvError {
  const [code = "", ...words] = text.split(" ");
  const message = words.join(" ");
  switch (code) {
    case "MOVED":
      return owners.moved(Number(words[0]), words[1] ?? "");
    case "CROSSSLOT":
      return {
        code: "invalidArgument",
        reason: "differentSlots",
        message: "the keys of a batch have to be of one slot; put the same {tag} into them",
        field: "operations",
      };
    case "CLUSTERDOWN":
      return { code: "unavailable", reason: "notServed", message, retryAfterMillis: RETRY_ROLE_MILLIS };
    case "TRYAGAIN":
      return { code: "unavailable", reason: "notServed", message, retryAfterMillis: RETRY_MOVE_MILLIS };
    case "LOADING":
      return { code: "unavailable", reason: "notReady", message, retryAfterMillis: RETRY_ROLE_MILLIS };
    case "NOREPLICAS":
      return { code: "unavailable", reason: "noReplicas", message, retryAfterMillis: RETRY_ROLE_MILLIS };
    case "MISCONF":
      return { code: "unavailable", reason: "disk", message, retryAfterMillis: RETRY_DISK_MILLIS };
    case "OOM":
      return { code: "resourceExhausted", reason: "outOfMemory", message };
    case "ERR":
      return { code: "resourceExhausted", reason: "tooMany", message };
    default:
      return { code: "unknown", reason: "unknown", message: text };
  }
}
