import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { oneKey } from "../generic/keySpecs.ts";
import { lookupArg } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { argExpiry, MILLIS, SECONDS, type TimeForm } from "./expiry.ts";
import { parseSetOptions, type SetOptions } from "./setOptions.ts";
import { replyStringOrNull } from "./stringReply.ts";

export const set: CommandSpec = {
  name: "set",
  arity: -3,
  flags: ["write", "denyoom"],
  group: "string",
  since: "1.0.0",
  summary: "Set the string value of a key",
  syntax:
    "key#0 value [condition(NX|XX)@2.6.12] [GET@6.2.0] [expiration(EX=seconds<integer>@2.6.12|PX=milliseconds<integer>@2.6.12|EXAT=unix-time-seconds<unix-time>@6.2.0|PXAT=unix-time-milliseconds<unix-time>@6.2.0|KEEPTTL@6.0.0)]",
  complexity: "O(1)",
  keys: [
    {
      ...oneKey(["RW", "access", "update", "variable_flags"])[0]!,
      notes: "RW and ACCESS due to the optional `GET` argument",
    },
  ],
  history: [
    ["2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."],
    ["6.0.0", "Added the `KEEPTTL` option."],
    ["6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."],
    ["7.0.0", "Allowed the `NX` and `GET` options to be used together."],
  ],
  evaluate(call: Call): void {
    if (call.args.length > 3) return setWithOptions(call);
    store(call, 2, 0);
    call.reply.ok();
  },
};

export const setnx: CommandSpec = {
  name: "setnx",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  group: "string",
  since: "1.0.0",
  summary: "Set the value of a key, only if the key does not exist",
  syntax: "key#0 value",
  complexity: "O(1)",
  keys: oneKey(["OW", "insert"]),
  evaluate(call: Call): void {
    const isAbsent = lookupArg(call, 1) === 0;
    if (isAbsent) store(call, 2, 0);
    call.reply.integer(isAbsent ? 1 : 0);
  },
};

export const setex: CommandSpec = {
  name: "setex",
  arity: 4,
  flags: ["write", "denyoom"],
  group: "string",
  since: "2.0.0",
  summary: "Set the value and expiration of a key",
  syntax: "key#0 seconds<integer> value",
  complexity: "O(1)",
  keys: oneKey(["OW", "update"]),
  evaluate: (call) => setWithTime(call, SECONDS, "setex"),
};

export const psetex: CommandSpec = {
  name: "psetex",
  arity: 4,
  flags: ["write", "denyoom"],
  group: "string",
  since: "2.6.0",
  summary: "Set the value and expiration in milliseconds of a key",
  syntax: "key#0 milliseconds<integer> value",
  complexity: "O(1)",
  keys: oneKey(["OW", "update"]),
  evaluate: (call) => setWithTime(call, MILLIS, "psetex"),
};

export const getset: CommandSpec = {
  name: "getset",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  group: "string",
  since: "1.0.0",
  summary: "Set the string value of a key and return its old value",
  syntax: "key#0 value",
  complexity: "O(1)",
  keys: oneKey(["RW", "access", "update"]),
  deprecated: { since: "6.2.0", replacedBy: "`SET` with the `!GET` argument" },
  evaluate(call: Call): void {
    if (replyStringOrNull(call, lookupArg(call, 1))) store(call, 2, 0);
  },
};

function setWithTime(call: Call, form: TimeForm, command: string): void {
  const expireAt = argExpiry(call, 2, form, command, true);
  if (expireAt === undefined) return;
  store(call, 3, expireAt);
  call.reply.ok();
}

function setWithOptions(call: Call): void {
  const options = parseSetOptions(call.args);
  if (options === undefined) return fail(call, SYNTAX_ERROR);
  const { expiry } = options;
  const time = typeof expiry === "string" ? 0 : argExpiry(call, options.timeAt, expiry, "set", true);
  if (time === undefined) return;
  const expireAt = needsKey(options) ? settle(call, options, time) : time;
  if (expireAt === undefined) return;
  store(call, 2, expireAt);
  if (!options.get) call.reply.ok();
}

function needsKey(options: SetOptions): boolean {
  return options.get || options.ifAbsent || options.ifPresent || options.expiry === "keep";
}

/** What the present key has a say in: the time it will expire; undefined when it stays, which is answered then. */
function settle(call: Call, options: SetOptions, time: number): number | undefined {
  const ref = lookupArg(call, 1);
  if (options.get && !replyStringOrNull(call, ref)) return undefined;
  if (ref === 0 ? options.ifPresent : options.ifAbsent) {
    if (!options.get) call.reply.null();
    return undefined;
  }
  return options.expiry === "keep" && ref !== 0 ? call.state.expireAt(ref) : time;
}

/** Argument `valueAt` becomes the value of the key at argument 1. */
function store(call: Call, valueAt: number, expireAt: number): void {
  const { bytes, starts, ends } = call.args;
  call.mutate.setArg(bytes, starts[1]!, ends[1]!, starts[valueAt]!, ends[valueAt]!, expireAt);
}
