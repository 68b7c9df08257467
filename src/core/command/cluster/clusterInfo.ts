import { clusterSubcommand, SLOT_LAST } from "./clusterSpec.ts";

const SLOTS = SLOT_LAST + 1;

/** Counters of Redis's gossip have no meaning here and are left out. */
export const clusterInfo = clusterSubcommand(
  {
    name: "info",
    arity: 2,
    since: "3.0.0",
    summary: "Provides info about Redis Cluster node state",
    hints: ["nondeterministic_output"],
  },
  ({ reply }, { epoch, primary, replicas, isServed }) => {
    const assigned = primary === undefined ? 0 : SLOTS;
    const served = isServed ? assigned : 0;
    const facts: readonly (readonly [string, string | number])[] = [
      ["cluster_state", isServed ? "ok" : "fail"],
      ["cluster_slots_assigned", assigned],
      ["cluster_slots_ok", served],
      ["cluster_slots_pfail", assigned - served],
      ["cluster_slots_fail", 0],
      ["cluster_known_nodes", replicas.length],
      ["cluster_size", primary === undefined ? 0 : 1],
      ["cluster_current_epoch", epoch],
      ["cluster_my_epoch", epoch],
      ["total_cluster_links_buffer_limit_exceeded", 0],
    ];
    reply.verbatim(facts.map(([name, value]) => `${name}:${value}\r\n`).join(""));
  },
);

export const clusterMyid = clusterSubcommand(
  { name: "myid", arity: 2, since: "3.0.0", summary: "Return the node id" },
  ({ reply }, { self }) => reply.bulk(self.nodeId),
);
