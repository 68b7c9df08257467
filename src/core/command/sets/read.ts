import type { Call } from "../call.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readSet } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { argCursor, argScanOptions, replyScanStep } from "./elementScan.ts";

export const sismember: CommandSpec = {
  name: "sismember",
  arity: 3,
  flags: ["readonly", "fast"],
  group: "set",
  since: "1.0.0",
  summary: "Determine if a given value is a member of a set",
  syntax: "key#0 member",
  complexity: "O(1)",
  keys: [keyAt(1, "RO")],
  evaluate(call: Call): void {
    const set = readSet(call, call.args.text(1));
    if (set === null) return;
    call.reply.integer(set?.has(call.args.text(2)) ? 1 : 0);
  },
};

export const smismember: CommandSpec = {
  name: "smismember",
  arity: -3,
  flags: ["readonly", "fast"],
  group: "set",
  since: "6.2.0",
  summary: "Returns the membership associated with the given elements for a set",
  syntax: "key#0 member*",
  complexity: "O(N) where N is the number of elements being checked for membership",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const set = readSet(call, args.text(1));
    if (set === null) return;
    reply.array(args.length - 2);
    for (let i = 2; i < args.length; i++) reply.integer(set?.has(args.text(i)) ? 1 : 0);
  },
};

export const scard: CommandSpec = {
  name: "scard",
  arity: 2,
  flags: ["readonly", "fast"],
  group: "set",
  since: "1.0.0",
  summary: "Get the number of members in a set",
  syntax: "key#0",
  complexity: "O(1)",
  keys: [keyAt(1, "RO")],
  evaluate(call: Call): void {
    const set = readSet(call, call.args.text(1));
    if (set === null) return;
    call.reply.integer(set?.length ?? 0);
  },
};

export const smembers: CommandSpec = {
  name: "smembers",
  arity: 2,
  flags: ["readonly"],
  group: "set",
  since: "1.0.0",
  summary: "Get all the members in a set",
  syntax: "key#0",
  complexity: "O(N) where N is the set cardinality.",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output_order"],
  evaluate(call: Call): void {
    const { reply } = call;
    const set = readSet(call, call.args.text(1));
    if (set === null) return;
    reply.set(set?.length ?? 0);
    set?.forEach((member) => {
      reply.bulk(member);
    });
  },
};

export const sscan: CommandSpec = {
  name: "sscan",
  arity: -3,
  flags: ["readonly"],
  group: "set",
  since: "2.8.0",
  summary: "Incrementally iterate Set elements",
  syntax: "key#0 cursor<integer> [MATCH=pattern<pattern>] [COUNT=count<integer>]",
  complexity:
    "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return " +
    "back to 0. N is the number of elements inside the collection..",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output"],
  evaluate(call: Call): void {
    const cursor = argCursor(call, 2);
    if (cursor === undefined) return;
    const set = readSet(call, call.args.text(1));
    if (set === null) return;
    // An absent key is answered before the options are looked at.
    if (set === undefined) return replyScanStep(call, 0, []);
    const options = argScanOptions(call, 3);
    if (options === undefined) return;
    const found: string[] = [];
    const next = set.scan(cursor, options.count, (member) => {
      if (options.matches(member)) found.push(member);
    });
    replyScanStep(call, next, found);
  },
};
