import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import { argRange } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { helpSubcommand, subcommandSyntaxError } from "./help.ts";

const ADMIN_FLAGS = ["admin", "loading", "stale"] as const;
const DEFAULT_COUNT = 10;

const HELP = [
  "GET [<count>]",
  "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
  "    Entries are made of:",
  "    id, timestamp, time in microseconds, arguments array, client IP and port,",
  "    client name",
  "LEN",
  "    Return the length of the slowlog.",
  "RESET",
  "    Reset the slowlog.",
];

const get: CommandSpec = {
  name: "get",
  arity: -2,
  flags: ADMIN_FLAGS,
  group: "server",
  since: "2.2.12",
  summary: "Get the slow log's entries",
  syntax: "[count<integer>]",
  complexity: "O(N) where N is the number of entries returned",
  hints: ["request_policy:all_nodes", "nondeterministic_output"],
  history: [["4.0.0", "Added client IP address, port and name to the reply."]],
  evaluate: evaluateGet,
};

const len: CommandSpec = {
  name: "len",
  arity: 2,
  flags: ADMIN_FLAGS,
  group: "server",
  since: "2.2.12",
  summary: "Get the slow log's length",
  complexity: "O(1)",
  hints: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
  evaluate: ({ node, reply }) => reply.integer(node.slowLog.length),
};

const reset: CommandSpec = {
  name: "reset",
  arity: 2,
  flags: ADMIN_FLAGS,
  group: "server",
  since: "2.2.12",
  summary: "Clear all entries from the slow log",
  complexity: "O(N) where N is the number of entries in the slowlog",
  hints: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  evaluate: ({ node, reply }) => {
    node.slowLog.clear();
    reply.ok();
  },
};

export const slowlog: CommandSpec = {
  name: "slowlog",
  arity: -2,
  flags: [],
  group: "server",
  since: "2.2.12",
  summary: "A container for slow log commands",
  complexity: "Depends on subcommand.",
  subcommands: [reset, len, helpSubcommand("slowlog", "server", "6.2.0", HELP), get],
};

function evaluateGet(call: Call): void {
  const { args, node, reply } = call;
  if (args.length > 3) return fail(call, subcommandSyntaxError("slowlog", args.text(1)));
  const error = "ERR count should be greater than or equal to -1";
  const count = args.length === 3 ? argRange(call, 2, -1, Infinity, error) : DEFAULT_COUNT;
  if (count === undefined) return;
  const entries = node.slowLog.newest(count === -1 ? Infinity : count);
  reply.array(entries.length);
  for (const entry of entries) {
    reply.array(6);
    reply.integer(entry.id);
    reply.integer(entry.at);
    reply.integer(entry.micros);
    reply.bulks(entry.args);
    reply.bulk(entry.address);
    reply.bulk(entry.name);
  }
}
