import type {
  CompareAndSetOptions,
  DeleteOptions,
  Entry,
  GetOptions,
  IncrementOptions,
  Operation,
  OperationResult,
  PutOptions,
  Version,
  WriteResult,
} from "./api.ts";
import { HoldfastError } from "./errors.ts";
import type { GetMessage, GetReplyMessage, PutMessage, ResultMessage } from "./messages.ts";
import { type Bytes, checkKey, checkValue } from "./values.ts";

/** Gives a value, which is `bytes[start, end)`, back as text or as bytes. */
export type Give<V> = (bytes: Buffer, start?: number, end?: number) => V;

export const giveText: Give<string> = (bytes, start, end) => bytes.toString(undefined, start, end);
/** A copy: what is given must not hold the memory of the message that it came in. */
export const giveBytes: Give<Uint8Array> = (bytes, start, end) => new Uint8Array(bytes.subarray(start, end));

/** Of a reply that has found one. */
export function valueIn<V>(reply: GetReplyMessage, give: Give<V>): V {
  return reply.give === undefined ? give(reply.value) : reply.give(give);
}

export function versionOf(bytes: Buffer): Version | undefined {
  return bytes.length === 0 ? undefined : bytes.toString("base64url");
}

function versionBytes(version: Version | undefined): Buffer | undefined {
  return version === undefined ? undefined : Buffer.from(version, "base64url");
}

export function getMessage(key: Bytes, options?: Pick<GetOptions, "atLeast">, isEventual = false): GetMessage {
  return {
    key,
    consistency: isEventual ? "CONSISTENCY_EVENTUAL" : undefined,
    atLeast: isEventual ? versionBytes(options?.atLeast) : undefined,
  };
}

export function putMessage(key: Bytes, value: Bytes, options: PutOptions = {}): PutMessage {
  checkKey(key);
  checkValue(value);
  const { timeToLiveMillis, keepTimeToLive, ifAbsent, ifVersion, previous } = options;
  if (ifAbsent === true && ifVersion !== undefined) throw invalid("ifVersion", "it excludes ifAbsent");
  checkLife(timeToLiveMillis, keepTimeToLive);
  return {
    key,
    value,
    ttlMillis: timeToLiveMillis,
    keepTtl: keepTimeToLive,
    ifAbsent,
    ifVersion: versionBytes(ifVersion),
    returnPrevious: previous,
    once: undefined,
  };
}

export function deleteMessage(key: Bytes, { ifVersion, previous }: DeleteOptions = {}): object {
  checkKey(key);
  return { key, ifVersion: versionBytes(ifVersion), returnPrevious: previous, once: undefined };
}

export function compareAndSetMessage(
  key: Bytes,
  expected: Bytes | undefined,
  value: Bytes | undefined,
  options: CompareAndSetOptions = {},
): object {
  checkKey(key);
  if (expected !== undefined) checkValue(expected, "expected");
  if (value !== undefined) checkValue(value);
  const { timeToLiveMillis, keepTimeToLive } = options;
  checkLife(timeToLiveMillis, keepTimeToLive);
  return { key, expected, value, ttlMillis: timeToLiveMillis, keepTtl: keepTimeToLive, once: undefined };
}

export function incrementMessage(key: Bytes, by: number | bigint, options: IncrementOptions = {}): object {
  checkKey(key);
  checkInteger("by", by);
  if (options.initial !== undefined) checkInteger("initial", options.initial);
  checkLife(options.timeToLiveMillis);
  return { key, delta: by, initial: options.initial, ttlMillis: options.timeToLiveMillis, once: undefined };
}

/** An operation of a batch by its kind. */
export function operationMessage(operation: Operation): object {
  const { kind, key } = operation;
  switch (kind) {
    case "get":
      checkKey(key);
      return { get: getMessage(key) };
    case "put":
      return { put: putMessage(key, operation.value, operation) };
    case "delete":
      return { delete: deleteMessage(key, operation) };
    case "compareAndSet":
      return { compareAndSet: compareAndSetMessage(key, operation.expected, operation.value, operation) };
    case "increment":
      return { increment: incrementMessage(key, operation.by ?? 1, operation) };
    default:
      throw invalid("kind", `there is no operation ${String(kind)}`);
  }
}

export function entryOf<V>(reply: GetReplyMessage, give: Give<V>): Entry<V> | undefined {
  if (!reply.found) return undefined;
  return {
    value: valueIn(reply, give),
    version: versionOf(reply.version) ?? "",
    timeToLiveMillis: reply.ttlMillis,
    isCached: false,
    isStale: false,
  };
}

/** Of a put, a delete or a compare-and-set. */
export function writeResultOf<V>(
  isApplied: boolean,
  reply: {
    readonly version: Buffer;
    readonly versionText?: string | undefined;
    readonly previous?: Buffer | undefined;
    readonly current?: Buffer;
  },
  give: Give<V>,
): WriteResult<V> {
  const previous = reply.previous ?? reply.current;
  return {
    isApplied,
    version: reply.versionText ?? versionOf(reply.version),
    previous: previous === undefined ? undefined : give(previous),
  };
}

export function operationResultOf<V>(result: ResultMessage, give: Give<V>): OperationResult<V> {
  if (result.get !== undefined) return { kind: "get", entry: entryOf(result.get, give) };
  if (result.put !== undefined) return { kind: "put", ...writeResultOf(result.put.applied, result.put, give) };
  if (result.delete !== undefined)
    return { kind: "delete", ...writeResultOf(result.delete.deleted, result.delete, give) };
  const set = result.compareAndSet;
  if (set !== undefined) return { kind: "compareAndSet", ...writeResultOf(set.applied, set, give) };
  const { increment } = result;
  if (increment === undefined) throw new HoldfastError("internal", "a result is of no kind that this version knows");
  return { kind: "increment", value: increment.value, version: versionOf(increment.version) ?? "" };
}

function checkLife(timeToLiveMillis: number | undefined, keepTimeToLive = false): void {
  if (timeToLiveMillis === undefined) return;
  if (!Number.isSafeInteger(timeToLiveMillis) || timeToLiveMillis < 1)
    throw invalid("timeToLiveMillis", "it is a whole number above 0");
  if (keepTimeToLive) throw invalid("keepTimeToLive", "it excludes timeToLiveMillis");
}

const INT64_BEYOND = 2n ** 63n;

function checkInteger(field: string, value: number | bigint): void {
  const isRight =
    typeof value === "bigint" ? value >= -INT64_BEYOND && value < INT64_BEYOND : Number.isSafeInteger(value);
  if (!isRight) throw invalid(field, "it is a whole number of 64 bits; a bigint beyond what a number holds exactly");
}

function invalid(field: string, message: string): HoldfastError {
  return new HoldfastError("invalid", `${field}: ${message}`, false, { field });
}
