import { MalformedBytes } from "../../base/byteReader.ts";
import { WireReader } from "./wireReader.ts";

/** What a request asks for; each is the number of its field in `Call`. */
export const GET = 3;
export const PUT = 4;
export const DELETE = 5;
export const COMPARE_AND_SET = 6;
export const INCREMENT = 7;
export const BATCH = 8;
export const SCAN = 9;
export type Method = 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** `Operation` numbers its kinds from 1 in the order of the methods. */
const OPERATION_SHIFT = GET - 1;

/** A part of the request's bytes; it begins at -1 where the field is absent. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const ABSENT: Span = { start: -1, end: -1 };
const EMPTY: Span = { start: 0, end: 0 };

/** One request of any method: its fields, those of bytes as places in the message. */
export class KvRequest {
  readonly method: Method;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  key: Span = EMPTY;
  value: Span = ABSENT;
  expected: Span = ABSENT;
  ifVersion: Span = ABSENT;
  atLeast: Span = ABSENT;
  cursor: Span = ABSENT;
  consistency = 0;
  ttlMillis = 0;
  delta: number | bigint = 0;
  initial: number | bigint = 0;
  pageSize = 0;
  noValue = false;
  ifAbsent = false;
  keepTtl = false;
  returnPrevious = false;
  values = false;
  operations: readonly KvRequest[] = NONE;
  /** Where the session of `once` begins; -1: the request is none that happens exactly once. */
  sessionStart = -1;
  sessionEnd = -1;
  /** Which of the session's writes it is; and below which there are no open ones, if that is said. */
  number = 0;
  firstOpen = 1;

  constructor(method: Method, bytes: Uint8Array, start: number, end: number) {
    this.method = method;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }
}

const NONE: readonly KvRequest[] = [];

type Take = (request: KvRequest, reader: WireReader) => void;

function nextSpan(reader: WireReader): Span {
  const end = reader.bytesField();
  return { start: reader.start, end };
}

// One function for each field: to set a field by its name takes longer than to read it.

const takeKey: Take = (request, reader) => {
  request.key = nextSpan(reader);
};
const takeValue: Take = (request, reader) => {
  request.value = nextSpan(reader);
};
const takeExpected: Take = (request, reader) => {
  request.expected = nextSpan(reader);
};
const takeIfVersion: Take = (request, reader) => {
  request.ifVersion = nextSpan(reader);
};
const takeAtLeast: Take = (request, reader) => {
  request.atLeast = nextSpan(reader);
};
const takeCursor: Take = (request, reader) => {
  request.cursor = nextSpan(reader);
};
const takeConsistency: Take = (request, reader) => {
  request.consistency = reader.unsigned();
};
const takeTtlMillis: Take = (request, reader) => {
  request.ttlMillis = reader.unsigned();
};
const takePageSize: Take = (request, reader) => {
  request.pageSize = reader.unsigned();
};
const takeNoValue: Take = (request, reader) => {
  request.noValue = reader.bool();
};
const takeIfAbsent: Take = (request, reader) => {
  request.ifAbsent = reader.bool();
};
const takeKeepTtl: Take = (request, reader) => {
  request.keepTtl = reader.bool();
};
const takeReturnPrevious: Take = (request, reader) => {
  request.returnPrevious = reader.bool();
};
const takeValues: Take = (request, reader) => {
  request.values = reader.bool();
};
const takeDelta: Take = (request, reader) => {
  request.delta = reader.signed();
};
const takeInitial: Take = (request, reader) => {
  request.initial = reader.signed();
};

const ONCE_FIELD = 15;

/** The fields of a request that may be to happen exactly once. */
function withOnce(...fields: (Take | undefined)[]): readonly (Take | undefined)[] {
  while (fields.length < ONCE_FIELD) fields.push(undefined);
  return [...fields, takeOnce];
}

function takeOnce(request: KvRequest, reader: WireReader): void {
  const end = reader.enter();
  request.sessionStart = reader.end;
  request.sessionEnd = reader.end;
  while (reader.next()) {
    if (reader.field === 1) {
      request.sessionEnd = reader.bytesField();
      request.sessionStart = reader.start;
    } else if (reader.field === 2) request.number = reader.unsigned();
    else if (reader.field === 3) request.firstOpen = Math.max(1, reader.unsigned());
    else reader.skip();
  }
  reader.leave(end);
}

