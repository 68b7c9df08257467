import { block, type Call } from "../call.ts";
import { fail, TIMEOUT_NEGATIVE } from "../errors.ts";
import { argInteger } from "../numbers.ts";
import type { Reply } from "../reply.ts";
import type { CommandSpec } from "../spec.ts";

/** Redis's text begins so; what it goes on with, about writable replicas, does not apply. */
const AT_SECONDARY = "ERR WAIT cannot be used with replica instances.";
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
    const { node } = call;
    const cluster = node.cluster();
    if (cluster !== undefined && cluster.self.role !== "primary") return fail(call, AT_SECONDARY);
    const newest = call.mutate.seq - 1;
    // What is committed is on the disks of all secondaries of the configuration; a node by itself has none.
    const count = (): number => (node.commitPoint < newest ? 0 : (node.cluster()?.secondaries ?? 0));
    const onTimeout = (reply: Reply): void => reply.integer(count());
    if (replicas <= count()) return onTimeout(call.reply);
    block(call, { keys: [], valueType: 0, timeoutMillis, isOver: () => replicas <= count(), onTimeout });
  },
};
