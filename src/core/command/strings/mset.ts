import type { Call } from "../call.ts";
import { fail, wrongArity } from "../errors.ts";
import { allKeys } from "../generic/keySpecs.ts";
import { lookupArg } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";

export const mset: CommandSpec = {
  name: "mset",
  arity: -3,
  flags: ["write", "denyoom"],
  group: "string",
  since: "1.0.1",
  summary: "Set multiple keys to multiple values",
  syntax: "key_value{key#0 value}*",
  complexity: "O(N) where N is the number of keys to set.",
  keys: allKeys(["OW", "update"], 2),
  hints: ["request_policy:multi_shard", "response_policy:all_succeeded"],
  evaluate(call: Call): void {
    if (call.args.length % 2 === 0) return fail(call, wrongArity("mset"));
    storeAll(call);
    call.reply.ok();
  },
};

export const msetnx: CommandSpec = {
  name: "msetnx",
  arity: -3,
  flags: ["write", "denyoom"],
  group: "string",
  since: "1.0.1",
  summary: "Set multiple keys to multiple values, only if none of the keys exist",
  syntax: "key_value{key#0 value}*",
  complexity: "O(N) where N is the number of keys to set.",
  keys: allKeys(["OW", "insert"], 2),
  hints: ["request_policy:multi_shard", "response_policy:agg_min"],
  evaluate(call: Call): void {
    if (call.args.length % 2 === 0) return fail(call, wrongArity("msetnx"));
    const isFree = noneExists(call);
    if (isFree) storeAll(call);
    call.reply.integer(isFree ? 1 : 0);
  },
};

function noneExists(call: Call): boolean {
  for (let i = 1; i < call.args.length; i += 2) if (lookupArg(call, i) !== 0) return false;
  return true;
}

function storeAll(call: Call): void {
  const { bytes, starts, ends, length } = call.args;
  for (let i = 1; i < length; i += 2) {
    call.mutate.setArg(bytes, starts[i]!, ends[i]!, starts[i + 1]!, ends[i + 1]!, 0);
  }
}
