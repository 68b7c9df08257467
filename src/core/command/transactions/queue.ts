import type { Args } from "../args.ts";
import type { Call } from "../call.ts";
import type { Session } from "../session.ts";
import type { CommandSpec } from "../spec.ts";

/** Limits of one transaction: what Redis bounds as part of a client's query buffer. */
const QUEUED_COMMANDS_MAX = 1 << 20;
export const QUEUED_BYTES_MAX = 2 ** 30;

/** Keeps a request for `EXEC`; answers the error text when the transaction has become too large. */
export function queueCommand(session: Session, spec: CommandSpec, args: Args): string | undefined {
  const transaction = session.transaction!;
  // A transaction that cannot succeed any more needs no memory.
  if (transaction.aborted || session.watchBroken) return undefined;
  const queuedBytes = transaction.queuedBytes + args.payloadBytes;
  if (transaction.queue.length >= QUEUED_COMMANDS_MAX || queuedBytes > QUEUED_BYTES_MAX) {
    return `ERR transaction is too large: at most ${QUEUED_COMMANDS_MAX} commands and ${QUEUED_BYTES_MAX} bytes`;
  }
  transaction.queue.push({ spec, args: args.retain() });
  transaction.queuedBytes = queuedBytes;
  return undefined;
}

/** Forgets the session's open transaction, if there is one, and its watched keys: `DISCARD`, `RESET`, the end of `EXEC`. */
export function endTransaction(call: Call): void {
  call.session.transaction = undefined;
  forgetWatched(call);
}

/** Forgets the watched keys, and that one of them was touched. */
export function forgetWatched(call: Call): void {
  const { session } = call;
  if (session.watched.size > 0) call.node.unwatch(session);
  session.watchBroken = false;
}
