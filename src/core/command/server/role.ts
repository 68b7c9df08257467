import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";

/** Redis's word for a primary; the offset is the commit point. */
export const role: CommandSpec = {
  name: "role",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast"],
  group: "server",
  since: "2.8.12",
  summary: "Return the role of the instance in the context of replication",
  complexity: "O(1)",
  categories: ["@admin", "@dangerous"],
  evaluate: ({ node, reply }) => {
    reply.array(3);
    reply.bulk("master");
    reply.integer(node.commitPoint);
    reply.array(0);
  },
};

const REPLICAOF_FACTS = {
  arity: 3,
  flags: ["admin", "noscript", "stale", "no_async_loading"],
  group: "server",
  summary: "Make the server a replica of another instance, or promote it as master.",
  syntax: "args(host-port{host port<integer>}|no-one{NO ONE})",
  complexity: "O(1)",
  evaluate: evaluateReplicaof,
} as const;

export const replicaof: CommandSpec = { ...REPLICAOF_FACTS, name: "replicaof", since: "5.0.0" };

export const slaveof: CommandSpec = {
  ...REPLICAOF_FACTS,
  name: "slaveof",
  since: "1.0.0",
  deprecated: { since: "5.0.0", replacedBy: "`REPLICAOF`" },
};

/** `NO ONE` asks for what is the case already. */
function evaluateReplicaof(call: Call): void {
  if (call.args.is(1, "no") && call.args.is(2, "one")) call.reply.ok();
  else fail(call, "ERR this server does not replicate from a Redis server");
}
