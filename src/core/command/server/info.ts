import type { CommandSpec } from "../spec.ts";

export const info: CommandSpec = {
  name: "info",
  arity: -1,
  flags: ["loading", "stale"],
  group: "server",
  since: "1.0.0",
  summary: "Get information and statistics about the server",
  syntax: "[section*]",
  complexity: "O(1)",
  categories: ["@dangerous"],
  hints: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  history: [["7.0.0", "Added support for taking multiple section arguments."]],
  evaluate: ({ args, node, reply }) => reply.verbatim(node.info(args.texts(1))),
};
