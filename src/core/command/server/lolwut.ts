import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

/** The version line, and no picture. */
export const lolwut: CommandSpec = {
  name: "lolwut",
  arity: -1,
  flags: ["readonly", "fast"],
  group: "server",
  since: "5.0.0",
  summary: "Display some computer art and the Redis version",
  syntax: "[VERSION=version<integer>]",
  evaluate: (call) => {
    const { args, reply } = call;
    if (args.length > 2 && args.is(1, "version") && argInteger(call, 2) === undefined) return;
    reply.verbatim("Redis ver. 7.0.15\n");
  },
};
