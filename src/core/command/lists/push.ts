import type { Call } from "../call.ts";
import { readList } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { keyAt } from "./keySpecs.ts";

export const lpush: CommandSpec = {
  name: "lpush",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  group: "list",
  since: "1.0.0",
  summary: "Prepend one or multiple elements to a list",
  syntax: "key#0 element*",
  complexity:
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
  keys: [keyAt(1, "RW", "insert")],
  history: [["2.4.0", "Accepts multiple `element` arguments."]],
  evaluate: (call) => push(call, true),
};

export const rpush: CommandSpec = {
  name: "rpush",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  group: "list",
  since: "1.0.0",
  summary: "Append one or multiple elements to a list",
  syntax: "key#0 element*",
  complexity:
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
  keys: [keyAt(1, "RW", "insert")],
  history: [["2.4.0", "Accepts multiple `element` arguments."]],
  evaluate: (call) => push(call, false),
};

export const lpushx: CommandSpec = {
  name: "lpushx",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  group: "list",
  since: "2.2.0",
  summary: "Prepend an element to a list, only if the list exists",
  syntax: "key#0 element*",
  complexity:
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
  keys: [keyAt(1, "RW", "insert")],
  history: [["4.0.0", "Accepts multiple `element` arguments."]],
  evaluate: (call) => pushIfPresent(call, true),
};

export const rpushx: CommandSpec = {
  name: "rpushx",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  group: "list",
  since: "2.2.0",
  summary: "Append an element to a list, only if the list exists",
  syntax: "key#0 element*",
  complexity:
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
  keys: [keyAt(1, "RW", "insert")],
  history: [["4.0.0", "Accepts multiple `element` arguments."]],
  evaluate: (call) => pushIfPresent(call, false),
};

function push(call: Call, left: boolean): void {
  const { args } = call;
  const key = args.text(1);
  if (readList(call, key) === null) return;
  call.reply.integer(call.mutate.listPush(key, left, args.texts(2)));
}

function pushIfPresent(call: Call, left: boolean): void {
  const { args } = call;
  const key = args.text(1);
  const list = readList(call, key);
  if (list === null) return;
  call.reply.integer(list === undefined ? 0 : call.mutate.listPush(key, left, args.texts(2)));
}
