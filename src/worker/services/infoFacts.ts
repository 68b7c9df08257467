import type { ClusterFacts } from "../../core/command/clusterFacts.ts";
import type { CommandTable } from "../../core/command/table.ts";
import type { Node } from "../node.ts";
import { humanBytes, type InfoSections } from "./infoText.ts";
import { percentile } from "./percentile.ts";
import type { ProcessFacts } from "./processFacts.ts";
import { replicationFacts } from "./replicationFacts.ts";
import type { Settings } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";

export type Facts = readonly (readonly [string, string | number])[];

/** What `INFO` looks at. */
export interface InfoSources {
  readonly node: Node;
  readonly table: CommandTable;
  readonly process: ProcessFacts;
  readonly settings: Settings;
  readonly runId: string;
  readonly wallMillis: () => number;
  readonly snapshot: () => Snapshot;
  /** Undefined for a node that is alone. */
  readonly cluster: () => ClusterFacts | undefined;
}

/** The sections of Redis 7.0 with its names, truthful values, and what only this store has. What has no meaning here is left out. */
export function infoSections(sources: InfoSources): InfoSections {
  return new Map<string, () => Facts>([
    ["server", () => server(sources)],
    ["clients", () => clients(sources)],
    ["memory", () => memory(sources)],
    ["persistence", () => persistence(sources)],
    ["stats", () => stats(sources)],
    ["replication", () => replicationFacts(sources)],
    ["cpu", () => cpu(sources)],
    ["modules", () => []],
    ["commandstats", () => commandstats(sources)],
    [
      "errorstats",
      () => [...sources.node.meter.errorCodes].map(([code, count]) => [`errorstat_${code}`, `count=${count}`]),
    ],
    ["latencystats", () => latencystats(sources)],
    ["cluster", () => [["cluster_enabled", sources.cluster() === undefined ? 0 : 1]]],
    ["keyspace", () => keyspace(sources)],
  ]);
}

function server({ process, settings, runId, wallMillis, snapshot, cluster }: InfoSources): Facts {
  const uptime = Math.floor(snapshot().uptimeMillis / 1000);
  return [
    ["redis_version", "7.0.15"],
    ["holdfast_version", process.version],
    ["redis_git_sha1", "00000000"],
    ["redis_git_dirty", 0],
    ["redis_mode", cluster() === undefined ? "standalone" : "cluster"],
    ["os", process.system],
    ["arch_bits", 64],
    ["node_version", process.nodeVersion],
    ["process_id", process.pid],
    ["process_supervised", "no"],
    ["run_id", runId],
    ["tcp_port", settings.text("port")],
    ["server_time_usec", Math.floor(wallMillis() * 1000)],
    ["uptime_in_seconds", uptime],
    ["uptime_in_days", Math.floor(uptime / 86_400)],
    ["hz", settings.text("hz")],
    ["configured_hz", settings.text("hz")],
    ["lru_clock", Math.floor(wallMillis() / 1000) & 0xff_ffff],
    ["executable", process.executable],
    ["config_file", process.configFile],
    ["io_threads_active", 0],
  ];
}

function clients({ settings, snapshot, cluster }: InfoSources): Facts {
  const { clients: connected, streams, blockedClients, inputBytesMax, outputBytesMax } = snapshot();
  return [
    ["connected_clients", connected],
    ["grpc_streams", streams],
    ["cluster_connections", cluster()?.replicas.filter((each) => each.link !== undefined).length ?? 0],
    ["maxclients", settings.text("maxclients")],
    ["client_recent_max_input_buffer", inputBytesMax],
    ["client_recent_max_output_buffer", outputBytesMax],
    ["blocked_clients", blockedClients],
    ["tracking_clients", 0],
  ];
}

function memory({ node, process, settings, snapshot }: InfoSources): Facts {
  const { memoryBytes, memoryBytesMax, memoryBytesPeak, clientBytes } = snapshot();
  const maxmemory = settings.integer("maxmemory");
  const rss = process.residentBytes();
  const { usedBytes, totalBytes, externalBytes } = process.heap();
  return [
    ["used_memory", memoryBytes],
    ["used_memory_human", humanBytes(memoryBytes)],
    ["used_memory_rss", rss],
    ["used_memory_rss_human", humanBytes(rss)],
    ["used_memory_peak", memoryBytesPeak],
    ["used_memory_peak_human", humanBytes(memoryBytesPeak)],
    ["used_memory_peak_perc", percent(memoryBytes, memoryBytesPeak)],
    ["used_memory_dataset", memoryBytes],
    ["used_memory_dataset_perc", "100.00%"],
    ["total_system_memory", process.machineBytes],
    ["total_system_memory_human", humanBytes(process.machineBytes)],
    ["maxmemory", maxmemory],
    ["maxmemory_human", humanBytes(maxmemory)],
    ["maxmemory_policy", settings.text("maxmemory-policy")],
    ["mem_fragmentation_ratio", ratio(rss, memoryBytes)],
    ["mem_fragmentation_bytes", Math.max(0, rss - memoryBytes)],
    ["mem_clients_normal", clientBytes],
    ["mem_aof_buffer", node.journal.pendingBytes],
    ["mem_allocator", "v8"],
    ["heap_used", usedBytes],
    ["heap_total", totalBytes],
    ["heap_external", externalBytes],
    ["keys_in_memory", node.state.residentKeys],
    ["memory_limit", memoryBytesMax],
    ["keys_on_disk_only", node.state.coldKeys],
  ];
}

