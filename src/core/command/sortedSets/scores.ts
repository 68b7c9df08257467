import type { Call } from "../call.ts";
import { keyAt } from "../lists/keySpecs.ts";
import type { CommandSpec } from "../spec.ts";
import { argBounds, ranksOf } from "./bounds.ts";
import { readZSetArg } from "./readSortedSet.ts";
import { replyScore } from "./scoredReply.ts";

export const zcard: CommandSpec = {
  name: "zcard",
  arity: 2,
  flags: ["readonly", "fast"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Get the number of members in a sorted set",
  syntax: "key#0",
  complexity: "O(1)",
  keys: [keyAt(1, "RO")],
  evaluate(call) {
    const zset = readZSetArg(call, 1);
    if (zset !== null) call.reply.integer(zset?.length ?? 0);
  },
};

export const zscore: CommandSpec = {
  name: "zscore",
  arity: 3,
  flags: ["readonly", "fast"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Get the score associated with the given member in a sorted set",
  syntax: "key#0 member",
  complexity: "O(1)",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call) {
    const zset = readZSetArg(call, 1);
    if (zset !== null) replyScore(call, zset?.score(call.args.text(2)));
  },
};

export const zmscore: CommandSpec = {
  name: "zmscore",
  arity: -3,
  flags: ["readonly", "fast"],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Get the score associated with the given members in a sorted set",
  syntax: "key#0 member*",
  complexity: "O(N) where N is the number of members being requested.",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call) {
    const { args } = call;
    const zset = readZSetArg(call, 1);
    if (zset === null) return;
    call.reply.array(args.length - 2);
    for (let i = 2; i < args.length; i++) replyScore(call, zset?.score(args.text(i)));
  },
};

export const zrank: CommandSpec = {
  name: "zrank",
  arity: 3,
  flags: ["readonly", "fast"],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Determine the index of a member in a sorted set",
  syntax: "key#0 member",
  complexity: "O(log(N))",
  keys: [keyAt(1, "RO", "access")],
  evaluate: (call) => rank(call, false),
};

export const zrevrank: CommandSpec = {
  name: "zrevrank",
  arity: 3,
  flags: ["readonly", "fast"],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Determine the index of a member in a sorted set, with scores ordered from high to low",
  syntax: "key#0 member",
  complexity: "O(log(N))",
  keys: [keyAt(1, "RO", "access")],
  evaluate: (call) => rank(call, true),
};

export const zcount: CommandSpec = {
  name: "zcount",
  arity: 4,
  flags: ["readonly", "fast"],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Count the members in a sorted set with scores within the given values",
  syntax: "key#0 min<double> max<double>",
  complexity: "O(log(N)) with N being the number of elements in the sorted set.",
  keys: [keyAt(1, "RO", "access")],
  evaluate: (call) => count(call, "score"),
};

export const zlexcount: CommandSpec = {
  name: "zlexcount",
  arity: 4,
  flags: ["readonly", "fast"],
  group: "sorted-set",
  since: "2.8.9",
  summary: "Count the number of members in a sorted set between a given lexicographical range",
  syntax: "key#0 min max",
  complexity: "O(log(N)) with N being the number of elements in the sorted set.",
  keys: [keyAt(1, "RO", "access")],
  evaluate: (call) => count(call, "lex"),
};

function rank(call: Call, fromHighest: boolean): void {
  const zset = readZSetArg(call, 1);
  if (zset === null) return;
  const found = zset?.rank(call.args.text(2));
  if (zset === undefined || found === undefined) call.reply.null();
  else call.reply.integer(fromHighest ? zset.length - 1 - found : found);
}

function count(call: Call, kind: "score" | "lex"): void {
  const range = argBounds(call, kind, 2, 3);
  if (range === undefined) return;
  const zset = readZSetArg(call, 1);
  if (zset === null) return;
  if (zset === undefined) return call.reply.integer(0);
  const { start, end } = ranksOf(zset, range);
  call.reply.integer(end - start);
}
