import type { Call } from "../call.ts";
import { fail, wrongArity } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readHash } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";

export const hset: CommandSpec = {
  name: "hset",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Set the string value of a hash field",
  syntax: "key#0 field_value{field value}*",
  complexity:
    "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with " +
    "multiple field/value pairs.",
  keys: [keyAt(1, "RW", "update")],
  history: [["4.0.0", "Accepts multiple `field` and `value` arguments."]],
  evaluate(call: Call): void {
    const added = setPairs(call, "hset");
    if (added !== undefined) call.reply.integer(added);
  },
};

export const hmset: CommandSpec = {
  name: "hmset",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Set multiple hash fields to multiple values",
  syntax: "key#0 field_value{field value}*",
  complexity: "O(N) where N is the number of fields being set.",
  keys: [keyAt(1, "RW", "update")],
  deprecated: { since: "4.0.0", replacedBy: "`HSET` with multiple field-value pairs" },
  evaluate(call: Call): void {
    if (setPairs(call, "hmset") !== undefined) call.reply.ok();
  },
};

/** How many fields are new; undefined after an error reply. */
function setPairs(call: Call, command: string): number | undefined {
  const { args } = call;
  if (args.length % 2 !== 0) {
    fail(call, wrongArity(command));
    return undefined;
  }
  const key = args.text(1);
  if (readHash(call, key) === null) return undefined;
  return call.mutate.hashSet(key, args.texts(2));
}

export const hsetnx: CommandSpec = {
  name: "hsetnx",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Set the value of a hash field, only if the field does not exist",
  syntax: "key#0 field value",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "insert")],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const key = args.text(1);
    const field = args.text(2);
    const hash = readHash(call, key);
    if (hash === null) return;
    if (hash?.has(field)) return reply.integer(0);
    reply.integer(call.mutate.hashSet(key, [field, args.text(3)]));
  },
};

export const hdel: CommandSpec = {
  name: "hdel",
  arity: -3,
  flags: ["write", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Delete one or more hash fields",
  syntax: "key#0 field*",
  complexity: "O(N) where N is the number of fields to be removed.",
  keys: [keyAt(1, "RW", "delete")],
  history: [["2.4.0", "Accepts multiple `field` arguments."]],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const key = args.text(1);
    const hash = readHash(call, key);
    if (hash === null) return;
    if (hash === undefined) return reply.integer(0);
    const present = args.texts(2).filter((field) => hash.has(field));
    reply.integer(present.length === 0 ? 0 : call.mutate.hashDelete(key, present));
  },
};
