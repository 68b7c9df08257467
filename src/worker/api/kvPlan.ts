import type { ByteWriter } from "../../base/byteWriter.ts";
import { decodeLatin1, latin1Bytes } from "../../base/latin1.ts";
import { INTEGER_CHARS_MAX, INTEGER_MAX, INTEGER_MIN, parseInteger } from "../../core/command/numbers.ts";
import type { KvError } from "./kvError.ts";
import { COMPARE_AND_SET, DELETE, GET, INCREMENT, type KvRequest, PUT, type Span } from "./kvRequest.ts";
import type { Positions } from "./position.ts";
import { putBool, putOptionalUnsigned, putPart, putSigned, varintBytes } from "./wireWriter.ts";

const NO_BYTES = new Uint8Array(0);

/** What a key holds when an operation comes to it. */
export class Current {
  found = false;
  /** It holds bytes, and nothing of Redis's other types: `bytes[start, end)`. */
  isValue = true;
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** Wall clock, milliseconds; 0: never. */
  expireAt = 0;
  version = 0;

  absent(version: number): void {
    this.found = false;
    this.isValue = true;
    this.holds(NO_BYTES, 0, 0);
    this.expireAt = 0;
    this.version = version;
  }

  holds(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }
}

/** What an operation would do, decided without doing it: its effect on the key, and whether its condition held. */
export class Plan {
  effect: "none" | "set" | "delete" = "none";
  /** What is set: `bytes[start, end)`. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  expireAt = 0;
  /** False if a condition did not hold. */
  applied = true;
  error: KvError | undefined;

  reset(): void {
    this.effect = "none";
    this.applied = true;
    this.error = undefined;
  }

  set(bytes: Uint8Array, start: number, end: number, expireAt: number): void {
    this.effect = "set";
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.expireAt = expireAt;
  }
}

/** What operations are planned with. */
export interface PlanContext {
  readonly positions: Positions;
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** Of the entry that the operation becomes a part of. */
  readonly seq: number;
  /** What a reply takes into account. */
  readonly position: number;
}

const WRONG_TYPE: KvError = {
  code: "failedPrecondition",
  reason: "wrongType",
  message: "the key holds a list, hash, set or sorted set; use Redis's commands for it",
  field: "key",
};
const NOT_AN_INTEGER: KvError = {
  code: "failedPrecondition",
  reason: "notAnInteger",
  message: "the key does not hold a decimal integer of 64 bits",
  field: "key",
};
const OVERFLOW: KvError = {
  code: "outOfRange",
  reason: "overflow",
  message: "the sum would not fit 64 bits",
  field: "delta",
};

/** Plans one operation; its reply is written to `body`, which is of no use if there is an error. */
export function planOperation(
  request: KvRequest,
  current: Current,
  context: PlanContext,
  body: ByteWriter,
  plan: Plan,
): void {
  plan.reset();
  switch (request.method) {
    case GET:
      return planGet(request, current, context, body, plan);
    case PUT:
      return planPut(request, current, context, body, plan);
    case DELETE:
      return planDelete(request, current, context, body, plan);
    case COMPARE_AND_SET:
      return planCompareAndSet(request, current, context, body, plan);
    case INCREMENT:
      return planIncrement(request, current, context, body, plan);
  }
}

function planGet(
  { noValue }: KvRequest,
  current: Current,
  { positions, now, position }: PlanContext,
  body: ByteWriter,
  plan: Plan,
): void {
  if (current.isValue) putGetReply(body, current, noValue, now, positions, position);
  else plan.error = WRONG_TYPE;
}

/** What `putGetReply` is going to write. */
export function getReplyBytes(current: Current, noValue: boolean, now: number, positions: Positions): number {
  const positionBytes = 2 + positions.length;
  if (!current.found) return positionBytes;
  let bytes = 2 + 2 * positionBytes;
  const length = current.end - current.start;
  if (!noValue && length > 0) bytes += 1 + varintBytes(length) + length;
  if (current.expireAt > 0) bytes += 1 + varintBytes(Math.max(0, current.expireAt - now));
  return bytes;
}

export function putGetReply(
  body: ByteWriter,
  current: Current,
  noValue: boolean,
  now: number,
  positions: Positions,
  position: number,
): void {
  const { found, version, start, end, expireAt } = current;
  if (found) {
    putBool(body, 1, true);
    if (!noValue && end > start) putPart(body, 2, current.bytes, start, end);
    positions.put(body, 3, version);
    if (expireAt > 0) putOptionalUnsigned(body, 4, Math.max(0, expireAt - now));
  }
  positions.put(body, 5, position > version ? position : version);
}

