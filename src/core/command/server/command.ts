import type { Call } from "../call.ts";
import type { CommandSpec } from "../spec.ts";
import { writeCommandDocs } from "./commandDocs.ts";
import { writeCommandInfo } from "./commandInfo.ts";
import { getkeys, getkeysandflags } from "./commandKeys.ts";
import { commandList } from "./commandList.ts";
import { helpSubcommand } from "./help.ts";

const CONNECTION = ["@connection"];
const ORDER_HINT = ["nondeterministic_output_order"];

const HELP = [
  "(no subcommand)",
  "    Return details about all Redis commands.",
  "COUNT",
  "    Return the total number of commands in this Redis server.",
  "LIST",
  "    Return a list of all commands in this Redis server.",
  "INFO [<command-name> ...]",
  "    Return details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "DOCS [<command-name> ...]",
  "    Return documentation details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "GETKEYS <full-command>",
  "    Return the keys from a full Redis command.",
  "GETKEYSANDFLAGS <full-command>",
  "    Return the keys and the access flags from a full Redis command.",
];

const docs: CommandSpec = {
  name: "docs",
  arity: -2,
  flags: ["loading", "stale"],
  group: "server",
  since: "7.0.0",
  summary: "Get array of specific Redis command documentation",
  syntax: "[command-name*]",
  complexity: "O(N) where N is the number of commands to look up",
  categories: CONNECTION,
  hints: ORDER_HINT,
  evaluate: evaluateDocs,
};

const count: CommandSpec = {
  name: "count",
  arity: 2,
  flags: ["loading", "stale"],
  group: "server",
  since: "2.8.13",
  summary: "Get total number of Redis commands",
  complexity: "O(1)",
  categories: CONNECTION,
  evaluate: ({ node, reply }) => reply.integer(node.commands.all().length),
};

const info: CommandSpec = {
  name: "info",
  arity: -2,
  flags: ["loading", "stale"],
  group: "server",
  since: "2.8.13",
  summary: "Get array of specific Redis command details, or all when no argument is given.",
  syntax: "[command-name*]",
  complexity: "O(N) where N is the number of commands to look up",
  categories: CONNECTION,
  hints: ORDER_HINT,
  history: [["7.0.0", "Allowed to be called with no argument to get info on all commands."]],
  evaluate: evaluateInfo,
};

export const command: CommandSpec = {
  name: "command",
  arity: -1,
  flags: ["loading", "stale"],
  group: "server",
  since: "2.8.13",
  summary: "Get array of Redis command details",
  complexity: "O(N) where N is the total number of Redis commands",
  categories: CONNECTION,
  hints: ORDER_HINT,
  subcommands: [
    docs,
    commandList,
    getkeys,
    helpSubcommand("command", "server", "5.0.0", HELP, CONNECTION),
    count,
    info,
    getkeysandflags,
  ],
  evaluate: evaluateAll,
};

function evaluateAll(call: Call): void {
  const { commands } = call.node;
  const all = commands.all();
  call.reply.array(all.length);
  for (const spec of all) writeCommandInfo(call.reply, commands, spec);
}

function evaluateInfo(call: Call): void {
  const { args, node, reply } = call;
  if (args.length === 2) return evaluateAll(call);
  reply.array(args.length - 2);
  for (const name of args.texts(2)) {
    const spec = node.commands.byName(name);
    if (spec === undefined) reply.null();
    else writeCommandInfo(reply, node.commands, spec);
  }
}

/** A command that there is not is left out. */
function evaluateDocs(call: Call): void {
  const { args, node, reply } = call;
  const named = args.texts(2).map((name) => node.commands.byName(name));
  const specs = args.length === 2 ? node.commands.all() : named.filter((spec) => spec !== undefined);
  reply.map(specs.length);
  for (const spec of specs) writeCommandDocs(reply, node.commands, spec);
}