/** By method, the fields of its request, as kv.proto numbers them. */
const FIELDS: { readonly [M in Method]: readonly (Take | undefined)[] } = {
  [GET]: [undefined, takeKey, takeConsistency, takeAtLeast, takeNoValue],
  [PUT]: withOnce(
    undefined,
    takeKey,
    takeValue,
    takeTtlMillis,
    takeIfAbsent,
    takeIfVersion,
    takeKeepTtl,
    takeReturnPrevious,
  ),
  [DELETE]: withOnce(undefined, takeKey, takeIfVersion, takeReturnPrevious),
  [COMPARE_AND_SET]: withOnce(undefined, takeKey, takeExpected, takeValue, takeTtlMillis, takeKeepTtl),
  [INCREMENT]: withOnce(undefined, takeKey, takeDelta, takeInitial, takeTtlMillis),
  [BATCH]: withOnce(undefined, takeOperation),
  [SCAN]: [undefined, takeKey, takeCursor, takePageSize, takeValues, takeConsistency, takeAtLeast],
};

/** The fields of `bytes[start, end)`; those that nobody knows are passed over. Throws `MalformedBytes`. */
export function readRequest(method: Method, bytes: Uint8Array, start = 0, end = bytes.length): KvRequest {
  return readFields(method, new WireReader(bytes, start, end));
}

/** What the reader has before its end. */
function readFields(method: Method, reader: WireReader): KvRequest {
  const request = new KvRequest(method, reader.bytes, reader.at, reader.end);
  const fields = FIELDS[method];
  while (reader.next()) {
    const take = fields[reader.field];
    if (take === undefined) reader.skip();
    else take(request, reader);
  }
  return request;
}

function takeOperation(request: KvRequest, reader: WireReader): void {
  const end = reader.enter();
  let operation: KvRequest | undefined;
  while (reader.next()) {
    const method = reader.field + OPERATION_SHIFT;
    if (method < GET || method > INCREMENT) {
      reader.skip();
      continue;
    }
    const behind = reader.enter();
    operation = readFields(method as Method, reader);
    reader.leave(behind);
  }
  reader.leave(end);
  if (operation === undefined) throw new MalformedBytes("an operation of a batch is of no kind that is known here");
  if (request.operations === NONE) request.operations = [];
  (request.operations as KvRequest[]).push(operation);
}

/** What `Call` has beside its request. */
export interface KvCall {
  readonly id: number;
  readonly timeoutMillis: number;
  /** Undefined if it is of no kind that is known here. */
  readonly request: KvRequest | undefined;
}

export interface KvCalls {
  readonly calls: readonly KvCall[];
  readonly cancelled: readonly number[];
}

/** The message of a `Calls` stream in `bytes[start, end)`. Throws `MalformedBytes`: then nothing of it may be executed. */
export function readCalls(bytes: Uint8Array, start = 0, end = bytes.length): KvCalls {
  const calls: KvCall[] = [];
  const cancelled: number[] = [];
  const reader = new WireReader(bytes, start, end);
  while (reader.next()) {
    if (reader.field === 1) calls.push(readCall(reader));
    else if (reader.field === 2) takeCancelled(reader, cancelled);
    else reader.skip();
  }
  return { calls, cancelled };
}

function takeCancelled(reader: WireReader, cancelled: number[]): void {
  // Both forms are allowed: packed and one by one.
  if (reader.wireType !== 2) {
    cancelled.push(reader.unsigned());
    return;
  }
  const end = reader.enter();
  while (reader.at < reader.end) {
    const low = reader.varint();
    cancelled.push(reader.high * 0x1_0000_0000 + low);
  }
  reader.leave(end);
}

function readCall(reader: WireReader): KvCall {
  const end = reader.enter();
  let id = 0;
  let timeoutMillis = 0;
  let request: KvRequest | undefined;
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) id = reader.unsigned();
    else if (field === 2) timeoutMillis = reader.unsigned();
    else if (field >= GET && field <= SCAN) {
      const behind = reader.enter();
      request = readFields(field as Method, reader);
      reader.leave(behind);
    } else reader.skip();
  }
  reader.leave(end);
  return { id, timeoutMillis, request };
}
