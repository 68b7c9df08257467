import type { Call } from "../call.ts";
import { evaluateIfRoom, type MutableCall } from "../dispatch.ts";
import { fail } from "../errors.ts";
import type { QueuedCommand } from "../session.ts";
import { endTransaction, forgetWatched } from "./queue.ts";
import { isWatchedKeyExpired } from "./watch.ts";

/** `EXEC`: evaluates what was queued, one command after the other, unless a watched key was touched. */
export function evaluateExec(call: Call): void {
  const { session } = call;
  const { transaction } = session;
  if (transaction === undefined) return fail(call, "ERR EXEC without MULTI");
  const isBroken = isWatchedKeyExpired(call) || session.watchBroken;
  forgetWatched(call);
  if (transaction.aborted) fail(call, "EXECABORT Transaction discarded because of previous errors.");
  else if (isBroken) call.reply.nullArray();
  else evaluateQueue(call, transaction.queue);
  endTransaction(call);
}

/**
 * Evaluates the queue with the one call there is, its arguments exchanged. A command that fails writes its error in its
 * place of the reply; the others take effect all the same.
 */
function evaluateQueue(call: Call, queue: readonly QueuedCommand[]): void {
  const mutable: MutableCall = call;
  const { args } = call;
  mutable.inTransaction = true;
  call.reply.array(queue.length);
  for (const queued of queue) {
    mutable.args = queued.args;
    evaluateIfRoom(call, queued.spec);
  }
  mutable.inTransaction = false;
  mutable.args = args;
}
