import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";

const SAVE_FLAGS = ["admin", "noscript", "no_async_loading"] as const;

export const lastsave: CommandSpec = {
  name: "lastsave",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  group: "server",
  since: "1.0.0",
  summary: "Get the UNIX time stamp of the last successful save to disk",
  complexity: "O(1)",
  categories: ["@admin", "@dangerous"],
  hints: ["nondeterministic_output"],
  evaluate: ({ node, reply }) => reply.integer(node.lastSavedAt()),
};

/** What was acknowledged is on disk already: to save only moves it from the log to the store. */
export const save: CommandSpec = {
  name: "save",
  arity: 1,
  flags: [...SAVE_FLAGS, "no_multi"],
  group: "server",
  since: "1.0.0",
  summary: "Synchronously save the dataset to disk",
  complexity: "O(N) where N is the total number of keys in all databases",
  evaluate: (call) => {
    if (begins(call)) call.reply.ok();
  },
};

export const bgsave: CommandSpec = {
  name: "bgsave",
  arity: -1,
  flags: SAVE_FLAGS,
  group: "server",
  since: "1.0.0",
  summary: "Asynchronously save the dataset to disk",
  syntax: "[SCHEDULE@3.2.2]",
  complexity: "O(1)",
  history: [["3.2.2", "Added the `SCHEDULE` option."]],
  evaluate: (call) => {
    const { args } = call;
    if (args.length > 2 || (args.length === 2 && !args.is(1, "schedule"))) return fail(call, SYNTAX_ERROR);
    if (begins(call)) call.reply.simple("Background saving started");
  },
};

export const bgrewriteaof: CommandSpec = {
  name: "bgrewriteaof",
  arity: 1,
  flags: SAVE_FLAGS,
  group: "server",
  since: "1.0.0",
  summary: "Asynchronously rewrite the append-only file",
  complexity: "O(1)",
  evaluate: (call) => {
    if (begins(call)) call.reply.simple("Background append only file rewriting started");
  },
};

function begins(call: Call): boolean {
  if (call.writesRefused === undefined) {
    call.node.save();
    return true;
  }
  fail(call, call.writesRefused);
  return false;
}
