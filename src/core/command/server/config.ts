import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";
import { helpSubcommand } from "./help.ts";

const ADMIN_FLAGS = ["admin", "noscript", "loading", "stale"] as const;

const HELP = [
  "GET <pattern>",
  "    Return parameters matching the glob-like <pattern> and their values.",
  "SET <directive> <value>",
  "    Set the configuration <directive> to <value>.",
  "RESETSTAT",
  "    Reset statistics reported by the INFO command.",
  "REWRITE",
  "    Rewrite the configuration file.",
];

const rewrite: CommandSpec = {
  name: "rewrite",
  arity: 2,
  flags: ADMIN_FLAGS,
  group: "server",
  since: "2.8.0",
  summary: "Rewrite the configuration file with the in memory configuration",
  complexity: "O(1)",
  evaluate: (call) => {
    const error = call.node.settings.rewrite();
    if (error === undefined) call.reply.ok();
    else fail(call, error);
  },
};

const resetstat: CommandSpec = {
  name: "resetstat",
  arity: 2,
  flags: ADMIN_FLAGS,
  group: "server",
  since: "2.0.0",
  summary: "Reset the stats returned by INFO",
  complexity: "O(1)",
  evaluate: ({ node, reply }) => {
    node.resetStatistics();
    reply.ok();
  },
};

const get: CommandSpec = {
  name: "get",
  arity: -3,
  flags: ADMIN_FLAGS,
  group: "server",
  since: "2.0.0",
  summary: "Get the values of configuration parameters",
  syntax: "parameter{parameter}*",
  complexity: "O(N) when N is the number of configuration parameters provided",
  history: [["7.0.0", "Added the ability to pass multiple pattern parameters in one call"]],
  evaluate: ({ args, node, reply }) => {
    const found = new Map<string, readonly [string, string]>();
    for (const pattern of args.texts(2)) {
      for (const setting of node.settings.matching(pattern)) {
        const name = setting[0].toLowerCase();
        // Asked for twice, a setting is answered once, in the first spelling.
        if (!found.has(name)) found.set(name, setting);
      }
    }
    reply.map(found.size);
    for (const [name, value] of found.values()) {
      reply.bulk(name);
      reply.bulk(value);
    }
  },
};

const set: CommandSpec = {
  name: "set",
  arity: -4,
  flags: ADMIN_FLAGS,
  group: "server",
  since: "2.0.0",
  summary: "Set configuration parameters to the given values",
  syntax: "parameter_value{parameter value}*",
  complexity: "O(N) when N is the number of configuration parameters provided",
  hints: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  history: [["7.0.0", "Added the ability to set multiple parameters in one call."]],
  evaluate: evaluateSet,
};

function evaluateSet(call: Call): void {
  const { args, node } = call;
  if (args.length % 2 !== 0) return fail(call, SYNTAX_ERROR);
  const changes: [string, string][] = [];
  for (let i = 2; i < args.length; i += 2) changes.push([args.text(i), args.text(i + 1)]);
  const error = node.settings.set(changes);
  if (error === undefined) call.reply.ok();
  else fail(call, error);
}

export const config: CommandSpec = {
  name: "config",
  arity: -2,
  flags: [],
  group: "server",
  since: "2.0.0",
  summary: "A container for server configuration commands",
  complexity: "Depends on subcommand.",
  subcommands: [helpSubcommand("config", "server", "5.0.0", HELP), rewrite, resetstat, get, set],
};
