import type { ListValue } from "../../state/values/listValue.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";

/** Argument `i` as an end of a list: true for `LEFT`, false for `RIGHT`; undefined after an error reply. */
export function argLeft(call: Call, i: number): boolean | undefined {
  if (call.args.is(i, "left")) return true;
  if (call.args.is(i, "right")) return false;
  fail(call, SYNTAX_ERROR);
  return undefined;
}

/** The element that a pop would take; there is one, as no key holds an empty list. */
export function elementAtEnd(list: ListValue, left: boolean): string {
  return list.at(left ? 0 : list.length - 1)!;
}

/** Takes up to `count` elements from an end, in the order in which single pops would take them. */
export function popElements(call: Call, key: string, list: ListValue, left: boolean, count: number): string[] {
  const { length } = list;
  const taken = Math.min(count, length);
  const elements: string[] = [];
  if (taken === 0) return elements;
  if (left) list.forRange(0, taken, (element) => elements.push(element));
  else list.forRangeReverse(length - taken, length, (element) => elements.push(element));
  if (taken === length) call.mutate.delete(key);
  else call.mutate.listPop(key, left, taken);
  return elements;
}
