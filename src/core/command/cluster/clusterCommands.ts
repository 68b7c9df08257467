import { helpSubcommand } from "../server/help.ts";
import type { CommandSpec } from "../spec.ts";
import { clusterChanges } from "./clusterChanges.ts";
import { clusterGroupId, clusterInfo, clusterMyid } from "./clusterInfo.ts";
import { clusterCountkeysinslot, clusterGetkeysinslot, clusterKeyslot } from "./clusterKeys.ts";
import { clusterCountFailureReports, clusterNodes, clusterReplicas, clusterReplicasByOldName } from "./clusterNodes.ts";
import { inGroup } from "./clusterSpec.ts";
import { clusterLinks, clusterSlots, clusterTopology } from "./clusterTopology.ts";
import { hotkeys } from "./hotKeys.ts";
import { asking, readonlyCommand, readwriteCommand } from "./readOnly.ts";
import { clusterSlotStats } from "./slotStats.ts";

const HELP = [
  "COUNT-FAILURE-REPORTS <node-id>",
  "    Return number of failure reports for <node-id>.",
  "COUNTKEYSINSLOT <slot>",
  "    Return the number of keys in <slot>.",
  "GETKEYSINSLOT <slot> <count>",
  "    Return key names stored by current node in a slot.",
  "INFO",
  "    Return information about the cluster.",
  "KEYSLOT <key>",
  "    Return the hash slot for <key>.",
  "MYID",
  "    Return the node id.",
  "MYSHARDID",
  "    Return the id of the node's group.",
  "NODES",
  "    Return cluster configuration seen by node. Output format:",
  "    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
  "REPLICAS <node-id>",
  "    Return <node-id> replicas.",
  "SLOTS",
  "    Return information about slots range mappings. Each range is made of:",
  "    start, end, master and replicas IP addresses, ports and ids",
  "SLOT-STATS SLOTSRANGE <start-slot> <end-slot>",
  "SLOT-STATS ORDERBY <metric> [LIMIT <limit>] [ASC|DESC]",
  "    Return an array of slot usage statistics for slots assigned to the current node.",
  "SHARDS",
  "    Return information about slot range mappings and the nodes associated with them.",
  "LINKS",
  "    Return information about all network links between this node and its peers.",
  "    Output format is an array where each array element is a map containing attributes of a link",
];

const help = helpSubcommand("cluster", "cluster", "5.0.0", HELP);

/** Of Redis's subcommands those that look are there; those that change something say how that is done here. */
const cluster: CommandSpec = {
  name: "cluster",
  arity: -2,
  flags: [],
  group: "cluster",
  since: "3.0.0",
  summary: "A container for cluster commands",
  complexity: "Depends on subcommand.",
  subcommands: [
    clusterCountFailureReports,
    clusterCountkeysinslot,
    clusterGetkeysinslot,
    { ...help, evaluate: inGroup((call) => help.evaluate?.(call)) },
    clusterInfo,
    clusterKeyslot,
    clusterLinks,
    clusterMyid,
    clusterGroupId,
    clusterNodes,
    clusterReplicas,
    clusterTopology,
    clusterReplicasByOldName,
    clusterSlots,
    clusterSlotStats,
    ...clusterChanges,
  ],
};

/** Redis's *cluster* group. */
export const clusterCommands: readonly CommandSpec[] = [asking, cluster, hotkeys, readonlyCommand, readwriteCommand];
