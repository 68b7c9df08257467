import { type ClusterGroup, type ClusterReplica, isReachable } from "../clusterFacts.ts";
import type { Reply } from "../reply.ts";
import { clusterSubcommand } from "./clusterSpec.ts";

/** What a client is told to read from: members that can be reached, the primary first whether it can or not. */
export const clusterSlots = clusterSubcommand(
  {
    name: "slots",
    arity: 2,
    since: "3.0.0",
    summary: "Get array of Cluster slot to node mappings",
    complexity: "O(N) where N is the total number of Cluster nodes",
    hints: ["nondeterministic_output"],
    history: [
      ["4.0.0", "Added node IDs."],
      ["7.0.0", "Added additional networking metadata field."],
    ],
    deprecated: { since: "7.0.0", replacedBy: "`CLUSTER SHARDS`" },
  },
  ({ reply }, { groups, topology, replies }) => replies.write(reply, topology, (made) => writeSlots(made, groups())),
);

/** A range of slots and who answers for it, the primary first. */
interface Served {
  readonly from: number;
  readonly to: number;
  readonly replicas: readonly ClusterReplica[];
}

function writeSlots(reply: Reply, groups: readonly ClusterGroup[]): void {
  const served = groups.flatMap(servedBy).sort((a, b) => a.from - b.from);
  reply.array(served.length);
  for (const { from, to, replicas } of served) {
    reply.array(2 + replicas.length);
    reply.integer(from);
    reply.integer(to);
    for (const each of replicas) writeAddress(reply, each);
  }
}

function servedBy({ slots, primary, replicas }: ClusterGroup): Served[] {
  if (primary === undefined || primary.port === 0) return [];
  const secondaries = replicas.filter(
    (each) => each.role === "secondary" && isReachable(each) && each.port !== 0 && each !== primary,
  );
  return slots.map(([from, to]) => ({ from, to, replicas: [primary, ...secondaries] }));
}

function writeAddress(reply: Reply, { host, port, nodeId }: ClusterReplica): void {
  reply.array(4);
  reply.bulk(host);
  reply.integer(port);
  reply.bulk(nodeId);
  reply.map(0);
}

export const clusterTopology = clusterSubcommand(
  {
    name: "shards",
    arity: 2,
    since: "7.0.0",
    summary: "Get array of cluster slots to node mappings",
    complexity: "O(N) where N is the total number of cluster nodes",
    hints: ["nondeterministic_output"],
  },
  ({ reply }, cluster) => {
    const groups = cluster.groups();
    reply.array(groups.length);
    for (const group of groups) writeGroup(reply, group);
  },
);

function writeGroup(reply: Reply, { primary, slots, replicas }: ClusterGroup): void {
  const ranges = primary === undefined ? [] : slots;
  reply.map(2);
  reply.bulk("slots");
  reply.array(ranges.length * 2);
  for (const [from, to] of ranges) {
    reply.integer(from);
    reply.integer(to);
  }
  reply.bulk("nodes");
  reply.array(replicas.length);
  for (const each of replicas) writeNode(reply, each);
}

function writeNode(reply: Reply, replica: ClusterReplica): void {
  const { nodeId, host, port, role, seq } = replica;
  reply.map(7);
  reply.bulk("id");
  reply.bulk(nodeId);
  reply.bulk("port");
  reply.integer(port);
  reply.bulk("ip");
  reply.bulk(host);
  reply.bulk("endpoint");
  reply.bulk(host);
  reply.bulk("role");
  reply.bulk(role === "primary" ? "master" : "replica");
  reply.bulk("replication-offset");
  reply.integer(seq);
  reply.bulk("health");
  reply.bulk(healthOf(replica));
}

function healthOf(replica: ClusterReplica): string {
  if (!isReachable(replica)) return "fail";
  return replica.role === "learner" ? "loading" : "online";
}

/** One link per pair of replicas, which both use. */
export const clusterLinks = clusterSubcommand(
  {
    name: "links",
    arity: 2,
    since: "7.0.0",
    summary: "Returns a list of all TCP links to and from peer nodes in cluster",
    complexity: "O(N) where N is the total number of Cluster nodes",
    hints: ["nondeterministic_output"],
  },
  ({ reply }, { replicas }) => {
    const linked = replicas.flatMap(({ nodeId, link }) => (link === undefined ? [] : [{ nodeId, link }]));
    reply.array(linked.length);
    for (const { nodeId, link } of linked) {
      reply.map(6);
      reply.bulk("direction");
      reply.bulk(link.direction);
      reply.bulk("node");
      reply.bulk(nodeId);
      reply.bulk("create-time");
      reply.integer(link.since);
      reply.bulk("events");
      reply.bulk(link.bufferedBytes > 0 ? "rw" : "r");
      reply.bulk("send-buffer-allocated");
      reply.integer(link.bufferedBytes);
      reply.bulk("send-buffer-used");
      reply.integer(link.bufferedBytes);
    }
  },
);