function planPut(request: KvRequest, current: Current, context: PlanContext, body: ByteWriter, plan: Plan): void {
  const { positions, seq } = context;
  if (request.returnPrevious && !current.isValue) {
    plan.error = WRONG_TYPE;
    return;
  }
  if ((request.ifAbsent && current.found) || !isVersion(request, current, positions)) {
    plan.applied = false;
    if (current.found) positions.put(body, 2, current.version);
  } else {
    const { start, end } = request.value;
    plan.set(request.bytes, Math.max(0, start), Math.max(0, end), newExpiry(request, current, context));
    putBool(body, 1, true);
    positions.put(body, 2, seq);
  }
  if (request.returnPrevious && current.found) putPart(body, 3, current.bytes, current.start, current.end);
}

function planDelete(
  request: KvRequest,
  current: Current,
  { positions, seq }: PlanContext,
  body: ByteWriter,
  plan: Plan,
): void {
  if (request.returnPrevious && !current.isValue) {
    plan.error = WRONG_TYPE;
    return;
  }
  const isMeant = isVersion(request, current, positions);
  if (!isMeant) plan.applied = false;
  if (current.found) {
    if (isMeant) plan.effect = "delete";
    putBool(body, 1, isMeant);
    positions.put(body, 2, isMeant ? seq : current.version);
    if (request.returnPrevious) putPart(body, 3, current.bytes, current.start, current.end);
  }
}

function planCompareAndSet(
  request: KvRequest,
  current: Current,
  context: PlanContext,
  body: ByteWriter,
  plan: Plan,
): void {
  const { positions, seq } = context;
  if (!current.isValue) {
    plan.error = WRONG_TYPE;
    return;
  }
  const { value, expected, bytes } = request;
  const holds = expected.start < 0 ? !current.found : current.found && equals(current, bytes, expected);
  if (!holds) {
    plan.applied = false;
    if (!current.found) return;
    positions.put(body, 2, current.version);
    putPart(body, 3, current.bytes, current.start, current.end);
    return;
  }
  putBool(body, 1, true);
  if (value.start >= 0) {
    plan.set(bytes, value.start, value.end, newExpiry(request, current, context));
    positions.put(body, 2, seq);
  } else if (current.found) plan.effect = "delete";
}

function planIncrement(request: KvRequest, current: Current, context: PlanContext, body: ByteWriter, plan: Plan): void {
  if (!current.isValue) {
    plan.error = WRONG_TYPE;
    return;
  }
  const before = current.found ? numberOf(current) : request.initial;
  if (before === undefined) {
    plan.error = NOT_AN_INTEGER;
    return;
  }
  const sum = add(before, request.delta);
  if (sum === undefined) {
    plan.error = OVERFLOW;
    return;
  }
  const text = latin1Bytes(String(sum));
  plan.set(text, 0, text.length, current.found ? current.expireAt : newExpiry(request, current, context));
  putSigned(body, 1, sum);
  context.positions.put(body, 2, context.seq);
}

function numberOf({ bytes, start, end }: Current): number | bigint | undefined {
  if (end === start || end - start > INTEGER_CHARS_MAX) return undefined;
  const integer = parseInteger(decodeLatin1(bytes, start, end));
  if (integer === undefined) return undefined;
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

function add(a: number | bigint, b: number | bigint): number | bigint | undefined {
  if (typeof a === "number" && typeof b === "number" && Number.isSafeInteger(a + b)) return a + b;
  const sum = BigInt(a) + BigInt(b);
  return sum < INTEGER_MIN || sum > INTEGER_MAX ? undefined : sum;
}

/** Whether the version that the request asks for, if any, is the key's. */
function isVersion({ ifVersion, bytes }: KvRequest, current: Current, positions: Positions): boolean {
  // An empty one is none: that is how the field's default reads.
  if (ifVersion.end <= ifVersion.start) return true;
  return current.found && positions.seqOf(bytes, ifVersion.start, ifVersion.end) === current.version;
}

function newExpiry(request: KvRequest, current: Current, { now }: PlanContext): number {
  if (request.ttlMillis > 0) return now + request.ttlMillis;
  return request.keepTtl ? current.expireAt : 0;
}

function equals(current: Current, bytes: Uint8Array, { start, end }: Span): boolean {
  const length = end - start;
  if (current.end - current.start !== length) return false;
  for (let i = 0; i < length; i++) if (current.bytes[current.start + i] !== bytes[start + i]) return false;
  return true;
}
