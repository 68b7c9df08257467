import type { Call } from "../call.ts";
import { lookupArg } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { allKeys } from "./keySpecs.ts";

const HINTS = ["request_policy:multi_shard", "response_policy:agg_sum"];

export const del: CommandSpec = {
  name: "del",
  arity: -2,
  flags: ["write"],
  group: "generic",
  since: "1.0.0",
  summary: "Delete a key",
  syntax: "key#0*",
  complexity:
    "O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the " +
    "individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. " +
    "Removing a single key that holds a string value is O(1).",
  keys: allKeys(["RM", "delete"]),
  hints: HINTS,
  evaluate: evaluateDel,
};

export const unlink: CommandSpec = {
  name: "unlink",
  arity: -2,
  flags: ["write", "fast"],
  group: "generic",
  since: "4.0.0",
  summary: "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.",
  syntax: "key#0*",
  complexity:
    "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to " +
    "reclaim memory, where N is the number of allocations the deleted objects where composed of.",
  keys: allKeys(["RM", "delete"]),
  hints: HINTS,
  evaluate: evaluateDel,
};

function evaluateDel(call: Call): void {
  const { args } = call;
  let deleted = 0;
  for (let i = 1; i < args.length; i++) {
    if (lookupArg(call, i) !== 0 && call.mutate.delete(args.text(i))) deleted++;
  }
  call.reply.integer(deleted);
}
