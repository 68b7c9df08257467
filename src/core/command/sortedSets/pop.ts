import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readZSet } from "../lookup.ts";
import { argCount } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { type End, takeFrom } from "./take.ts";

export const zpopmin: CommandSpec = {
  name: "zpopmin",
  arity: -2,
  flags: ["write", "fast"],
  group: "sorted-set",
  since: "5.0.0",
  summary: "Remove and return members with the lowest scores in a sorted set",
  syntax: "key#0 [count<integer>]",
  complexity:
    "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
  keys: [keyAt(1, "RW", "access", "delete")],
  evaluate: (call) => pop(call, "min"),
};

export const zpopmax: CommandSpec = {
  name: "zpopmax",
  arity: -2,
  flags: ["write", "fast"],
  group: "sorted-set",
  since: "5.0.0",
  summary: "Remove and return members with the highest scores in a sorted set",
  syntax: "key#0 [count<integer>]",
  complexity:
    "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
  keys: [keyAt(1, "RW", "access", "delete")],
  evaluate: (call) => pop(call, "max"),
};

function pop(call: Call, end: End): void {
  const { args, reply } = call;
  if (args.length > 3) return fail(call, SYNTAX_ERROR);
  const isCounted = args.length === 3;
  const count = isCounted ? argCount(call, 2) : 1;
  if (count === undefined) return;
  const key = args.text(1);
  const zset = readZSet(call, key);
  if (zset === null) return;
  if (zset === undefined || count === 0) return reply.array(0);
  const taken = takeFrom(call, key, zset, end, count);
  if (taken === undefined) return;
  // Only a count makes it a list of pairs in RESP3; without one it is a single pair.
  const isNested = isCounted && reply.protocol === 3;
  reply.array(isNested ? taken.length : taken.length * 2);
  for (const { member, score } of taken) {
    if (isNested) reply.array(2);
    reply.bulk(member);
    reply.double(score);
  }
}
