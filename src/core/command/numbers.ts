import { parseDouble } from "../../base/double.ts";
import { parseLongDouble } from "../../base/longDouble.ts";
import type { Call } from "./call.ts";
import { fail, MUST_BE_POSITIVE, NOT_FLOAT, NOT_INTEGER, TIMEOUT_NEGATIVE, TIMEOUT_NOT_FLOAT } from "./errors.ts";

export const INTEGER_MIN = -(2n ** 63n);
export const INTEGER_MAX = 2n ** 63n - 1n;
/** The length of "-9223372036854775808". */
export const INTEGER_CHARS_MAX = 20;
/** Any integer of so many digits is safe. */
const SAFE_DIGITS = 15;
const MINUS = 45;
const ZERO = 48;

/**
 * An integer of 64 bits written the only way Redis takes it (`string2ll`): no space, no plus, no leading zero, no `-0`.
 * Undefined for anything else.
 */
export function parseInteger(text: string): bigint | undefined {
  if (text.length > INTEGER_CHARS_MAX || !isCanonical(text)) return undefined;
  const value = BigInt(text);
  return value < INTEGER_MIN || value > INTEGER_MAX ? undefined : value;
}

/** `parseInteger` for values that a number holds exactly; undefined for others. */
export function parseSafeInteger(text: string): number | undefined {
  if (text.length > SAFE_DIGITS + 2 || !isCanonical(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** `parseSafeInteger` for bytes, without making a string; only for integers of at most 15 digits. */
export function parseShortInteger(bytes: Uint8Array, start: number, end: number): number | undefined {
  const negative = bytes[start] === MINUS;
  let at = negative ? start + 1 : start;
  const digits = end - at;
  if (digits < 1 || digits > SAFE_DIGITS) return undefined;
  if (bytes[at] === ZERO) return digits === 1 && !negative ? 0 : undefined;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function isCanonical(text: string): boolean {
  const first = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (text.length === first) return false;
  if (text.charCodeAt(first) === ZERO) return text.length === 1;
  for (let i = first; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

/**
 * Argument `i` as an integer of 64 bits, beyond 2^53 rounded to the nearest number: right for indexes, counts and cursors, not
 * for arithmetic (see `argBigInteger`). Undefined after an error reply.
 */
export function argInteger(call: Call, i: number, error = NOT_INTEGER): number | undefined {
  const { args } = call;
  const short = parseShortInteger(args.bytes, args.starts[i]!, args.ends[i]!);
  if (short !== undefined) return short;
  const value = argBigInteger(call, i, error);
  return value === undefined ? undefined : Number(value);
}

/** Argument `i` as an exact integer of 64 bits; undefined after an error reply. */
export function argBigInteger(call: Call, i: number, error = NOT_INTEGER): bigint | undefined {
  const value = call.args.byteLength(i) > INTEGER_CHARS_MAX ? undefined : parseInteger(call.args.text(i));
  if (value === undefined) fail(call, error);
  return value;
}

/** Argument `i` as an integer from `min` to `max`; `error` answers both a wrong form and a wrong value. */
export function argRange(call: Call, i: number, min: number, max: number, error: string): number | undefined {
  const value = argInteger(call, i, error);
  if (value === undefined) return undefined;
  if (value >= min && value <= max) return value;
  fail(call, error);
  return undefined;
}

/** Argument `i` as an integer that is not negative (`getPositiveLongFromObjectOrReply`); undefined after an error reply. */
export function argCount(call: Call, i: number, error = MUST_BE_POSITIVE): number | undefined {
  return argRange(call, i, 0, Infinity, error);
}

/** Argument `i` as a double, possibly infinite; undefined after an error reply. */
export function argDouble(call: Call, i: number, error = NOT_FLOAT): number | undefined {
  const value = parseDouble(call.args.text(i));
  if (value === undefined) fail(call, error);
  return value;
}

/** The time a blocking command waits at most, given in seconds: milliseconds, rounded up; undefined after an error reply. */
export function argTimeout(call: Call, i: number): number | undefined {
  const seconds = parseLongDouble(call.args.text(i));
  if (seconds === undefined) {
    fail(call, TIMEOUT_NOT_FLOAT);
    return undefined;
  }
  const millis = Math.ceil(Number(seconds.mantissa) * 2 ** seconds.exponent * 1000);
  // Redis casts to 64 bits: what is too large becomes the smallest integer.
  if (!seconds.infinite && millis >= 0 && millis < 2 ** 63) return millis;
  fail(call, TIMEOUT_NEGATIVE);
  return undefined;
}
