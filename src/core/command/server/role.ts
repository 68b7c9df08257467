import type { Call } from "../call.ts";
import { type ClusterFacts, type ClusterReplica, isReachable } from "../clusterFacts.ts";
import { fail } from "../errors.ts";
import type { Reply } from "../reply.ts";
import type { CommandSpec } from "../spec.ts";

/** In Redis's words; offsets are seqs, that of a primary its commit point. */
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
    const cluster = node.cluster();
    if (cluster !== undefined && cluster.self.role !== "primary") return writeSecondary(reply, cluster);
    const secondaries = cluster?.replicas.filter((each) => each.role === "secondary" && isReachable(each)) ?? [];
    reply.array(3);
    reply.bulk("master");
    reply.integer(node.commitPoint);
    reply.array(secondaries.length);
    for (const { host, port, seq } of secondaries) reply.bulks([host, String(port), String(seq)]);
  },
};

function writeSecondary(reply: Reply, { primary, self }: ClusterFacts): void {
  reply.array(5);
  reply.bulk("slave");
  reply.bulk(primary?.host ?? "");
  reply.integer(primary?.port ?? 0);
  reply.bulk(linkState(primary, self));
  reply.integer(self.seq);
}

/** `connect`: there is no primary, or none that can be reached; `sync`: it has not caught up; `connected`. */
function linkState(primary: ClusterReplica | undefined, self: ClusterReplica): string {
  if (primary === undefined || !isReachable(primary)) return "connect";
  return self.role === "learner" ? "sync" : "connected";
}

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
