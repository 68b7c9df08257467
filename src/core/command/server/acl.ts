import type { CommandSpec } from "../spec.ts";
import { helpSubcommand } from "./help.ts";

const HELP = ["WHOAMI", "    Return the current connection username."];

const whoami: CommandSpec = {
  name: "whoami",
  arity: 2,
  flags: ["noscript", "loading", "stale"],
  group: "server",
  since: "6.0.0",
  summary: "Return the name of the user associated to the current connection",
  complexity: "O(1)",
  evaluate: ({ reply }) => reply.bulk("default"),
};

/** There is one user, `default`; clients that ask who they are get that answer. */
export const acl: CommandSpec = {
  name: "acl",
  arity: -2,
  flags: [],
  group: "server",
  since: "6.0.0",
  // With the space at its end, as Redis has it.
  summary: "A container for Access List Control commands ",
  complexity: "Depends on subcommand.",
  subcommands: [helpSubcommand("acl", "server", "6.0.0", HELP), whoami],
};
