import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { BAD_CLIENT_NAME, isClientName } from "./authentication.ts";
import { adminSubcommand, ownSubcommand } from "./clientSpec.ts";

export const clientId = ownSubcommand({
  name: "id",
  arity: 2,
  since: "5.0.0",
  summary: "Returns the client ID for the current connection",
  evaluate: ({ reply, session }) => reply.integer(session.id),
});

export const clientGetname = ownSubcommand({
  name: "getname",
  arity: 2,
  since: "2.6.9",
  summary: "Get the current connection name",
  evaluate: ({ reply, session }) => reply.bulkOrNull(session.name === "" ? undefined : session.name),
});

export const clientSetname = ownSubcommand({
  name: "setname",
  arity: 3,
  since: "2.6.9",
  summary: "Set the current connection name",
  syntax: "connection-name",
  evaluate: (call) => {
    const name = call.args.text(2);
    if (!isClientName(name)) return fail(call, BAD_CLIENT_NAME);
    call.session.name = name;
    call.reply.ok();
  },
});

export const clientNoEvict = adminSubcommand({
  name: "no-evict",
  arity: 3,
  since: "7.0.0",
  summary: "Set client eviction mode for the current connection",
  syntax: "enabled(ON|OFF)",
  evaluate: (call) => {
    const { args, session } = call;
    if (!args.is(2, "on") && !args.is(2, "off")) return fail(call, SYNTAX_ERROR);
    session.noEvict = args.is(2, "on");
    call.reply.ok();
  },
});

export const clientReply = ownSubcommand({
  name: "reply",
  arity: 3,
  since: "3.2.0",
  summary: "Instruct the server whether to reply to commands",
  syntax: "on_off_skip(ON|OFF|SKIP)",
  evaluate: evaluateReply,
});

/** `ON` is the only one that is answered; `SKIP` is meaningless while replies are off. */
function evaluateReply(call: Call): void {
  const { args, session } = call;
  if (args.is(2, "on")) {
    session.replyMode = "on";
    call.reply.ok();
  } else if (args.is(2, "off")) session.replyMode = "off";
  else if (!args.is(2, "skip")) fail(call, SYNTAX_ERROR);
  else if (session.replyMode !== "off") session.replyMode = "skip";
}
