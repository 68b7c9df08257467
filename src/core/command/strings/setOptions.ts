import type { Args } from "../args.ts";
import { MILLIS, SECONDS, type TimeForm, UNIX_MILLIS, UNIX_SECONDS } from "./expiry.ts";

/** What stands behind the value in `SET`, or behind the key in `GETEX`. */
export interface SetOptions {
  ifAbsent: boolean;
  ifPresent: boolean;
  get: boolean;
  /** What becomes of the time to live: `time` takes the one at argument `timeAt`. */
  expiry: "drop" | "keep" | "persist" | TimeForm;
  timeAt: number;
}

/** Reads options from argument 3 on; undefined when the syntax is wrong. */
export function parseSetOptions(args: Args): SetOptions | undefined {
  const options: SetOptions = { ifAbsent: false, ifPresent: false, get: false, expiry: "drop", timeAt: 0 };
  for (let i = 3; i < args.length; i++) {
    if (args.is(i, "nx") && !options.ifPresent) options.ifAbsent = true;
    else if (args.is(i, "xx") && !options.ifAbsent) options.ifPresent = true;
    else if (args.is(i, "get")) options.get = true;
    else {
      const next = expiryOption(args, i, options, "keep");
      if (next === 0) return undefined;
      i = next;
    }
  }
  return options;
}

/** Reads the options of `GETEX` from argument 2 on; undefined when the syntax is wrong. */
export function parseGetexOptions(args: Args): SetOptions | undefined {
  const options: SetOptions = { ifAbsent: false, ifPresent: false, get: true, expiry: "drop", timeAt: 0 };
  for (let i = 2; i < args.length; i++) {
    i = expiryOption(args, i, options, "persist");
    if (i === 0) return undefined;
  }
  return options;
}

/** One option on the time to live; it may be repeated, not mixed. Returns its last argument, 0 when it is wrong. */
function expiryOption(args: Args, i: number, options: SetOptions, word: "keep" | "persist"): number {
  const form = timeForm(args, i);
  const expiry = form ?? (args.is(i, word === "keep" ? "keepttl" : "persist") ? word : undefined);
  if (expiry === undefined || (options.expiry !== "drop" && options.expiry !== expiry)) return 0;
  if (form !== undefined && i + 1 === args.length) return 0;
  options.expiry = expiry;
  options.timeAt = i + 1;
  return form === undefined ? i : i + 1;
}

function timeForm(args: Args, i: number): TimeForm | undefined {
  if (args.is(i, "ex")) return SECONDS;
  if (args.is(i, "px")) return MILLIS;
  if (args.is(i, "exat")) return UNIX_SECONDS;
  if (args.is(i, "pxat")) return UNIX_MILLIS;
  return undefined;
}
