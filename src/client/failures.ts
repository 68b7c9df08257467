import { CODECS } from "./codecs.ts";
import { HoldfastError, type HoldfastErrorCode } from "./errors.ts";
import type { ErrorDetailMessage, ErrorMessage } from "./messages.ts";
import type { Failure, Request } from "./request.ts";
import { type GrpcStatus, STATUS } from "./wire/grpcStatus.ts";

/** What goes on after a failure. */
export type NextStep =
  /** Ask at the address that was named, at once. */
  | { readonly kind: "elsewhere" }
  /** Ask again, a while later. */
  | { readonly kind: "later" }
  | { readonly kind: "fail"; readonly code: HoldfastErrorCode };

/** What a node answered to one call. It has looked at it: only some codes leave open whether a write was carried out. */
export function failureOfAnswer({ code, message, detail }: ErrorMessage): Failure {
  const reason = reasonOf(detail);
  const isOpen = code === STATUS.unknown || code === STATUS.deadlineExceeded || code === STATUS.cancelled;
  return failure(code, message, detail, (!isOpen && code !== STATUS.internal) || reason === "NOT_EXECUTED");
}

/** What the end of a stream says of the calls in it that have no answer. */
export function failureOfStatus({ code, message, detail, wasSent }: GrpcStatus, wasWritten: boolean): Failure {
  const isRefused =
    code === STATUS.unauthenticated || code === STATUS.permissionDenied || code === STATUS.unimplemented;
  // A stream that ends well has left these without an answer.
  const told = code === STATUS.ok ? STATUS.unavailable : code;
  return failure(told, message, decodedDetail(detail), isRefused || !wasSent || !wasWritten);
}

function failure(code: number, message: string, detail: ErrorDetailMessage | undefined, isUndone: boolean): Failure {
  return {
    code,
    message,
    reason: reasonOf(detail),
    field: detail?.field ?? "",
    address: detail?.address ?? "",
    slot: detail?.slot,
    retryAfterMillis: detail?.retryAfterMillis ?? 0,
    isUndone,
  };
}

function reasonOf(detail: ErrorDetailMessage | undefined): string {
  return detail?.reason.replace("REASON_", "") ?? "";
}

function decodedDetail(detail: Buffer | undefined): ErrorDetailMessage | undefined {
  if (detail === undefined) return undefined;
  try {
    return CODECS.errorDetail.decode(detail) as ErrorDetailMessage;
  } catch {
    return undefined;
  }
}

const BY_REASON: { readonly [reason: string]: HoldfastErrorCode } = {
  OUT_OF_MEMORY: "out_of_memory",
  WRONG_TYPE: "wrong_type",
  NOT_AN_INTEGER: "not_an_integer",
  OVERFLOW: "overflow",
  POSITION_LOST: "position_lost",
  INVALID_FIELD: "invalid",
  DIFFERENT_SLOTS: "different_slots",
  PASSWORD: "unauthenticated",
};

const BY_STATUS: { readonly [code: number]: HoldfastErrorCode } = {
  [STATUS.invalidArgument]: "invalid",
  [STATUS.failedPrecondition]: "invalid",
  [STATUS.unauthenticated]: "unauthenticated",
  [STATUS.permissionDenied]: "denied",
  [STATUS.outOfRange]: "overflow",
};

/** By these a write is answered after it was evaluated, now or at an earlier attempt: it was not carried out, whatever there was before. */
const AFTER_EVALUATION: readonly HoldfastErrorCode[] = ["wrong_type", "not_an_integer", "overflow"];

type Asked = Pick<Request, "isWrite" | "once" | "isInDoubt">;

/**
 * A write is repeated only when nothing of it was carried out, or when it has a number by which it is known again; what only reads,
 * whenever that may help. `isInDoubt` includes this failure.
 */
export function nextStep({ isWrite, once, isInDoubt }: Asked, failed: Failure): NextStep {
  const { code, reason } = failed;
  if (isWrite && !failed.isUndone && (once === undefined || code === STATUS.internal))
    return { kind: "fail", code: "unknown" };
  switch (reason) {
    case "MOVED":
    case "NOT_PRIMARY":
      return { kind: failed.address === "" ? "later" : "elsewhere" };
    case "SESSION_EXPIRED":
      return isInDoubt ? { kind: "fail", code: "unknown" } : { kind: "later" };
    case "REPLY_FORGOTTEN":
      return { kind: "fail", code: "reply_forgotten" };
    case "REPLAYED":
      return { kind: "fail", code: "unknown" };
  }
  const known = BY_REASON[reason] ?? BY_STATUS[code];
  const final = known ?? (code === STATUS.internal || code === STATUS.unimplemented ? "internal" : undefined);
  if (final === undefined || (isInDoubt && final === "out_of_memory")) return { kind: "later" };
  return { kind: "fail", code: isInDoubt && !AFTER_EVALUATION.includes(final) ? "unknown" : final };
}

/** What the program is told when there is no next attempt. */
export function errorOf(code: HoldfastErrorCode, failed: Failure, attempts: number): HoldfastError {
  const { message, field, address, isUndone } = failed;
  const mayBeExecuted = code === "unknown" || code === "reply_forgotten";
  const isEarlier = code === "unknown" && isUndone;
  const text = isEarlier ? `an earlier attempt may have been carried out; the last one: ${message}` : message;
  return new HoldfastError(code, text, mayBeExecuted, {
    attempts,
    ...(field !== "" && { field }),
    ...(address !== "" && { address }),
  });
}

/** The code of a call whose time is over after failures. */
export function lastingCode({ code }: Failure, { isInDoubt }: Pick<Request, "isInDoubt">): HoldfastErrorCode {
  if (isInDoubt) return "unknown";
  return code === STATUS.resourceExhausted ? "busy" : "unavailable";
}
