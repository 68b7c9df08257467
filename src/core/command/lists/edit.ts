import type { ListValue } from "../../state/values/listValue.ts";
import type { Call } from "../call.ts";
import { fail, INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SYNTAX_ERROR } from "../errors.ts";
import { readList } from "../lookup.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { clampRange, fromFront } from "./indexes.ts";
import { keyAt } from "./keySpecs.ts";

export const linsert: CommandSpec = {
  name: "linsert",
  arity: 5,
  flags: ["write", "denyoom"],
  group: "list",
  since: "2.2.0",
  summary: "Insert an element before or after another element in a list",
  syntax: "key#0 where(BEFORE|AFTER) pivot element",
  complexity:
    "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting " +
    "somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right " +
    "end (tail) is O(N).",
  keys: [keyAt(1, "RW", "insert")],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const after = args.is(2, "after");
    if (!after && !args.is(2, "before")) return fail(call, SYNTAX_ERROR);
    const key = args.text(1);
    const list = readList(call, key);
    if (list === null) return;
    if (list === undefined) return reply.integer(0);
    const pivot = args.text(3);
    const { length } = list;
    const index = list.find(0, length, (element) => element === pivot);
    if (index < 0) return reply.integer(-1);
    call.mutate.listInsert(key, after ? index + 1 : index, args.text(4));
    reply.integer(length + 1);
  },
};

export const lset: CommandSpec = {
  name: "lset",
  arity: 4,
  flags: ["write", "denyoom"],
  group: "list",
  since: "1.0.0",
  summary: "Set the value of an element in a list by its index",
  syntax: "key#0 index<integer> element",
  complexity:
    "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).",
  keys: [keyAt(1, "RW", "update")],
  evaluate(call: Call): void {
    const { args } = call;
    const key = args.text(1);
    const list = readList(call, key);
    if (list === null) return;
    if (list === undefined) return fail(call, NO_SUCH_KEY);
    const given = argInteger(call, 2);
    if (given === undefined) return;
    const index = fromFront(given, list.length);
    if (index < 0 || index >= list.length) return fail(call, INDEX_OUT_OF_RANGE);
    call.mutate.listSet(key, index, args.text(3));
    call.reply.ok();
  },
};

export const lrem: CommandSpec = {
  name: "lrem",
  arity: 4,
  flags: ["write"],
  group: "list",
  since: "1.0.0",
  summary: "Remove elements from a list",
  syntax: "key#0 count<integer> element",
  complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
  keys: [keyAt(1, "RW", "delete")],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const count = argInteger(call, 2);
    if (count === undefined) return;
    const key = args.text(1);
    const list = readList(call, key);
    if (list === null) return;
    if (list === undefined) return reply.integer(0);
    const indexes = indexesOf(list, args.text(3), count);
    if (indexes.length > 0) call.mutate.listRemove(key, indexes);
    reply.integer(indexes.length);
  },
};

/** Where the first `count` elements equal to `element` are, ascending; the last for a negative count, all for 0. */
function indexesOf(list: ListValue, element: string, count: number): number[] {
  const indexes: number[] = [];
  const wanted = count === 0 ? Infinity : Math.abs(count);
  const isEnough = (value: string, index: number): boolean => value === element && indexes.push(index) >= wanted;
  if (count >= 0) list.find(0, list.length, isEnough);
  else list.findReverse(0, list.length, isEnough);
  return count >= 0 ? indexes : indexes.reverse();
}

export const ltrim: CommandSpec = {
  name: "ltrim",
  arity: 4,
  flags: ["write"],
  group: "list",
  since: "1.0.0",
  summary: "Trim a list to the specified range",
  syntax: "key#0 start<integer> stop<integer>",
  complexity: "O(N) where N is the number of elements to be removed by the operation.",
  keys: [keyAt(1, "RW", "delete")],
  evaluate(call: Call): void {
    const { args, mutate } = call;
    const first = argInteger(call, 2);
    if (first === undefined) return;
    const last = argInteger(call, 3);
    if (last === undefined) return;
    const key = args.text(1);
    const list = readList(call, key);
    if (list === null) return;
    if (list !== undefined) {
      const { start, end } = clampRange(first, last, list.length);
      if (start === end) mutate.delete(key);
      else if (end - start < list.length) mutate.listTrim(key, start, end);
    }
    call.reply.ok();
  },
};
