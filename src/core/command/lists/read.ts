import type { Call } from "../call.ts";
import { readList } from "../lookup.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { clampRange, fromFront } from "./indexes.ts";
import { keyAt } from "./keySpecs.ts";

export const llen: CommandSpec = {
  name: "llen",
  arity: 2,
  flags: ["readonly", "fast"],
  group: "list",
  since: "1.0.0",
  summary: "Get the length of a list",
  syntax: "key#0",
  complexity: "O(1)",
  keys: [keyAt(1, "RO")],
  evaluate(call: Call): void {
    const list = readList(call, call.args.text(1));
    if (list === null) return;
    call.reply.integer(list?.length ?? 0);
  },
};

export const lindex: CommandSpec = {
  name: "lindex",
  arity: 3,
  flags: ["readonly"],
  group: "list",
  since: "1.0.0",
  summary: "Get an element from a list by its index",
  syntax: "key#0 index<integer>",
  complexity:
    "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for " +
    "the first or the last element of the list O(1).",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call: Call): void {
    const { reply } = call;
    const list = readList(call, call.args.text(1));
    if (list === null) return;
    if (list === undefined) return reply.null();
    const index = argInteger(call, 2);
    if (index === undefined) return;
    reply.bulkOrNull(list.at(fromFront(index, list.length)));
  },
};

export const lrange: CommandSpec = {
  name: "lrange",
  arity: 4,
  flags: ["readonly"],
  group: "list",
  since: "1.0.0",
  summary: "Get a range of elements from a list",
  syntax: "key#0 start<integer> stop<integer>",
  complexity:
    "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) " +
    "for large lists; and N is the number of elements in the specified range.",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call: Call): void {
    const { reply } = call;
    const first = argInteger(call, 2);
    if (first === undefined) return;
    const last = argInteger(call, 3);
    if (last === undefined) return;
    const list = readList(call, call.args.text(1));
    if (list === null) return;
    if (list === undefined) return reply.array(0);
    const { start, end } = clampRange(first, last, list.length);
    reply.array(end - start);
    list.forRange(start, end, (element) => reply.bulk(element));
  },
};
