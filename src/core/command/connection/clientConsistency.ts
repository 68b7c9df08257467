import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import type { Session } from "../session.ts";
import { ownSubcommand } from "./clientSpec.ts";

/**
 * Holdfast's own: how new the connection's reads at a secondary have to be, once `READONLY` has allowed them. Without a mode it
 * answers the one that was set.
 */
export const clientConsistency = ownSubcommand({
  name: "consistency",
  arity: -2,
  since: "7.0.0",
  summary: "Get or set how new the reads of the current connection at a secondary are",
  syntax: "[mode(LINEARIZABLE|EVENTUAL|DEFAULT)]",
  evaluate: (call) => {
    const { args, session, reply } = call;
    if (args.length === 2) return reply.bulk(session.consistency ?? "default");
    const mode = args.length === 3 ? readMode(call) : undefined;
    if (mode === undefined) return fail(call, SYNTAX_ERROR);
    session.consistency = mode === "default" ? undefined : mode;
    reply.ok();
  },
});

function readMode({ args }: Call): NonNullable<Session["consistency"]> | "default" | undefined {
  return (["linearizable", "eventual", "default"] as const).find((mode) => args.is(2, mode));
}
