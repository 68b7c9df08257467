import { block, type Call } from "../call.ts";
import { fail, TIMEOUT_NEGATIVE } from "../errors.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

const TIMEOUT_NOT_INTEGER = "ERR timeout is not an integer or out of range";

export const wait: CommandSpec = {
  name: "wait",
  arity: 3,
  flags: ["noscript"],
  group: "generic",
  since: "3.0.0",
  summary:
    "Wait for the synchronous replication of all the write commands sent in the context of the current connection",
  syntax: "numreplicas<integer> timeout<integer>",
  complexity: "O(1)",
  categories: ["@connection"],
  hints: ["request_policy:all_shards", "response_policy:agg_min"],
  evaluate(call: Call): void {
    const replicas = argInteger(call, 1);
    if (replicas === undefined) return;
    const timeoutMillis = argInteger(call, 2, TIMEOUT_NOT_INTEGER);
    if (timeoutMillis === undefined) return;
    if (timeoutMillis < 0) return fail(call, TIMEOUT_NEGATIVE);
    // A node by itself has no other replica, and a reply to a write is itself the promise that it is kept.
    if (replicas <= 0) return call.reply.integer(0);
    block(call, { keys: [], valueType: 0, timeoutMillis, onTimeout: (reply) => reply.integer(0) });
  },
};
