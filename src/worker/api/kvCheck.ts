import { keySlotOfBytes } from "../../base/crc16.ts";
import { isSessionKeyBytes, SESSION_ID_BYTES } from "../../core/state/sessionKey.ts";
import type { KvError } from "./kvError.ts";
import {
  BATCH,
  COMPARE_AND_SET,
  DELETE,
  GET,
  INCREMENT,
  type KvRequest,
  type Method,
  PUT,
  SCAN,
  type Span,
} from "./kvRequest.ts";

const KEY_BYTES_MAX = 65_535;
const VALUE_BYTES_MAX = 32 * 2 ** 20;
const TTL_MILLIS_MAX = 2 ** 47;
const OPERATIONS_MAX = 1_000;
const PAGE_SIZE_MAX = 10_000;
const CURSOR_BYTES_MAX = KEY_BYTES_MAX + 16;
const POSITION_BYTES_MAX = 128;

const OPERATION_NAMES: { readonly [M in Method]: string } = {
  [GET]: "get",
  [PUT]: "put",
  [DELETE]: "delete",
  [COMPARE_AND_SET]: "compare_and_set",
  [INCREMENT]: "increment",
  [BATCH]: "batch",
  [SCAN]: "scan",
};

/** Why the request makes no sense whenever it comes; undefined if it does make some. */
export function checkRequest(request: KvRequest): KvError | undefined {
  if (request.method === SCAN) return checkScan(request);
  const error = request.method === BATCH ? checkBatch(request) : checkOperation(request, "");
  return error ?? (request.sessionStart < 0 ? undefined : checkOnce(request));
}

function checkOnce({ sessionStart, sessionEnd, number, firstOpen }: KvRequest): KvError | undefined {
  if (sessionEnd - sessionStart !== SESSION_ID_BYTES) return invalid("once.session", "this is no session");
  if (number === 0) return invalid("once.number", "numbers begin with 1");
  if (!Number.isSafeInteger(number)) return invalid("once.number", "numbers are below 2^53");
  if (firstOpen > number) return invalid("once.first_open", "it is at most number");
  return undefined;
}

function checkOperation(request: KvRequest, path: string): KvError | undefined {
  const { key, value, expected, ifVersion, ifAbsent, keepTtl, ttlMillis } = request;
  const keyBytes = key.end - key.start;
  if (keyBytes === 0) return invalid(`${path}key`, "a key has at least one byte");
  if (isSessionKeyBytes(request.bytes, key.start, key.end))
    return invalid(`${path}key`, "keys that begin so are reserved");
  if (keyBytes > KEY_BYTES_MAX) return invalid(`${path}key`, `a key has at most ${KEY_BYTES_MAX} bytes`);
  if (length(value) > VALUE_BYTES_MAX) return invalid(`${path}value`, `a value has at most ${VALUE_BYTES_MAX} bytes`);
  if (length(expected) > VALUE_BYTES_MAX)
    return invalid(`${path}expected`, `a value has at most ${VALUE_BYTES_MAX} bytes`);
  if (length(ifVersion) > POSITION_BYTES_MAX) return invalid(`${path}if_version`, "this is no version");
  if (ifAbsent && length(ifVersion) > 0) return invalid(`${path}if_version`, "it excludes if_absent");
  if (ttlMillis > TTL_MILLIS_MAX) return invalid(`${path}ttl_millis`, `it is at most ${TTL_MILLIS_MAX}`);
  if (keepTtl && ttlMillis > 0) return invalid(`${path}keep_ttl`, "it excludes ttl_millis");
  return checkReading(request, path);
}

function checkReading({ consistency, atLeast }: KvRequest, path: string): KvError | undefined {
  if (consistency > 1) return invalid(`${path}consistency`, "there is no such consistency");
  if (length(atLeast) > POSITION_BYTES_MAX) return invalid(`${path}at_least`, "this is no position");
  return undefined;
}

function checkBatch({ operations }: KvRequest): KvError | undefined {
  if (operations.length === 0) return invalid("operations", "a batch has at least one operation");
  if (operations.length > OPERATIONS_MAX)
    return invalid("operations", `a batch has at most ${OPERATIONS_MAX} operations`);
  let slot = -1;
  for (const [i, operation] of operations.entries()) {
    const path = `operations[${i}].${OPERATION_NAMES[operation.method]}.`;
    const error = checkOperation(operation, path);
    if (error !== undefined) return error;
    if (operation.sessionStart >= 0) return invalid(`${path}once`, "a batch happens once as a whole");
    if (operation.consistency > 0) return invalid(`${path}consistency`, "a batch is linearizable as a whole");
    if (length(operation.atLeast) > 0) return invalid(`${path}at_least`, "a batch is linearizable as a whole");
    const own = keySlotOfBytes(operation.bytes, operation.key.start, operation.key.end);
    if (slot >= 0 && own !== slot) {
      const message = `the keys of a batch have to be of one slot, and this one is of slot ${own}, others of slot ${slot}; put the same {tag} into all of them`;
      return { code: "invalidArgument", reason: "differentSlots", message, field: `${path}key` };
    }
    slot = own;
  }
  return undefined;
}

function checkScan(request: KvRequest): KvError | undefined {
  if (length(request.key) > KEY_BYTES_MAX) return invalid("prefix", `a key has at most ${KEY_BYTES_MAX} bytes`);
  if (length(request.cursor) > CURSOR_BYTES_MAX) return invalid("cursor", "this is no cursor");
  if (request.pageSize > PAGE_SIZE_MAX) return invalid("page_size", `a page has at most ${PAGE_SIZE_MAX} keys`);
  return checkReading(request, "");
}

function length({ start, end }: Span): number {
  return end - start;
}

export function invalid(field: string, message: string): KvError {
  return { code: "invalidArgument", reason: "invalidField", message: `${field}: ${message}`, field };
}
