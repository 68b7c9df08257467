/** Codes of gRPC ("Status codes and their use in gRPC"), as far as somebody acts on them here. */
export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** How a call has ended. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
  /** The trailer `holdfast-error-bin`: an `ErrorDetail`. */
  readonly detail: Buffer | undefined;
  /** False: nothing of it can have reached the server. */
  readonly wasSent: boolean;
}

type Headers = { readonly [name: string]: string | readonly string[] | undefined };

/** The status in trailers, or in headers that are all there is; undefined if there is none. */
export function statusOf(headers: Headers): GrpcStatus | undefined {
  const code = headers["grpc-status"];
  if (typeof code !== "string") return undefined;
  const detail = headers["holdfast-error-bin"];
  return {
    code: Number(code),
    message: percentDecoded(String(headers["grpc-message"] ?? "")),
    detail: typeof detail === "string" ? Buffer.from(detail, "base64") : undefined,
    wasSent: true,
  };
}

/** The status in a frame of trailers: lines `name: value`. Undefined if there is none. */
export function statusOfTrailers(trailers: Buffer): GrpcStatus | undefined {
  const lines = trailers.toString("latin1").split("\r\n");
  const fields = lines.map((line) => /^([^:]+):\s*(.*)$/.exec(line)).filter((match) => match !== null);
  return statusOf(Object.fromEntries(fields.map(([, name, value]) => [name!.toLowerCase(), value!])));
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What HTTP alone says, when something answers that is no gRPC server. */
export function statusOfHttp(httpStatus: number): GrpcStatus {
  return {
    code:
      httpStatus === 401 ? STATUS.unauthenticated : httpStatus === 403 ? STATUS.permissionDenied : STATUS.unavailable,
    message: `what answers there is no server of Holdfast's calls (HTTP status ${httpStatus})`,
    detail: undefined,
    wasSent: true,
  };
}
