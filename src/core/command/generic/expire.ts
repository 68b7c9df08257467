import type { Ref } from "../../state/slab.ts";
import type { Call } from "../call.ts";
import { fail, quoted } from "../errors.ts";
import { lookup } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { argExpiry, MILLIS, SECONDS, type TimeForm, UNIX_MILLIS, UNIX_SECONDS } from "../strings/expiry.ts";
import { oneKey } from "./keySpecs.ts";

interface Condition {
  ifNone: boolean;
  ifSome: boolean;
  ifLater: boolean;
  ifSooner: boolean;
}

export const expire = expireCommand(
  "expire",
  "1.0.0",
  "Set a key's time to live in seconds",
  "seconds<integer>",
  SECONDS,
);
export const pexpire = expireCommand(
  "pexpire",
  "2.6.0",
  "Set a key's time to live in milliseconds",
  "milliseconds<integer>",
  MILLIS,
);
export const expireat = expireCommand(
  "expireat",
  "1.2.0",
  "Set the expiration for a key as a UNIX timestamp",
  "unix-time-seconds<unix-time>",
  UNIX_SECONDS,
);
export const pexpireat = expireCommand(
  "pexpireat",
  "2.6.0",
  "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
  "unix-time-milliseconds<unix-time>",
  UNIX_MILLIS,
);

export const persist: CommandSpec = {
  name: "persist",
  arity: 2,
  flags: ["write", "fast"],
  group: "generic",
  since: "2.2.0",
  summary: "Remove the expiration from a key",
  syntax: "key#0",
  complexity: "O(1)",
  keys: oneKey(["RW", "update"]),
  evaluate(call: Call): void {
    const key = call.args.text(1);
    const ref = lookup(call, key);
    const isChanged = ref !== 0 && call.state.expires(ref);
    if (isChanged) call.mutate.expire(key, 0);
    call.reply.integer(isChanged ? 1 : 0);
  },
};

function expireCommand(name: string, since: string, summary: string, time: string, form: TimeForm): CommandSpec {
  return {
    name,
    arity: -3,
    flags: ["write", "fast"],
    group: "generic",
    since,
    summary,
    syntax: `key#0 ${time} [condition(NX|XX|GT|LT)@7.0.0]`,
    complexity: "O(1)",
    keys: oneKey(["RW", "update"]),
    history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
    evaluate: (call) => evaluateExpire(call, form, name),
  };
}

function evaluateExpire(call: Call, form: TimeForm, name: string): void {
  const condition = parseCondition(call);
  if (condition === undefined) return;
  const at = argExpiry(call, 2, form, name, false);
  if (at === undefined) return;
  const key = call.args.text(1);
  const ref = lookup(call, key);
  if (ref === 0 || !holds(call, ref, condition, at)) return call.reply.integer(0);
  if (at <= call.now) call.mutate.delete(key);
  else if (at !== call.state.expireAt(ref)) call.mutate.expire(key, at);
  call.reply.integer(1);
}

/** Undefined after an error reply. */
function parseCondition(call: Call): Condition | undefined {
  const { args } = call;
  const condition: Condition = { ifNone: false, ifSome: false, ifLater: false, ifSooner: false };
  for (let i = 3; i < args.length; i++) {
    if (args.is(i, "nx")) condition.ifNone = true;
    else if (args.is(i, "xx")) condition.ifSome = true;
    else if (args.is(i, "gt")) condition.ifLater = true;
    else if (args.is(i, "lt")) condition.ifSooner = true;
    else {
      fail(call, `ERR Unsupported option ${quoted(args.text(i))}`);
      return undefined;
    }
  }
  const { ifNone, ifSome, ifLater, ifSooner } = condition;
  if (ifNone && (ifSome || ifLater || ifSooner)) {
    fail(call, "ERR NX and XX, GT or LT options at the same time are not compatible");
  } else if (ifLater && ifSooner) fail(call, "ERR GT and LT options at the same time are not compatible");
  else return condition;
  return undefined;
}

/** A key without a time to live counts as one that lives for ever. */
function holds(call: Call, ref: Ref, condition: Condition, at: number): boolean {
  const expires = call.state.expires(ref);
  const present = expires ? call.state.expireAt(ref) : Infinity;
  if (condition.ifNone && expires) return false;
  if (condition.ifSome && !expires) return false;
  if (condition.ifLater && at <= present) return false;
  return !condition.ifSooner || at < present;
}