function persistence({ node, snapshot }: InfoSources): Facts {
  const { executor, maintenance, replica, store, log, recovery } = node;
  const status = executor.writesRefused === undefined ? "ok" : "err";
  const { lastFlushAtMillis, logBytes } = snapshot();
  return [
    ["loading", executor.halted ? 1 : 0],
    ["async_loading", 0],
    ["rdb_changes_since_last_save", Math.max(0, replica.lastSeq - store.meta.applied)],
    ["rdb_bgsave_in_progress", maintenance.flushing ? 1 : 0],
    ["rdb_last_save_time", Math.floor(lastFlushAtMillis / 1000)],
    ["rdb_last_bgsave_status", status],
    ["aof_enabled", 1],
    ["aof_rewrite_in_progress", 0],
    ["aof_rewrite_scheduled", 0],
    ["aof_last_bgrewrite_status", "ok"],
    ["aof_last_write_status", status],
    ["aof_current_size", logBytes],
    ["aof_buffer_length", node.journal.pendingBytes],
    ["log_first_seq", log.firstSeq],
    ["log_last_seq", replica.lastSeq],
    ["log_commit_seq", replica.commitPoint],
    ["log_durable_seq", log.durableSeq],
    ["log_commit_usec_p50", percentile(node.journal.commits.buckets, 50)],
    ["log_commit_usec_p99", percentile(node.journal.commits.buckets, 99)],
    ["store_applied_seq", store.meta.applied],
    ["store_keys", store.meta.storedKeys],
    ["recovery_entries", recovery.entries],
    ["recovery_torn_bytes", recovery.tornBytes],
    ["recovery_millis", Math.round(recovery.millis)],
  ];
}

function stats({ snapshot, node }: InfoSources): Facts {
  const now = snapshot();
  return [
    ["total_connections_received", now.connectionsAccepted],
    ["total_commands_processed", now.commands],
    ["instantaneous_ops_per_sec", now.commandsPerSecond],
    ["total_net_input_bytes", now.receivedBytes],
    ["total_net_output_bytes", now.sentBytes],
    ["instantaneous_input_kbps", (now.receivedBytesPerSecond / 1024).toFixed(2)],
    ["instantaneous_output_kbps", (now.sentBytesPerSecond / 1024).toFixed(2)],
    ["rejected_connections", now.connectionsRejected],
    ["forwarded_requests", node.executor.forwarding?.statistics.forwarded ?? 0],
    ["forwarded_retries", node.executor.forwarding?.statistics.retried ?? 0],
    ["forwarded_lost", node.executor.forwarding?.statistics.lost ?? 0],
    ["forwarding_connections", node.executor.forwarding?.connections ?? 0],
    ["scattered_requests", node.executor.forwarding?.statistics.scattered ?? 0],
    ["sync_full", 0],
    ["sync_partial_ok", 0],
    ["sync_partial_err", 0],
    ["expired_keys", now.expiredKeys],
    ["evicted_keys", 0],
    ["evicted_clients", 0],
    ["keyspace_hits", now.hits],
    ["keyspace_misses", now.misses],
    ["pubsub_channels", 0],
    ["pubsub_patterns", 0],
    ["unexpected_error_replies", 0],
    ["total_error_replies", now.errorReplies],
    ["values_loaded_from_disk", now.loadedValues],
    ["values_moved_to_disk", now.evictedValues],
  ];
}

function cpu({ process }: InfoSources): Facts {
  const { user, system } = process.cpuMicros();
  return [
    ["used_cpu_sys", (system / 1e6).toFixed(6)],
    ["used_cpu_user", (user / 1e6).toFixed(6)],
    ["used_cpu_sys_children", "0.000000"],
    ["used_cpu_user_children", "0.000000"],
  ];
}

function commandstats({ node, table }: InfoSources): Facts {
  return [...node.meter.usage].map(([spec, { calls, micros, rejected, failed }]) => {
    const each = calls === 0 ? 0 : micros / calls;
    const counts = `calls=${calls},usec=${Math.round(micros)},usec_per_call=${each.toFixed(2)}`;
    return [`cmdstat_${table.fullName(spec)}`, `${counts},rejected_calls=${rejected},failed_calls=${failed}`];
  });
}

function latencystats({ node, table, settings }: InfoSources): Facts {
  const percents = settings.text("latency-tracking-info-percentiles").split(" ").filter(Boolean).map(Number);
  if (settings.text("latency-tracking") === "no" || percents.length === 0) return [];
  return [...node.meter.usage]
    .filter(([, { calls }]) => calls > 0)
    .map(([spec, { histogram }]) => {
      const texts = percents.map((percent) => `p${percent}=${percentile(histogram, percent).toFixed(3)}`);
      return [`latency_percentiles_usec_${table.fullName(spec)}`, texts.join(",")];
    });
}

function keyspace({ node }: InfoSources): Facts {
  const { state } = node;
  const keys = state.size - state.hiddenKeys;
  return keys === 0 ? [] : [["db0", `keys=${keys},expires=${state.expiringKeys},avg_ttl=0`]];
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? "0.00" : ((part / whole) * 100).toFixed(2)}%`;
}

function ratio(part: number, whole: number): string {
  return whole === 0 ? "0.00" : (part / whole).toFixed(2);
}
