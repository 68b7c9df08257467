import type { Call } from "../call.ts";
import { type ClusterFacts, type ClusterReplica, isReachable } from "../clusterFacts.ts";
import { fail, quoted } from "../errors.ts";
import { adminSubcommand, clusterSubcommand, SLOT_LAST } from "./clusterSpec.ts";

export const clusterNodes = clusterSubcommand(
  {
    name: "nodes",
    arity: 2,
    since: "3.0.0",
    summary: "Get Cluster config for the node",
    complexity: "O(N) where N is the total number of Cluster nodes",
    hints: ["nondeterministic_output"],
  },
  (call, cluster) => call.reply.verbatim(cluster.replicas.map((each) => `${nodeLine(call, cluster, each)}\n`).join("")),
);

const REPLICAS_FACTS = {
  arity: 3,
  summary: "List replica nodes of the specified master node",
  syntax: "node-id",
  hints: ["nondeterministic_output"],
} as const;

export const clusterReplicas = adminSubcommand({ ...REPLICAS_FACTS, name: "replicas", since: "5.0.0" }, listReplicas);

export const clusterReplicasByOldName = adminSubcommand(
  {
    ...REPLICAS_FACTS,
    name: "slaves",
    since: "3.0.0",
    deprecated: { since: "5.0.0", replacedBy: "`CLUSTER REPLICAS`" },
  },
  listReplicas,
);

/** Whoever cannot be reached from here: nobody reports anything to anybody, so the answer is one or none. */
export const clusterCountFailureReports = adminSubcommand(
  {
    name: "count-failure-reports",
    arity: 3,
    since: "3.0.0",
    summary: "Return the number of failure reports active for a given node",
    syntax: "node-id",
    complexity: "O(N) where N is the number of failure reports",
    hints: ["nondeterministic_output"],
  },
  (call, cluster) => {
    const named = find(call, cluster);
    if (named !== undefined) call.reply.integer(isReachable(named) ? 0 : 1);
  },
);

function listReplicas(call: Call, cluster: ClusterFacts): void {
  const named = find(call, cluster);
  if (named === undefined) return;
  if (named !== cluster.primary) return fail(call, "ERR The specified node is not a master");
  const others = cluster.replicas.filter((each) => each !== named);
  call.reply.bulks(others.map((each) => nodeLine(call, cluster, each)));
}

/** The node that argument 2 names; undefined after an error reply. */
function find(call: Call, cluster: ClusterFacts): ClusterReplica | undefined {
  const id = call.args.text(2);
  const found = cluster.replicas.find((each) => each.nodeId === id);
  if (found === undefined) fail(call, `ERR Unknown node ${quoted(id)}`);
  return found;
}

/** `<id> <ip:port@cport> <flags> <master> <ping-sent> <pong-recv> <config-epoch> <link-state> [<slot> …]` */
function nodeLine(call: Call, { primary, epoch }: ClusterFacts, replica: ClusterReplica): string {
  const { nodeId, host, port, linkPort, isSelf } = replica;
  const isPrimary = replica === primary;
  const reachable = isReachable(replica);
  const flags = [
    ...(isSelf ? ["myself"] : []),
    isPrimary ? "master" : "slave",
    ...(reachable ? [] : ["fail?"]),
    ...(port === 0 ? ["noaddr"] : []),
  ];
  const heardAt = isSelf || !reachable ? 0 : call.now;
  const fields = [
    nodeId,
    `${host}:${port}@${linkPort}`,
    flags.join(","),
    isPrimary ? "-" : (primary?.nodeId ?? "-"),
    0,
    heardAt,
    epoch,
    reachable ? "connected" : "disconnected",
    ...(isPrimary ? [`0-${SLOT_LAST}`] : []),
  ];
  return fields.join(" ");
}
