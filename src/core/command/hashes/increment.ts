import { addLongDoubles, formatLongDouble, parseLongDouble } from "../../../base/longDouble.ts";
import type { Call } from "../call.ts";
import { fail, NOT_FLOAT } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readHash } from "../lookup.ts";
import { argBigInteger, INTEGER_MAX, INTEGER_MIN, parseInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

export const hincrby: CommandSpec = {
  name: "hincrby",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Increment the integer value of a hash field by the given number",
  syntax: "key#0 field increment<integer>",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "access", "update")],
  evaluate(call: Call): void {
    const { args } = call;
    const increment = argBigInteger(call, 3);
    if (increment === undefined) return;
    const key = args.text(1);
    const field = args.text(2);
    const hash = readHash(call, key);
    if (hash === null) return;
    const before = parseInteger(hash?.get(field) ?? "0");
    if (before === undefined) return fail(call, "ERR hash value is not an integer");
    const after = before + increment;
    if (after < INTEGER_MIN || after > INTEGER_MAX) return fail(call, "ERR increment or decrement would overflow");
    call.mutate.hashSet(key, [field, String(after)]);
    call.reply.integer(after);
  },
};

export const hincrbyfloat: CommandSpec = {
  name: "hincrbyfloat",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  group: "hash",
  since: "2.6.0",
  summary: "Increment the float value of a hash field by the given amount",
  syntax: "key#0 field increment<double>",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "access", "update")],
  evaluate(call: Call): void {
    const { args } = call;
    const increment = parseLongDouble(args.text(3));
    if (increment === undefined) return fail(call, NOT_FLOAT);
    if (increment.infinite) return fail(call, "ERR value is NaN or Infinity");
    const key = args.text(1);
    const field = args.text(2);
    const hash = readHash(call, key);
    if (hash === null) return;
    const before = parseLongDouble(hash?.get(field) ?? "0");
    if (before === undefined) return fail(call, "ERR hash value is not a float");
    const after = addLongDoubles(before, increment);
    if (after === undefined) return fail(call, "ERR increment would produce NaN or Infinity");
    const text = formatLongDouble(after);
    call.mutate.hashSet(key, [field, text]);
    call.reply.bulk(text);
  },
};
