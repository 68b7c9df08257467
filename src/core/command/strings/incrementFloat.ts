import { addLongDoubles, formatLongDouble, LONG_DOUBLE_TEXT_MAX, parseLongDouble } from "../../../base/longDouble.ts";
import type { Call } from "../call.ts";
import { fail, NOT_FLOAT } from "../errors.ts";
import { oneKey } from "../generic/keySpecs.ts";
import { lookupArg } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { EMBEDDED_BYTES_MAX } from "./encoding.ts";
import { refusesType } from "./stringReply.ts";

export const incrbyfloat: CommandSpec = {
  name: "incrbyfloat",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  group: "string",
  since: "2.6.0",
  summary: "Increment the float value of a key by the given amount",
  syntax: "key#0 increment<double>",
  complexity: "O(1)",
  keys: oneKey(["RW", "access", "update"]),
  evaluate(call: Call): void {
    const { args, mutate, state } = call;
    const ref = lookupArg(call, 1);
    if (refusesType(call, ref)) return;
    const text = ref === 0 ? "0" : state.stringLength(ref) > LONG_DOUBLE_TEXT_MAX ? "" : state.stringText(ref);
    const value = parseLongDouble(text);
    const delta = value && parseLongDouble(args.text(2));
    if (value === undefined || delta === undefined) return fail(call, NOT_FLOAT);
    const sum = addLongDoubles(value, delta);
    if (sum === undefined) return fail(call, "ERR increment would produce NaN or Infinity");
    const result = formatLongDouble(sum);
    const expireAt = ref === 0 ? 0 : state.expireAt(ref);
    // Redis keeps the result as text, even where it is an integer.
    mutate.setText(args.text(1), result, expireAt, result.length > EMBEDDED_BYTES_MAX ? "raw" : "embstr");
    call.reply.bulk(result);
  },
};
