import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";
import { evaluateExec } from "./exec.ts";
import { endTransaction } from "./queue.ts";
import { unwatch, watch } from "./watch.ts";

const multi: CommandSpec = {
  name: "multi",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  group: "transactions",
  since: "1.2.0",
  summary: "Mark the start of a transaction block",
  complexity: "O(1)",
  evaluate(call: Call): void {
    if (call.session.transaction !== undefined) return fail(call, "ERR MULTI calls can not be nested");
    call.session.transaction = { queue: [], queuedBytes: 0, aborted: false };
    call.reply.ok();
  },
};

const exec: CommandSpec = {
  name: "exec",
  arity: 1,
  flags: ["noscript", "loading", "stale", "skip_slowlog"],
  group: "transactions",
  since: "1.2.0",
  summary: "Execute all commands issued after MULTI",
  complexity: "Depends on commands in the transaction",
  evaluate: evaluateExec,
};

const discard: CommandSpec = {
  name: "discard",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  group: "transactions",
  since: "2.0.0",
  summary: "Discard all commands issued after MULTI",
  complexity: "O(N), when N is the number of queued commands",
  evaluate(call: Call): void {
    if (call.session.transaction === undefined) return fail(call, "ERR DISCARD without MULTI");
    endTransaction(call);
    call.reply.ok();
  },
};

/** `MULTI` and what goes with it. */
export const transactionCommands: readonly CommandSpec[] = [multi, exec, discard, watch, unwatch];
