import { fail, SYNTAX_ERROR } from "../errors.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { inGroup } from "./clusterSpec.ts";

const COUNT_DEFAULT = 10;

/** Not Redis's: the keys that this node is asked for most, from a sample of its requests, and how often in a second. */
export const hotkeys: CommandSpec = {
  name: "hotkeys",
  arity: -1,
  flags: ["admin", "loading", "stale"],
  group: "cluster",
  since: "7.0.0",
  summary: "Returns the keys that are asked for most at this node, with requests a second (an extension)",
  syntax: "[COUNT=count<integer>]",
  complexity: "O(1)",
  hints: ["nondeterministic_output"],
  evaluate: inGroup((call) => {
    const { args, node, reply } = call;
    if (args.length !== 1 && (args.length !== 3 || !args.is(1, "count"))) return fail(call, SYNTAX_ERROR);
    const count = args.length === 1 ? COUNT_DEFAULT : argInteger(call, 2);
    if (count === undefined) return;
    if (count < 1) return fail(call, "ERR COUNT must be at least 1");
    const keys = node.heat?.topKeys(count) ?? [];
    reply.array(keys.length);
    for (const { key, perSecond } of keys) {
      reply.array(2);
      reply.bulk(key);
      reply.integer(Math.round(perSecond));
    }
  }),
};
