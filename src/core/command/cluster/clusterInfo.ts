import { countSlots, SLOT_COUNT } from "../../slots/slotRanges.ts";
import type { ClusterGroup } from "../clusterFacts.ts";
import { clusterSubcommand } from "./clusterSpec.ts";

/**
 * Counters of Redis's gossip have no meaning here and are left out. As in Redis with `cluster-require-full-coverage`, the state is `ok`
 * only if every slot has a group; another group that cannot be reached from the coordinator may serve all the same.
 */
export const clusterInfo = clusterSubcommand(
  {
    name: "info",
    arity: 2,
    since: "3.0.0",
    summary: "Provides info about Redis Cluster node state",
    hints: ["nondeterministic_output"],
  },
  ({ reply }, cluster) => {
    const groups = cluster.groups();
    const assigned = slotsOf(groups);
    const served = slotsOf(groups.filter((group) => group.isServed));
    const isOk = assigned === SLOT_COUNT && cluster.isServed;
    const facts: readonly (readonly [string, string | number])[] = [
      ["cluster_state", isOk ? "ok" : "fail"],
      ["cluster_slots_assigned", assigned],
      ["cluster_slots_ok", served],
      ["cluster_slots_pfail", assigned - served],
      ["cluster_slots_fail", 0],
      ["cluster_known_nodes", groups.reduce((sum, { replicas }) => sum + replicas.length, 0)],
      ["cluster_size", groups.filter(({ slots }) => slots.length > 0).length],
      ["cluster_current_epoch", Math.max(...groups.map(({ epoch }) => epoch))],
      ["cluster_my_epoch", cluster.epoch],
      ["total_cluster_links_buffer_limit_exceeded", 0],
    ];
    reply.verbatim(facts.map(([name, value]) => `${name}:${value}\r\n`).join(""));
  },
);

export const clusterMyid = clusterSubcommand(
  { name: "myid", arity: 2, since: "3.0.0", summary: "Return the node id" },
  ({ reply }, { self }) => reply.bulk(self.nodeId),
);

/** What the group is called by clients. */
export const clusterGroupId = clusterSubcommand(
  { name: "myshardid", arity: 2, since: "7.2.0", summary: "Returns the shard ID of a node." },
  ({ reply }, { groupId }) => reply.bulk(groupId),
);

/** Those of groups without a primary are of no use, but assigned. */
function slotsOf(groups: readonly ClusterGroup[]): number {
  return groups.reduce((sum, { slots, primary }) => sum + (primary === undefined ? 0 : countSlots(slots)), 0);
}
