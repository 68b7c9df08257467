import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import { argBigInteger, INTEGER_MAX, parseShortInteger } from "../numbers.ts";

/** How a command gives a time: in seconds or milliseconds, from now or as a point of the wall clock. */
export interface TimeForm {
  /** Milliseconds of one unit. */
  readonly unitMillis: 1 | 1000;
  readonly relative: boolean;
}

export const SECONDS: TimeForm = { unitMillis: 1000, relative: true };
export const MILLIS: TimeForm = { unitMillis: 1, relative: true };
export const UNIX_SECONDS: TimeForm = { unitMillis: 1000, relative: false };
export const UNIX_MILLIS: TimeForm = { unitMillis: 1, relative: false };

/** The latest time that a record holds, in the year 10889; what is later expires then. */
const EXPIRE_AT_MAX = 2 ** 48 - 1;

/**
 * When argument `i` says that a key expires, in milliseconds of the wall clock; it may be past. Undefined after an error
 * reply that names `command`: no integer, not positive where `mustBePositive`, or beyond 64 bits as Redis would calculate.
 */
export function argExpiry(
  call: Call,
  i: number,
  form: TimeForm,
  command: string,
  mustBePositive: boolean,
): number | undefined {
  const { args } = call;
  const base = form.relative ? call.now : 0;
  const short = parseShortInteger(args.bytes, args.starts[i]!, args.ends[i]!);
  if (short !== undefined && (short > 0 || !mustBePositive)) return bounded(short * form.unitMillis + base);
  const value = short === undefined ? argBigInteger(call, i) : BigInt(short);
  if (value === undefined) return undefined;
  const limit = INTEGER_MAX / BigInt(form.unitMillis);
  const millis = value * BigInt(form.unitMillis) + BigInt(base);
  if ((mustBePositive && value <= 0n) || value > limit || value < -limit - 1n || millis > INTEGER_MAX) {
    fail(call, `ERR invalid expire time in '${command}' command`);
    return undefined;
  }
  return bounded(Number(millis));
}

function bounded(millis: number): number {
  return Math.min(millis, EXPIRE_AT_MAX);
}
