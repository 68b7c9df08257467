import type { Call } from "../call.ts";
import { oneKey } from "../generic/keySpecs.ts";
import { lookupArg } from "../lookup.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { refusesType } from "./stringReply.ts";

const COMPLEXITY =
  "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, " +
  "but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.";

export const getrange: CommandSpec = {
  name: "getrange",
  arity: 4,
  flags: ["readonly"],
  group: "string",
  since: "2.4.0",
  summary: "Get a substring of the string stored at a key",
  syntax: "key#0 start<integer> end<integer>",
  complexity: COMPLEXITY,
  keys: oneKey(["RO", "access"]),
  evaluate: evaluateGetrange,
};

export const substr: CommandSpec = {
  name: "substr",
  arity: 4,
  flags: ["readonly"],
  group: "string",
  since: "1.0.0",
  summary: "Get a substring of the string stored at a key",
  syntax: "key#0 start<integer> end<integer>",
  complexity: COMPLEXITY,
  keys: oneKey(["RO", "access"]),
  deprecated: { since: "2.0.0", replacedBy: "`GETRANGE`" },
  evaluate: evaluateGetrange,
};

function evaluateGetrange(call: Call): void {
  const start = argInteger(call, 2);
  if (start === undefined) return;
  const end = argInteger(call, 3);
  if (end === undefined) return;
  const ref = lookupArg(call, 1);
  if (refusesType(call, ref)) return;
  const length = ref === 0 ? 0 : call.state.stringLength(ref);
  const first = Math.max(start < 0 ? start + length : start, 0);
  const last = Math.min(Math.max(end < 0 ? end + length : end, 0), length - 1);
  // Both ends before the string and in the wrong order: nothing, not the first byte.
  if (length === 0 || first > last || (start < 0 && end < 0 && start > end)) call.reply.bulk("");
  else call.reply.bulkBytes(call.state.stringView(ref), first, last + 1);
}
