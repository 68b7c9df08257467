import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { endTransaction, forgetWatched } from "../transactions/queue.ts";

export const ping: CommandSpec = {
  name: "ping",
  arity: -1,
  flags: ["fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Ping the server",
  syntax: "[message]",
  complexity: "O(1)",
  categories: ["@connection"],
  hints: ["request_policy:all_shards", "response_policy:all_succeeded"],
  evaluate: (call) => {
    const { args, reply } = call;
    if (args.length > 2) fail(call, "ERR wrong number of arguments for 'ping' command");
    else if (args.length === 2) reply.bulkBytes(args.bytes, args.starts[1]!, args.ends[1]!);
    else reply.simple("PONG");
  },
};

export const echo: CommandSpec = {
  name: "echo",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Echo the given string",
  syntax: "message",
  complexity: "O(1)",
  categories: ["@connection"],
  evaluate: ({ args, reply }) => reply.bulkBytes(args.bytes, args.starts[1]!, args.ends[1]!),
};

export const quit: CommandSpec = {
  name: "quit",
  arity: -1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  group: "connection",
  since: "1.0.0",
  summary: "Close the connection",
  complexity: "O(1)",
  categories: ["@connection"],
  evaluate: ({ reply, session }) => {
    reply.ok();
    session.closing = true;
  },
};

export const reset: CommandSpec = {
  name: "reset",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  group: "connection",
  since: "6.2.0",
  summary: "Reset the connection",
  complexity: "O(1)",
  categories: ["@connection"],
  evaluate: evaluateReset,
};

function evaluateReset(call: Call): void {
  const { session, reply, node } = call;
  if (session.transaction !== undefined) endTransaction(call);
  forgetWatched(call);
  session.name = "";
  session.protocol = 2;
  session.readOnly = false;
  session.consistency = undefined;
  session.isForwarded = false;
  session.noEvict = false;
  session.noTouch = false;
  session.replyMode = "on";
  session.authenticated = node.settings.text("requirepass") === "";
  reply.protocol = 2;
  reply.simple("RESET");
}

export const select: CommandSpec = {
  name: "select",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Change the selected database for the current connection",
  syntax: "index<integer>",
  complexity: "O(1)",
  categories: ["@connection"],
  evaluate: (call) => {
    const index = argInteger(call, 1);
    if (index === undefined) return;
    if (index !== 0) fail(call, "ERR DB index is out of range");
    else call.reply.ok();
  },
};
