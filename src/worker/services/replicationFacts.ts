import { type ClusterFacts, type ClusterReplica, isReachable } from "../../core/command/clusterFacts.ts";
import type { Facts, InfoSources } from "./infoFacts.ts";

/** `INFO replication`, in Redis's words. Offsets are seqs: `master_repl_offset` is the commit point. */
export function replicationFacts({ node, runId, cluster }: InfoSources): Facts {
  const group = cluster();
  return [
    ...roleFacts(group),
    ...secondaryLines(group),
    ["master_failover_state", "no-failover"],
    ["master_replid", group?.groupId ?? runId],
    ["master_replid2", "0".repeat(40)],
    ["master_repl_offset", node.replica.commitPoint],
    ["second_repl_offset", -1],
    ["repl_backlog_active", 0],
    ["epoch", node.replica.epoch],
    ["replica_reads", node.membership.access?.reads ?? 0],
    ["replica_reads_held", node.membership.access?.heldReads ?? 0],
  ];
}

function roleFacts(group: ClusterFacts | undefined): Facts {
  if (group === undefined || group.self.role === "primary") return [["role", "master"]];
  const { primary, self } = group;
  const isUp = primary !== undefined && isReachable(primary);
  return [
    ["role", "slave"],
    ["master_host", primary?.host ?? ""],
    ["master_port", primary?.port ?? 0],
    ["master_link_status", isUp ? "up" : "down"],
    ["master_last_io_seconds_ago", isUp ? 0 : -1],
    ["master_sync_in_progress", self.role === "learner" ? 1 : 0],
    ["slave_read_repl_offset", self.seq],
    ["slave_repl_offset", self.seq],
    ["slave_priority", 100],
    ["slave_read_only", 1],
    ["replica_announced", 1],
  ];
}

/** Only the primary has secondaries. */
function secondaryLines(group: ClusterFacts | undefined): Facts {
  if (group === undefined || group.self.role !== "primary") return [["connected_slaves", 0]];
  const connected = group.replicas.filter((each) => !each.isSelf && isReachable(each));
  return [
    ["connected_slaves", connected.length],
    ...connected.map((each, index) => [`slave${index}`, secondaryLine(each)] as const),
  ];
}

function secondaryLine({ host, port, role, seq }: ClusterReplica): string {
  const state = role === "learner" ? "wait_bgsave" : "online";
  return `ip=${host},port=${port},state=${state},offset=${seq},lag=0`;
}
