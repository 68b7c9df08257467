import type { Call } from "../call.ts";
import { fail, NOT_INTEGER } from "../errors.ts";
import { INTEGER_MAX, parseInteger } from "../numbers.ts";
import { subcommandSyntaxError } from "../server/help.ts";
import { adminSubcommand } from "./clientSpec.ts";

export const clientPause = adminSubcommand({
  name: "pause",
  arity: -3,
  since: "2.9.50",
  summary: "Stop processing commands from clients for some time",
  syntax: "timeout<integer> [mode(WRITE|ALL)@6.2.0]",
  history: [["6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."]],
  evaluate: evaluatePause,
});

export const clientUnpause = adminSubcommand({
  name: "unpause",
  arity: 2,
  since: "6.2.0",
  summary: "Resume processing of clients that were paused",
  complexity: "O(N) Where N is the number of paused clients",
  evaluate: ({ node, reply }) => {
    node.unpause();
    reply.ok();
  },
});

export const clientUnblock = adminSubcommand({
  name: "unblock",
  arity: -3,
  since: "5.0.0",
  summary: "Unblock a client blocked in a blocking command from a different connection",
  syntax: "client-id<integer> [timeout_error(TIMEOUT|ERROR)]",
  complexity: "O(log N) where N is the number of client connections",
  evaluate: evaluateUnblock,
});

function evaluatePause(call: Call): void {
  const { args } = call;
  if (args.length > 4) return fail(call, subcommandSyntaxError("client", args.text(1)));
  const writesOnly = args.length === 4 && args.is(3, "write");
  if (args.length === 4 && !writesOnly && !args.is(3, "all")) {
    return fail(call, "ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  const millis = parseInteger(args.text(2));
  if (millis === undefined) return fail(call, "ERR timeout is not an integer or out of range");
  if (millis < 0n) return fail(call, "ERR timeout is negative");
  if (millis > INTEGER_MAX - BigInt(call.now)) return fail(call, "ERR timeout is out of range");
  call.node.pause(call.now + Number(millis), writesOnly ? "write" : "all");
  call.reply.ok();
}

function evaluateUnblock(call: Call): void {
  const { args, node } = call;
  if (args.length > 4) return fail(call, subcommandSyntaxError("client", args.text(1)));
  const withError = args.length === 4 && args.is(3, "error");
  if (args.length === 4 && !withError && !args.is(3, "timeout")) {
    return fail(call, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const id = parseInteger(args.text(2));
  if (id === undefined) return fail(call, NOT_INTEGER);
  for (const session of node.sessions()) {
    if (session.id === Number(id)) return call.reply.integer(node.unblock(session, withError) ? 1 : 0);
  }
  call.reply.integer(0);
}
