import { type ClusterReplica, isReachable } from "../clusterFacts.ts";
import type { Reply } from "../reply.ts";
import { clusterSubcommand, SLOT_LAST } from "./clusterSpec.ts";

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
  ({ reply }, { primary, replicas }) => {
    if (primary === undefined || primary.port === 0) return reply.array(0);
    const secondaries = replicas.filter(
      (each) => each.role === "secondary" && isReachable(each) && each.port !== 0 && each !== primary,
    );
    reply.array(1);
    reply.array(3 + secondaries.length);
    reply.integer(0);
    reply.integer(SLOT_LAST);
    for (const each of [primary, ...secondaries]) writeAddress(reply, each);
  },
);

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
  ({ reply }, { primary, replicas }) => {
    reply.array(1);
    reply.map(2);
    reply.bulk("slots");
    reply.array(primary === undefined ? 0 : 2);
    if (primary !== undefined) {
      reply.integer(0);
      reply.integer(SLOT_LAST);
    }
    reply.bulk("nodes");
    reply.array(replicas.length);
    for (const each of replicas) writeNode(reply, each);
  },
);

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
