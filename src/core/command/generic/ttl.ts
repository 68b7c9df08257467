import type { Call } from "../call.ts";
import type { CommandSpec } from "../spec.ts";
import { oneKey } from "./keySpecs.ts";
import { peekArg } from "./peek.ts";

const COMMON = {
  arity: 2,
  flags: ["readonly", "fast"],
  group: "generic",
  complexity: "O(1)",
  keys: oneKey(["RO", "access"]),
} as const;
const TTL_HISTORY = [["2.8.0", "Added the -2 reply."]] as const;

export const ttl: CommandSpec = {
  ...COMMON,
  name: "ttl",
  since: "1.0.0",
  summary: "Get the time to live for a key in seconds",
  syntax: "key#0",
  hints: ["nondeterministic_output"],
  history: TTL_HISTORY,
  evaluate: (call) => replyExpiry(call, (at) => toSeconds(Math.max(0, at - call.now))),
};

export const pttl: CommandSpec = {
  ...COMMON,
  name: "pttl",
  since: "2.6.0",
  summary: "Get the time to live for a key in milliseconds",
  syntax: "key#0",
  hints: ["nondeterministic_output"],
  history: TTL_HISTORY,
  evaluate: (call) => replyExpiry(call, (at) => Math.max(0, at - call.now)),
};

export const expiretime: CommandSpec = {
  ...COMMON,
  name: "expiretime",
  since: "7.0.0",
  summary: "Get the expiration Unix timestamp for a key",
  syntax: "key#0",
  evaluate: (call) => replyExpiry(call, toSeconds),
};

export const pexpiretime: CommandSpec = {
  ...COMMON,
  name: "pexpiretime",
  since: "7.0.0",
  summary: "Get the expiration Unix timestamp for a key in milliseconds",
  syntax: "key#0",
  evaluate: (call) => replyExpiry(call, (at) => at),
};

function replyExpiry(call: Call, shown: (at: number) => number): void {
  const ref = peekArg(call, 1);
  if (ref === 0) call.reply.integer(-2);
  else if (!call.state.expires(ref)) call.reply.integer(-1);
  else call.reply.integer(shown(call.state.expireAt(ref)));
}

/** To the nearest second, as Redis does. */
function toSeconds(millis: number): number {
  return Math.floor((millis + 500) / 1000);
}
