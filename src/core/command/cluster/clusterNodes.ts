import type { Call } from "../call.ts";
import { type ClusterFacts, type ClusterGroup, type ClusterReplica, isReachable } from "../clusterFacts.ts";
import { fail, quoted } from "../errors.ts";
import { adminSubcommand, clusterSubcommand } from "./clusterSpec.ts";

export const clusterNodes = clusterSubcommand(
  {
    name: "nodes",
    arity: 2,
    since: "3.0.0",
    summary: "Get Cluster config for the node",
    complexity: "O(N) where N is the total number of Cluster nodes",
    hints: ["nondeterministic_output"],
  },
  (call, cluster) => {
    const lines = cluster.groups().flatMap((group) => group.replicas.map((each) => nodeLine(call, group, each)));
    call.reply.verbatim(lines.map((line) => `${line}\n`).join(""));
  },
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
    if (named !== undefined) call.reply.integer(isReachable(named.replica) ? 0 : 1);
  },
);

function listReplicas(call: Call, cluster: ClusterFacts): void {
  const named = find(call, cluster);
  if (named === undefined) return;
  const { group, replica } = named;
  if (replica !== group.primary) return fail(call, "ERR The specified node is not a master");
  const others = group.replicas.filter((each) => each !== replica);
  call.reply.bulks(others.map((each) => nodeLine(call, group, each)));
}

interface Found {
  readonly group: ClusterGroup;
  readonly replica: ClusterReplica;
}

/** The node that argument 2 names; undefined after an error reply. */
function find(call: Call, cluster: ClusterFacts): Found | undefined {
  const id = call.args.text(2);
  for (const group of cluster.groups()) {
    const replica = group.replicas.find((each) => each.nodeId === id);
    if (replica !== undefined) return { group, replica };
  }
  fail(call, `ERR Unknown node ${quoted(id)}`);
  return undefined;
}

/** `<id> <ip:port@cport> <flags> <master> <ping-sent> <pong-recv> <config-epoch> <link-state> [<slot> …]` */
function nodeLine(call: Call, { primary, epoch, slots }: ClusterGroup, replica: ClusterReplica): string {
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
    ...(isPrimary ? slots.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)) : []),
  ];
  return fields.join(" ");
}
