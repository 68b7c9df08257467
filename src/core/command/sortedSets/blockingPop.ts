import { type Call, keysToTry } from "../call.ts";
import { keysFrom } from "../lists/keySpecs.ts";
import { argTimeout } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { awaitSortedSet, type End, firstSortedSet, takeFrom } from "./take.ts";

export const bzpopmin: CommandSpec = {
  name: "bzpopmin",
  arity: -3,
  flags: ["write", "noscript", "blocking", "fast"],
  group: "sorted-set",
  since: "5.0.0",
  summary:
    "Remove and return the member with the lowest score from one or more sorted sets, or block until one is available",
  syntax: "key#0* timeout<double>",
  complexity: "O(log(N)) with N being the number of elements in the sorted set.",
  keys: [keysFrom(1, -2, "RW", "access", "delete")],
  history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
  evaluate: (call) => popBlocking(call, "min"),
};

export const bzpopmax: CommandSpec = {
  name: "bzpopmax",
  arity: -3,
  flags: ["write", "noscript", "blocking", "fast"],
  group: "sorted-set",
  since: "5.0.0",
  summary:
    "Remove and return the member with the highest score from one or more sorted sets, or block until one is available",
  syntax: "key#0* timeout<double>",
  complexity: "O(log(N)) with N being the number of elements in the sorted set.",
  keys: [keysFrom(1, -2, "RW", "access", "delete")],
  history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
  evaluate: (call) => popBlocking(call, "max"),
};

function popBlocking(call: Call, end: End): void {
  const { args, reply } = call;
  const timeoutMillis = argTimeout(call, args.length - 1);
  if (timeoutMillis === undefined) return;
  const keys = args.texts(1, args.length - 1);
  const found = firstSortedSet(call, keysToTry(call, keys));
  if (found === null) return;
  if (found === undefined) return awaitSortedSet(call, keys, timeoutMillis);
  const taken = takeFrom(call, found.key, found.zset, end, 1);
  if (taken === undefined) return;
  const { member, score } = taken[0]!;
  reply.array(3);
  reply.bulk(found.key);
  reply.bulk(member);
  reply.double(score);
}
