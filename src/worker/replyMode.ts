import type { Session } from "../core/command/session.ts";

/** One reply was written or passed over: `CLIENT REPLY SKIP` is over after the next one. */
export function skipOne(session: Session): void {
  if (session.replyMode === "skip") session.replyMode = "skipNext";
  else if (session.replyMode === "skipNext") session.replyMode = "on";
}
