import { type Call, keysToTry } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { countedKeys } from "../lists/keySpecs.ts";
import { argRange, argTimeout } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { awaitSortedSet, type End, type FoundSortedSet, firstSortedSet, takeFrom } from "./take.ts";

export const zmpop: CommandSpec = {
  name: "zmpop",
  arity: -4,
  flags: ["write", "movablekeys"],
  group: "sorted-set",
  since: "7.0.0",
  summary: "Remove and return members with scores in a sorted set",
  syntax: "numkeys<integer> key#0* where(MIN|MAX) [COUNT=count<integer>]",
  complexity:
    "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
  keys: [countedKeys(1, "RW", "access", "delete")],
  evaluate: popFromFirst,
};

export const bzmpop: CommandSpec = {
  name: "bzmpop",
  arity: -5,
  flags: ["write", "blocking", "movablekeys"],
  group: "sorted-set",
  since: "7.0.0",
  summary: "Remove and return members with scores in a sorted set or block until one is available",
  syntax: "timeout<double> numkeys<integer> key#0* where(MIN|MAX) [COUNT=count<integer>]",
  complexity:
    "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
  keys: [countedKeys(2, "RW", "access", "delete")],
  evaluate: popFromFirstBlocking,
};

interface MultiPop {
  readonly keys: readonly string[];
  readonly end: End;
  readonly count: number;
}

function popFromFirst(call: Call): void {
  const request = parseRequest(call, 1);
  if (request === undefined) return;
  const found = firstSortedSet(call, request.keys);
  if (found === null) return;
  if (found === undefined) return call.reply.nullArray();
  replyTaken(call, found, request);
}

function popFromFirstBlocking(call: Call): void {
  const request = parseRequest(call, 2);
  if (request === undefined) return;
  const timeoutMillis = argTimeout(call, 1);
  if (timeoutMillis === undefined) return;
  const { keys } = request;
  const found = firstSortedSet(call, keysToTry(call, keys));
  if (found === null) return;
  if (found === undefined) return awaitSortedSet(call, keys, timeoutMillis);
  replyTaken(call, found, request);
}

/** Reads the count of keys at `countAt` and what follows; undefined after an error reply. */
function parseRequest(call: Call, countAt: number): MultiPop | undefined {
  const { args } = call;
  const keyCount = argRange(call, countAt, 1, Infinity, "ERR numkeys should be greater than 0");
  if (keyCount === undefined) return undefined;
  const endAt = countAt + keyCount + 1;
  if (endAt >= args.length) return refuse(call);
  const end = args.is(endAt, "min") ? "min" : args.is(endAt, "max") ? "max" : undefined;
  if (end === undefined) return refuse(call);
  let count: number | undefined;
  for (let i = endAt + 1; i < args.length; i += 2) {
    if (count !== undefined || !args.is(i, "count") || i + 1 === args.length) return refuse(call);
    count = argRange(call, i + 1, 1, Infinity, "ERR count should be greater than 0");
    if (count === undefined) return undefined;
  }
  return { keys: args.texts(countAt + 1, endAt), end, count: count ?? 1 };
}

function refuse(call: Call): undefined {
  fail(call, SYNTAX_ERROR);
}

/** The key, and its members as pairs in both protocols. */
function replyTaken(call: Call, { key, zset }: FoundSortedSet, { end, count }: MultiPop): void {
  const { reply } = call;
  const taken = takeFrom(call, key, zset, end, count);
  if (taken === undefined) return;
  reply.array(2);
  reply.bulk(key);
  reply.array(taken.length);
  for (const { member, score } of taken) {
    reply.array(2);
    reply.bulk(member);
    reply.double(score);
  }
}
