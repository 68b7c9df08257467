import { VALUE_STRING } from "../../state/keySpace.ts";
import { VALUE_HASH, VALUE_LIST, VALUE_SET, VALUE_ZSET } from "../../state/values/collection.ts";
import type { Call } from "../call.ts";
import { lookupArg } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { allKeys, oneKey } from "./keySpecs.ts";
import { peekArg } from "./peek.ts";

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [VALUE_STRING, "string"],
  [VALUE_LIST, "list"],
  [VALUE_SET, "set"],
  [VALUE_ZSET, "zset"],
  [VALUE_HASH, "hash"],
]);

export const exists: CommandSpec = {
  name: "exists",
  arity: -2,
  flags: ["readonly", "fast"],
  group: "generic",
  since: "1.0.0",
  summary: "Determine if a key exists",
  syntax: "key#0*",
  complexity: "O(N) where N is the number of keys to check.",
  keys: allKeys(["RO"]),
  hints: ["request_policy:multi_shard", "response_policy:agg_sum"],
  history: [["3.0.3", "Accepts multiple `key` arguments."]],
  evaluate(call: Call): void {
    let found = 0;
    for (let i = 1; i < call.args.length; i++) if (peekArg(call, i) !== 0) found++;
    call.reply.integer(found);
  },
};

export const touch: CommandSpec = {
  name: "touch",
  arity: -2,
  flags: ["readonly", "fast"],
  group: "generic",
  since: "3.2.1",
  summary: "Alters the last access time of a key(s). Returns the number of existing keys specified.",
  syntax: "key#0*",
  complexity: "O(N) where N is the number of keys that will be touched.",
  keys: allKeys(["RO"]),
  hints: ["request_policy:multi_shard", "response_policy:agg_sum"],
  evaluate(call: Call): void {
    let found = 0;
    for (let i = 1; i < call.args.length; i++) if (lookupArg(call, i) !== 0) found++;
    call.reply.integer(found);
  },
};

export const type: CommandSpec = {
  name: "type",
  arity: 2,
  flags: ["readonly", "fast"],
  group: "generic",
  since: "1.0.0",
  summary: "Determine the type stored at key",
  syntax: "key#0",
  complexity: "O(1)",
  keys: oneKey(["RO"]),
  evaluate(call: Call): void {
    const ref = peekArg(call, 1);
    call.reply.simple(ref === 0 ? "none" : typeName(call.state.type(ref)));
  },
};

/** The name that `TYPE` and `SCAN … TYPE` use for a type code. */
export function typeName(code: number): string {
  return TYPE_NAMES.get(code) ?? "unknown";
}
