import { fail } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";

/** Of what is spoken after `CALLS`. */
const VERSION = "1";

/** Not Redis's: from its answer on, the connection carries calls of `holdfast.v1.Kv` in frames (docs/api.md), and no Redis command. */
export const calls: CommandSpec = {
  name: "calls",
  arity: 2,
  flags: ["noscript", "loading", "stale", "fast", "no_multi"],
  group: "connection",
  since: "7.0.0",
  summary: "Turns the connection into a stream of calls of holdfast.v1.Kv (an extension)",
  syntax: "version<string>",
  complexity: "O(1)",
  categories: ["@connection"],
  evaluate: (call) => {
    const { args, reply, session } = call;
    if (!args.is(1, VERSION)) return fail(call, `ERR this node speaks version ${VERSION} of CALLS`);
    reply.ok();
    session.carriesCalls = true;
  },
};
