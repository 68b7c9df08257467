import { REQUEST_CODECS } from "./codecs.ts";
import type { CallKind, GetMessage, OnceMessage, PutMessage } from "./messages.ts";
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

/** Of `GetRequest`, `PutRequest` and `Once`. */
const GET_TAGS = { key: 0x0a, consistency: 0x10, atLeast: 0x1a } as const;
const PUT_TAGS = {
  ...{ key: 0x0a, value: 0x12, ttlMillis: 0x18, ifAbsent: 0x20, ifVersion: 0x2a, keepTtl: 0x30, returnPrevious: 0x38 },
  ...{ once: 0x7a },
} as const;
const ONCE_TAGS = { session: 0x0a, number: 0x10, firstOpen: 0x18 } as const;
const EVENTUAL = 1;

/**
 * One more call of a message `CallsRequest`. The two kinds of which most calls are have code of their own: a codec looks every field
 * up by its name.
 */
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
  if (kind === "get") writeGet(writer, message as GetMessage);
  else if (kind === "put") writePut(writer, message as PutMessage);
  else REQUEST_CODECS[kind].encode(message, writer);
  writer.close(request);
  writer.close(call);
}

/** The answer to a call is not wanted any more. */
export function writeCancelled(writer: ProtoWriter, id: number): void {
  writer.varint(CANCELLED_TAG);
  writer.varint(id);
}

function writeGet(writer: ProtoWriter, { key, consistency, atLeast }: GetMessage): void {
  writeBytes(writer, GET_TAGS.key, key);
  if (consistency !== undefined) writeNumber(writer, GET_TAGS.consistency, EVENTUAL);
  if (atLeast !== undefined) writeBytes(writer, GET_TAGS.atLeast, atLeast);
}

function writePut(writer: ProtoWriter, message: PutMessage): void {
  const { ttlMillis, ifVersion, once } = message;
  writeBytes(writer, PUT_TAGS.key, message.key);
  writeBytes(writer, PUT_TAGS.value, message.value);
  if (ttlMillis !== undefined) writeNumber(writer, PUT_TAGS.ttlMillis, ttlMillis);
  if (message.ifAbsent === true) writeNumber(writer, PUT_TAGS.ifAbsent, 1);
  if (ifVersion !== undefined) writeBytes(writer, PUT_TAGS.ifVersion, ifVersion);
  if (message.keepTtl === true) writeNumber(writer, PUT_TAGS.keepTtl, 1);
  if (message.returnPrevious === true) writeNumber(writer, PUT_TAGS.returnPrevious, 1);
  if (once !== undefined) writeOnce(writer, once);
}

function writeOnce(writer: ProtoWriter, { session, number, firstOpen }: OnceMessage): void {
  writer.varint(PUT_TAGS.once);
  const part = writer.open();
  writeBytes(writer, ONCE_TAGS.session, session);
  writeNumber(writer, ONCE_TAGS.number, number);
  writeNumber(writer, ONCE_TAGS.firstOpen, firstOpen);
  writer.close(part);
}

function writeBytes(writer: ProtoWriter, tag: number, value: string | Uint8Array): void {
  if (value.length === 0) return;
  writer.varint(tag);
  writer.bytes(value);
}

function writeNumber(writer: ProtoWriter, tag: number, value: number): void {
  if (value === 0) return;
  writer.varint(tag);
  writer.varint(value);
}
