import { VALUE_LIST } from "../../state/values/collection.ts";
import { block, type Call, keysToTry } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { argRange, argTimeout } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { argLeft, elementAtEnd, popElements } from "./ends.ts";
import { firstList, type KeyedList } from "./firstList.ts";
import { countedKeys, keysFrom } from "./keySpecs.ts";

export const blpop: CommandSpec = {
  name: "blpop",
  arity: -3,
  flags: ["write", "noscript", "blocking"],
  group: "list",
  since: "2.0.0",
  summary: "Remove and get the first element in a list, or block until one is available",
  syntax: "key#0* timeout<double>",
  complexity: "O(N) where N is the number of provided keys.",
  keys: [keysFrom(1, -2, "RW", "access", "delete")],
  history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
  evaluate: (call) => popOneOrBlock(call, true),
};

export const brpop: CommandSpec = {
  name: "brpop",
  arity: -3,
  flags: ["write", "noscript", "blocking"],
  group: "list",
  since: "2.0.0",
  summary: "Remove and get the last element in a list, or block until one is available",
  syntax: "key#0* timeout<double>",
  complexity: "O(N) where N is the number of provided keys.",
  keys: [keysFrom(1, -2, "RW", "access", "delete")],
  history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
  evaluate: (call) => popOneOrBlock(call, false),
};

function popOneOrBlock(call: Call, left: boolean): void {
  const { args, reply } = call;
  const timeoutAt = args.length - 1;
  const timeoutMillis = argTimeout(call, timeoutAt);
  if (timeoutMillis === undefined) return;
  const keys = args.texts(1, timeoutAt);
  const found = firstList(call, keysToTry(call, keys));
  if (found === null) return;
  if (found === undefined) return waitFor(call, keys, timeoutMillis);
  const element = elementAtEnd(found.list, left);
  call.mutate.listPop(found.key, left, 1);
  reply.array(2);
  reply.bulk(found.key);
  reply.bulk(element);
}

export const lmpop: CommandSpec = {
  name: "lmpop",
  arity: -4,
  flags: ["write", "movablekeys"],
  group: "list",
  since: "7.0.0",
  summary: "Pop elements from a list",
  syntax: "numkeys<integer> key#0* where(LEFT|RIGHT) [COUNT=count<integer>]",
  complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
  keys: [countedKeys(1, "RW", "access", "delete")],
  evaluate(call: Call): void {
    const request = argPopRequest(call, 1);
    if (request === undefined) return;
    const found = firstList(call, request.keys);
    if (found === null) return;
    if (found === undefined) call.reply.nullArray();
    else replyPopped(call, found, request);
  },
};

export const blmpop: CommandSpec = {
  name: "blmpop",
  arity: -5,
  flags: ["write", "blocking", "movablekeys"],
  group: "list",
  since: "7.0.0",
  summary: "Pop elements from a list, or block until one is available",
  syntax: "timeout<double> numkeys<integer> key#0* where(LEFT|RIGHT) [COUNT=count<integer>]",
  complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
  keys: [countedKeys(2, "RW", "access", "delete")],
  evaluate(call: Call): void {
    const request = argPopRequest(call, 2);
    if (request === undefined) return;
    const timeoutMillis = argTimeout(call, 1);
    if (timeoutMillis === undefined) return;
    const found = firstList(call, keysToTry(call, request.keys));
    if (found === null) return;
    if (found === undefined) waitFor(call, request.keys, timeoutMillis);
    else replyPopped(call, found, request);
  },
};

/** What `LMPOP` and `BLMPOP` are asked for. */
interface PopRequest {
  readonly keys: readonly string[];
  readonly left: boolean;
  readonly count: number;
}

/** Number of keys at argument `at`, keys, end, count; undefined after an error reply. */
function argPopRequest(call: Call, at: number): PopRequest | undefined {
  const { args } = call;
  const numKeys = argRange(call, at, 1, Infinity, "ERR numkeys should be greater than 0");
  if (numKeys === undefined) return undefined;
  const end = at + 1 + numKeys;
  if (end >= args.length) return refuse(call);
  const left = argLeft(call, end);
  if (left === undefined) return undefined;
  let count = 1;
  const rest = args.length - end - 1;
  if (rest > 0) {
    if (rest === 1 || !args.is(end + 1, "count")) return refuse(call);
    const given = argRange(call, end + 2, 1, Infinity, "ERR count should be greater than 0");
    if (given === undefined) return undefined;
    if (rest > 2) return refuse(call);
    count = given;
  }
  return { keys: args.texts(at + 1, end), left, count };
}

function refuse(call: Call): undefined {
  fail(call, SYNTAX_ERROR);
}

function replyPopped(call: Call, found: KeyedList, request: PopRequest): void {
  const elements = popElements(call, found.key, found.list, request.left, request.count);
  call.reply.array(2);
  call.reply.bulk(found.key);
  call.reply.bulks(elements);
}

function waitFor(call: Call, keys: readonly string[], timeoutMillis: number): void {
  block(call, { keys, valueType: VALUE_LIST, timeoutMillis, onTimeout: (reply) => reply.nullArray() });
}
