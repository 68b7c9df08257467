import { REQUEST_CODECS } from "./codecs.ts";
import type { CallKind } from "./messages.ts";
import type { ProtoWriter } from "./wire/protoWriter.ts";

/** Fields of `CallsRequest` and `Call` with their wire types. */
const CALLS_TAG = 0x0a;
const CANCELLED_TAG = 0x10;
const ID_TAG = 0x08;
const TIMEOUT_TAG = 0x10;
const KIND_TAGS: { readonly [Kind in CallKind]: number } = {
  get: 0x1a,
  put: 0x22,
  delete: 0x2a,
  compareAndSet: 0x32,
  increment: 0x3a,
  batch: 0x42,
  scan: 0x4a,
};

/** One more call of a message `CallsRequest`. */
export function writeCall(
  writer: ProtoWriter,
  id: number,
  timeoutMillis: number,
  kind: CallKind,
  message: object,
): void {
  writer.varint(CALLS_TAG);
  const call = writer.open();
  writer.varint(ID_TAG);
  writer.varint(id);
  writer.varint(TIMEOUT_TAG);
  writer.varint(timeoutMillis);
  writer.varint(KIND_TAGS[kind]);
  const request = writer.open();
  REQUEST_CODECS[kind].encode(message, writer);
  writer.close(request);
  writer.close(call);
}

/** The answer to a call is not wanted any more. */
export function writeCancelled(writer: ProtoWriter, id: number): void {
  writer.varint(CANCELLED_TAG);
  writer.varint(id);
}
