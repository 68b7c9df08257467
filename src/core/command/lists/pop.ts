import type { Call } from "../call.ts";
import { fail, wrongArity } from "../errors.ts";
import { readList } from "../lookup.ts";
import { argCount } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { elementAtEnd, popElements } from "./ends.ts";
import { keyAt } from "./keySpecs.ts";

export const lpop: CommandSpec = {
  name: "lpop",
  arity: -2,
  flags: ["write", "fast"],
  group: "list",
  since: "1.0.0",
  summary: "Remove and get the first elements in a list",
  syntax: "key#0 [count<integer>@6.2.0]",
  complexity: "O(N) where N is the number of elements returned",
  keys: [keyAt(1, "RW", "access", "delete")],
  history: [["6.2.0", "Added the `count` argument."]],
  evaluate: (call) => pop(call, true, "lpop"),
};

export const rpop: CommandSpec = {
  name: "rpop",
  arity: -2,
  flags: ["write", "fast"],
  group: "list",
  since: "1.0.0",
  summary: "Remove and get the last elements in a list",
  syntax: "key#0 [count<integer>@6.2.0]",
  complexity: "O(N) where N is the number of elements returned",
  keys: [keyAt(1, "RW", "access", "delete")],
  history: [["6.2.0", "Added the `count` argument."]],
  evaluate: (call) => pop(call, false, "rpop"),
};

function pop(call: Call, left: boolean, command: string): void {
  const { args } = call;
  if (args.length === 2) return popOne(call, left);
  if (args.length > 3) return fail(call, wrongArity(command));
  const count = argCount(call, 2);
  if (count === undefined) return;
  const key = args.text(1);
  const list = readList(call, key);
  if (list === null) return;
  if (list === undefined) call.reply.nullArray();
  else call.reply.bulks(popElements(call, key, list, left, count));
}

function popOne(call: Call, left: boolean): void {
  const key = call.args.text(1);
  const list = readList(call, key);
  if (list === null) return;
  if (list === undefined) return call.reply.null();
  const element = elementAtEnd(list, left);
  call.mutate.listPop(key, left, 1);
  call.reply.bulk(element);
}
