import { createHash, timingSafeEqual } from "node:crypto";
import type { Metadata, StatusObject } from "@grpc/grpc-js";
import { ByteWriter } from "../../base/byteWriter.ts";
import { CODES, type KvError, putDetail } from "../../worker/api/kvError.ts";
import type { KvBackend } from "../kv/kvBackend.ts";
import { isLoopback } from "../resp/clientSession.ts";
import type { Grpc } from "./grpcLibrary.ts";

/** The trailer that has an `ErrorDetail`. */
const ERROR_KEY = "holdfast-error-bin";

/** For passwords that are not of ASCII, which other metadata cannot hold: the bytes of one. */
const PASSWORD_KEY = "holdfast-password-bin";

const NO_PASSWORD: KvError = {
  code: "unauthenticated",
  reason: "password",
  message: "this node wants its password in the metadata `authorization`, as `Bearer <password>`",
};
const PROTECTED: KvError = {
  code: "permissionDenied",
  reason: "password",
  message:
    "this node is in protected mode, because no password is set: clients of other machines are turned away; set a password, or --protected-mode no",
};
export const NOT_READY: KvError = {
  code: "unavailable",
  reason: "notReady",
  message: "the node reads its data, or is about to stop; nothing was executed",
  retryAfterMillis: 200,
};

/** Why a caller is not let in; undefined if it is. */
export function refuseCaller(backend: KvBackend, metadata: Metadata, peer: string): KvError | undefined {
  const password = backend.password();
  if (password === "") return backend.isProtected() && !isLoopback(hostOf(peer)) ? PROTECTED : undefined;
  const [bearer] = metadata.get("authorization");
  const match = typeof bearer === "string" ? /^Bearer (.*)$/i.exec(bearer) : null;
  const given = match === null ? metadata.get(PASSWORD_KEY)[0] : Buffer.from(match[1]!);
  return Buffer.isBuffer(given) && isSame(given, Buffer.from(password, "latin1")) ? undefined : NO_PASSWORD;
}

/** Takes as long whatever is different. */
function isSame(given: Buffer, wanted: Buffer): boolean {
  const hash = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}

function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** What a call ends with that is refused. */
export function statusOf(grpc: Grpc, error: KvError): Partial<StatusObject> {
  const detail = new ByteWriter(64);
  putDetail(detail, error);
  return statusWith(grpc, CODES[error.code], error.message, Buffer.from(detail.slice()));
}

export function statusWith(grpc: Grpc, code: number, details: string, detail: Buffer): Partial<StatusObject> {
  const metadata = new grpc.Metadata();
  metadata.set(ERROR_KEY, detail);
  return { code, details, metadata };
}
