import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { oneKey } from "../generic/keySpecs.ts";
import { lookupArg } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { argExpiry } from "./expiry.ts";
import { parseGetexOptions } from "./setOptions.ts";
import { refusesType, replyString } from "./stringReply.ts";

export const getex: CommandSpec = {
  name: "getex",
  arity: -2,
  flags: ["write", "fast"],
  group: "string",
  since: "6.2.0",
  summary: "Get the value of a key and optionally set its expiration",
  syntax:
    "key#0 [expiration(EX=seconds<integer>|PX=milliseconds<integer>|EXAT=unix-time-seconds<unix-time>|PXAT=unix-time-milliseconds<unix-time>|PERSIST)]",
  complexity: "O(1)",
  keys: [{ ...oneKey(["RW", "access", "update"])[0]!, notes: "RW and UPDATE because it changes the TTL" }],
  evaluate(call: Call): void {
    const options = parseGetexOptions(call.args);
    if (options === undefined) return fail(call, SYNTAX_ERROR);
    const ref = lookupArg(call, 1);
    if (ref === 0) return call.reply.null();
    if (refusesType(call, ref)) return;
    const before = call.state.expireAt(ref);
    let after = before;
    if (options.expiry === "persist") after = 0;
    else if (typeof options.expiry !== "string") {
      const time = argExpiry(call, options.timeAt, options.expiry, "getex", true);
      if (time === undefined) return;
      after = time;
    }
    replyString(call, ref);
    if (after !== before) expire(call, after);
  },
};

function expire(call: Call, at: number): void {
  const key = call.args.text(1);
  if (at !== 0 && at <= call.now) call.mutate.delete(key);
  else call.mutate.expire(key, at);
}
