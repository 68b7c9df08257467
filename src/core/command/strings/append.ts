import type { Call } from "../call.ts";
import { fail, STRING_TOO_LONG } from "../errors.ts";
import { oneKey } from "../generic/keySpecs.ts";
import { lookup } from "../lookup.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { refusesType } from "./stringReply.ts";

/** The setting `proto-max-bulk-len` cannot be lower: shorter strings need no look at it. */
const ALWAYS_ALLOWED_BYTES = 1024 * 1024;

export const append: CommandSpec = {
  name: "append",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  group: "string",
  since: "2.0.0",
  summary: "Append a value to a key",
  syntax: "key#0 value",
  complexity:
    "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of " +
    "any size, since the dynamic string library used by Redis will double the free space available on every reallocation.",
  keys: oneKey(["RW", "insert"]),
  evaluate(call: Call): void {
    const { args, state } = call;
    const key = args.text(1);
    const ref = lookup(call, key);
    if (refusesType(call, ref)) return;
    if (ref !== 0 && refusesLength(call, state.stringLength(ref) + args.byteLength(2))) return;
    call.reply.integer(call.mutate.append(key, args.text(2)));
  },
};

export const setrange: CommandSpec = {
  name: "setrange",
  arity: 4,
  flags: ["write", "denyoom"],
  group: "string",
  since: "2.2.0",
  summary: "Overwrite part of a string at key starting at the specified offset",
  syntax: "key#0 offset<integer> value",
  complexity:
    "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the " +
    "amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
  keys: oneKey(["RW", "update"]),
  evaluate(call: Call): void {
    const { args, state } = call;
    const offset = argInteger(call, 2);
    if (offset === undefined) return;
    if (offset < 0) return fail(call, "ERR offset is out of range");
    const key = args.text(1);
    const ref = lookup(call, key);
    if (refusesType(call, ref)) return;
    const length = args.byteLength(3);
    if (length === 0) return call.reply.integer(ref === 0 ? 0 : state.stringLength(ref));
    if (refusesLength(call, offset + length)) return;
    call.reply.integer(call.mutate.setRange(key, offset, args.text(3)));
  },
};

function refusesLength(call: Call, bytes: number): boolean {
  if (bytes <= ALWAYS_ALLOWED_BYTES || bytes <= call.node.settings.integer("proto-max-bulk-len")) return false;
  fail(call, STRING_TOO_LONG);
  return true;
}
