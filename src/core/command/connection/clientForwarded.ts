import { fail, SYNTAX_ERROR } from "../errors.ts";
import { ownSubcommand } from "./clientSpec.ts";

/**
 * Holdfast's own, for nodes among themselves: the connection carries requests that another node forwards for its clients, so this
 * one answers `MOVED` rather than forward them once more. Anybody may say so.
 */
export const clientForwarded = ownSubcommand({
  name: "forwarded",
  arity: 3,
  since: "7.0.0",
  summary: "Tell whether requests of the current connection were forwarded by another node",
  syntax: "mode(ON|OFF)",
  evaluate: (call) => {
    const { args, session, reply } = call;
    if (!args.is(2, "on") && !args.is(2, "off")) return fail(call, SYNTAX_ERROR);
    session.isForwarded = args.is(2, "on");
    reply.ok();
  },
});
