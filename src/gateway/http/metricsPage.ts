import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Registry } from "prom-client";
import type { CommandFigures, NodeMetrics } from "../../worker/services/metrics.ts";
import type { Snapshot } from "../../worker/services/snapshot.ts";
import { MicrosMetric } from "./microsMetric.ts";

const NANOS = 1e-9;
const MICROS = 1e-6;
/** Name, help, value; names end as Prometheus wants it. */
type Row = readonly [name: string, help: string, value: (snapshot: Snapshot) => number];

const COUNTERS: readonly Row[] = [
  ["holdfast_connections_accepted_total", "Connections accepted.", (now) => now.connectionsAccepted],
  ["holdfast_connections_rejected_total", "Connections turned away.", (now) => now.connectionsRejected],
  ["holdfast_commands_total", "Requests, refused ones included.", (now) => now.commands],
  ["holdfast_error_replies_total", "Requests answered by an error.", (now) => now.errorReplies],
  ["holdfast_received_bytes_total", "Bytes received from clients.", (now) => now.receivedBytes],
  ["holdfast_sent_bytes_total", "Bytes sent to clients.", (now) => now.sentBytes],
  ["holdfast_expired_keys_total", "Keys deleted because their time was over.", (now) => now.expiredKeys],
  ["holdfast_keyspace_hits_total", "Reads of keys that were there.", (now) => now.hits],
  ["holdfast_keyspace_misses_total", "Reads of keys that were not there.", (now) => now.misses],
  ["holdfast_loaded_values_total", "Values read back from disk.", (now) => now.loadedValues],
  ["holdfast_evicted_values_total", "Values moved out of memory; they stay on disk.", (now) => now.evictedValues],
];

const GAUGES: readonly Row[] = [
  ["holdfast_uptime_seconds", "Time since the start.", (now) => now.uptimeMillis / 1000],
  ["holdfast_connections", "Connections at present, and streams of gRPC clients.", (now) => now.clients],
  ["holdfast_grpc_streams", "Streams of gRPC clients at present.", (now) => now.streams],
  ["holdfast_blocked_clients", "Clients that wait for a key.", (now) => now.blockedClients],
  ["holdfast_keys", "Keys.", (now) => now.keys],
  ["holdfast_expiring_keys", "Keys with a time to live.", (now) => now.expiringKeys],
  ["holdfast_cold_keys", "Keys whose values are on disk only.", (now) => now.coldKeys],
  ["holdfast_memory_bytes", "Memory for keys and values.", (now) => now.memoryBytes],
  ["holdfast_memory_limit_bytes", "What that memory may become.", (now) => now.memoryBytesMax],
  ["holdfast_client_buffer_bytes", "Bytes in the buffers of clients.", (now) => now.clientBytes],
  ["holdfast_log_bytes", "Bytes in the log.", (now) => now.logBytes],
  [
    "holdfast_last_flush_timestamp_seconds",
    "When changes were last brought to the store.",
    (now) => now.lastFlushAtMillis / 1000,
  ],
];

/** `/metrics`: a node's figures in the text format of Prometheus, gathered when they are asked for. */
export class MetricsPage {
  readonly #registry = new Registry();
  readonly #metrics: () => NodeMetrics;
  readonly #eventLoop: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  readonly #counters = COUNTERS.map(([name, help]) => this.#counter(name, help));
  readonly #gauges = GAUGES.map(([name, help]) => this.#gauge(name, help));
  readonly #calls = this.#counter("holdfast_command_calls_total", "Evaluated commands.", ["command"]);
  readonly #seconds = this.#counter("holdfast_command_seconds_total", "Time spent evaluating.", ["command"]);
  readonly #failed = this.#counter("holdfast_command_failures_total", "Commands that answered an error.", ["command"]);
  readonly #rejected = this.#counter("holdfast_command_rejections_total", "Commands refused unevaluated.", ["command"]);
  readonly #loop = this.#gauge("holdfast_event_loop_delay_seconds", "Delay of the event loop since the last scrape.", [
    "quantile",
  ]);
  readonly #resident = this.#gauge("process_resident_memory_bytes", "Resident memory.");
  readonly #cpu = this.#counter("process_cpu_seconds_total", "CPU time, user and system.");
  readonly #info = this.#gauge("holdfast_info", "Always 1; the version is a label.", ["version"]);
  readonly #commits = new MicrosMetric("holdfast_commit_seconds", "Time to write and sync one record of the log.");

  constructor(metrics: () => NodeMetrics) {
    this.#metrics = metrics;
    this.#commits.addTo(this.#registry);
    this.#eventLoop.enable();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    const { version, snapshot, commands, commits } = this.#metrics();
    for (const [i, counter] of this.#counters.entries()) setCounter(counter, {}, COUNTERS[i]![2](snapshot));
    for (const [i, gauge] of this.#gauges.entries()) gauge.set(GAUGES[i]![2](snapshot));
    this.#fillCommands(commands);
    this.#commits.histogram = commits;
    this.#info.set({ version }, 1);
    this.#resident.set(process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    setCounter(this.#cpu, {}, (user + system) * MICROS);
    this.#fillEventLoop();
    return this.#registry.metrics();
  }

  #fillCommands(commands: readonly CommandFigures[]): void {
    for (const counter of [this.#calls, this.#seconds, this.#failed, this.#rejected]) counter.reset();
    for (const { name: command, calls, micros, failed, rejected } of commands) {
      this.#calls.inc({ command }, calls);
      this.#seconds.inc({ command }, micros * MICROS);
      this.#failed.inc({ command }, failed);
      this.#rejected.inc({ command }, rejected);
    }
  }

  #fillEventLoop(): void {
    for (const percent of [50, 99, 100]) {
      const nanos = this.#eventLoop.count === 0 ? 0 : this.#eventLoop.percentile(percent);
      this.#loop.set({ quantile: String(percent / 100) }, nanos * NANOS);
    }
    this.#eventLoop.reset();
  }

  #counter<Label extends string = string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<Label extends string = string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  stop(): void {
    this.#eventLoop.disable();
  }
}

/** The node counts; what is shown is set anew for each scrape. */
function setCounter(counter: Counter<string>, labels: { readonly [name: string]: string }, value: number): void {
  counter.reset();
  counter.inc(labels, value);
}
