import { KEY_BYTES_MAX } from "../state/record.ts";
import type { Call } from "./call.ts";

/** Redis 7.0's texts: clients match on them. */
export const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
export const SYNTAX_ERROR = "ERR syntax error";
export const NOT_INTEGER = "ERR value is not an integer or out of range";
export const NOT_FLOAT = "ERR value is not a valid float";
export const OUT_OF_RANGE = "ERR value is out of range";
export const MUST_BE_POSITIVE = "ERR value is out of range, must be positive";
export const NO_SUCH_KEY = "ERR no such key";
export const INDEX_OUT_OF_RANGE = "ERR index out of range";
export const STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
export const KEY_TOO_LONG = `ERR key exceeds maximum allowed size (${KEY_BYTES_MAX} bytes)`;
export const RESERVED_KEY = "ERR keys that begin so are reserved";
export const TIMEOUT_NOT_FLOAT = "ERR timeout is not a float or out of range";
export const TIMEOUT_NEGATIVE = "ERR timeout is negative";

const ENTRY_TOO_LARGE =
  "ERR this changes more than the log takes at once, with what the transaction has changed before";
/** What a mutation takes for an element beside its bytes: lengths, a score, a time, the kind. */
const ELEMENT_BYTES = 16;

/** Whether the entry has room for so many elements of so many bytes; false after an error reply. */
export function hasRoom(call: Call, bytes: number, elements = 1): boolean {
  const fits = bytes + elements * ELEMENT_BYTES <= call.mutate.entryRoom;
  if (!fits) fail(call, ENTRY_TOO_LARGE);
  return fits;
}

/** The same for elements that a command found by itself. */
export function hasRoomFor(call: Call, elements: readonly string[]): boolean {
  let bytes = 0;
  for (const element of elements) bytes += element.length;
  return hasRoom(call, bytes, elements.length);
}

/** `name` as the client should see it: `get`, or `config|get`. */
export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

/** What an error repeats of a request: Redis prints it as a C string, which ends at the first zero byte. */
export function quoted(text: string, bytesMax = text.length): string {
  const zero = text.indexOf("\0");
  return text.slice(0, zero === -1 ? bytesMax : Math.min(zero, bytesMax));
}

/** Writes an error reply; returns nothing, so that `return fail(call, …)` ends a command. */
export function fail(call: Call, text: string): void {
  call.reply.error(text);
}
