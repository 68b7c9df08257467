import type { Random } from "../../base/random.ts";
import type { ClusterFacts } from "../../core/command/clusterFacts.ts";
import type { DispatchedCall } from "../../core/command/dispatch.ts";
import type { MemoryFigures, NodeServices } from "../../core/command/nodeServices.ts";
import type { Session } from "../../core/command/session.ts";
import type { CommandTable } from "../../core/command/table.ts";
import type { Clock, Timer, Timers } from "../../ports/clock.ts";
import type { Client } from "../client.ts";
import type { Executor } from "../executor.ts";
import { Heat } from "../heat/heat.ts";
import type { Node } from "../node.ts";
import { ClusterTeller } from "./clusterFacts.ts";
import { infoSections } from "./infoFacts.ts";
import { formatInfo, type InfoSections } from "./infoText.ts";
import { LatencyMonitor } from "./latency.ts";
import type { NodeMetrics } from "./metrics.ts";
import type { ProcessFacts } from "./processFacts.ts";
import { Settings } from "./settings.ts";
import { SlowLog } from "./slowLog.ts";
import type { ClientFront, Snapshot } from "./snapshot.ts";
import { normalOutputLimit } from "./specialSettings.ts";
import { Statistics } from "./statistics.ts";
import { WallMicros } from "./wallMicros.ts";

const TICK_MILLIS = 1_000;
const RUN_ID_WORDS = 5;

export interface ServicesOptions {
  readonly node: Node;
  readonly executor: Executor;
  readonly table: CommandTable;
  readonly process: ProcessFacts;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Values of settings that differ from their defaults; byte strings. */
  readonly initial: { readonly [name: string]: string };
  readonly debugAllowed: boolean;
  readonly onShutdown: () => void;
}

/** What bounds one connection, in bytes. */
interface ClientLimits {
  readonly bulkBytesMax: number;
  readonly queryBytesMax: number;
  readonly outputBytesMax: number;
}

/** The node as its commands see it, and its settings as the rest of it sees them. */
export class Services implements NodeServices {
  readonly commands: CommandTable;
  readonly settings: Settings;
  readonly slowLog = new SlowLog();
  readonly latency: LatencyMonitor;
  readonly debugAllowed: boolean;
  /** Limits of connections as the settings have them now. */
  limits: ClientLimits = { bulkBytesMax: 0, queryBytesMax: 0, outputBytesMax: 0 };
  /** Bytes of memory for keys and values. */
  memoryBytesMax = 0;
  /** Counts what slots are asked for, at a node of a cluster. */
  readonly heat: Heat | undefined;
  readonly #options: ServicesOptions;
  readonly #sections: InfoSections;
  readonly #statistics: Statistics;
  readonly #wall: WallMicros;
  readonly #cluster: ClusterTeller;
  readonly #ticker: Timer;
  #pauseEnd: Timer | undefined;
  #pausedUntil = 0;

  constructor(options: ServicesOptions) {
    const { node, table, clock, timers, random, process } = options;
    this.#options = options;
    this.commands = table;
    this.debugAllowed = options.debugAllowed;
    this.settings = new Settings(options.initial, process.configFile, () => this.#applySettings());
    if (node.parts.others?.roster !== undefined) this.settings.put("cluster-enabled", "yes");
    this.latency = new LatencyMonitor(table, node.meter);
    this.#wall = new WallMicros(clock);
    this.#cluster = new ClusterTeller(node);
    this.#statistics = new Statistics(options, () => this.memoryBytesMax);
    const runId = Array.from({ length: RUN_ID_WORDS }, () => random.u32().toString(16).padStart(8, "0")).join("");
    this.#sections = infoSections({
      node,
      table,
      process,
      settings: this.settings,
      runId,
      wallMillis: () => this.#wall.now() / 1000,
      snapshot: () => this.snapshot(),
      cluster: () => this.cluster(),
    });
    if (node.parts.others?.cluster !== undefined) {
      this.heat = new Heat({ table, slots: () => node.state.slots, now: clock.monotonic() });
      options.executor.heat = this.heat;
    }
    node.meter.onSlow = (call, micros) => this.#slowCommand(call, micros);
    node.journal.onWritten = (micros) => this.#slowEvent("aof-fsync-always", micros);
    this.#applySettings();
    this.#ticker = timers.every(TICK_MILLIS, () => this.tick());
  }

  /** The front door is open: its figures are told from now on. */
  attach(front: ClientFront, streams: () => number): void {
    this.#statistics.front = front;
    this.#statistics.streams = streams;
  }

  set port(port: number) {
    this.settings.put("port", String(port));
  }

  stop(): void {
    this.#ticker.cancel();
    this.#pauseEnd?.cancel();
  }

  /** What is done by the clock: rates, and connections that have been idle for too long. */
  tick(): void {
    this.#statistics.sample();
    this.heat?.fold(this.#options.clock.monotonic());
    const timeoutMillis = this.settings.integer("timeout") * 1000;
    if (timeoutMillis === 0) return;
    const oldest = this.#options.clock.wall() - timeoutMillis;
    const { executor } = this.#options;
    for (const client of [...executor.clients]) {
      if (!client.waits && client.session.lastUsedAt < oldest) executor.kill(client);
    }
  }

  #applySettings(): void {
    const { settings } = this;
    const { meter } = this.#options.node;
    this.memoryBytesMax = settings.integer("memory");
    this.limits = {
      bulkBytesMax: settings.integer("proto-max-bulk-len"),
      queryBytesMax: settings.integer("client-query-buffer-limit"),
      outputBytesMax: normalOutputLimit(settings.text("client-output-buffer-limit")) || Infinity,
    };
    const slower = settings.integer("slowlog-log-slower-than");
    const threshold = settings.integer("latency-monitor-threshold");
    meter.slowMicros = Math.min(slower < 0 ? Infinity : slower, threshold === 0 ? Infinity : threshold * 1000);
    this.slowLog.trim(settings.integer("slowlog-max-len"));
  }

  #slowCommand(call: DispatchedCall, micros: number): void {
    const { spec, args, session } = call;
    if (spec === undefined) return;
    const slower = this.settings.integer("slowlog-log-slower-than");
    if (slower >= 0 && micros >= slower && !spec.flags.includes("skip_slowlog")) {
      const seconds = Math.floor(this.#options.clock.wall() / 1000);
      this.slowLog.add(args, session, seconds, Math.round(micros), this.settings.integer("slowlog-max-len"));
    }
    this.#slowEvent(spec.flags.includes("fast") ? "fast-command" : "command", micros);
  }

  #slowEvent(name: string, micros: number): void {
    const threshold = this.settings.integer("latency-monitor-threshold");
    const millis = Math.floor(micros / 1000);
    if (threshold > 0 && millis >= threshold) {
      this.latency.add(name, Math.floor(this.#options.clock.wall() / 1000), millis);
    }
  }

  // What commands ask for

  info(sections: readonly string[]): string {
    return formatInfo(this.#sections, sections);
  }

  snapshot(): Snapshot {
    return this.#statistics.snapshot();
  }

  /** Everything that `/metrics` tells. */
  metrics(): NodeMetrics {
    const { node, table, process } = this.#options;
    const commands = [...node.meter.usage].map(([spec, usage]) => ({ name: table.fullName(spec), ...usage }));
    return { version: process.version, snapshot: this.snapshot(), commands, commits: node.journal.commits };
  }

  *sessions(): Iterable<Session> {
    for (const { session } of this.#options.executor.clients) yield session;
  }

  #clientOf(session: Session): Client | undefined {
    for (const client of this.#options.executor.clients) if (client.session === session) return client;
    return undefined;
  }

  kill(session: Session): void {
    const client = this.#clientOf(session);
    if (client !== undefined) this.#options.executor.kill(client);
  }

  unblock(session: Session, withError: boolean): boolean {
    const { executor } = this.#options;
    const client = this.#clientOf(session);
    if (client === undefined) return false;
    const { parked } = client;
    if (parked === undefined) return executor.forwarding?.unblock(client, withError) ?? false;
    executor.endWait(client, (reply) => {
      if (withError) reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
      else parked.request.onTimeout(reply);
    });
    return true;
  }

  pause(untilWallMillis: number, mode: "all" | "write"): void {
    const { executor, timers, clock } = this.#options;
    // A pause is never made shorter, nor weaker, by another one.
    const wasAll = executor.paused === "all";
    this.#pausedUntil = Math.max(this.#pausedUntil, untilWallMillis);
    executor.pause(wasAll ? "all" : mode);
    this.#pauseEnd?.cancel();
    this.#pauseEnd = timers.after(Math.max(0, this.#pausedUntil - clock.wall()), () => this.unpause());
  }

  unpause(): void {
    this.#pauseEnd?.cancel();
    this.#pauseEnd = undefined;
    this.#pausedUntil = 0;
    this.#options.executor.unpause();
  }

  wallMicros(): number {
    return this.#wall.now();
  }

  watch(session: Session, key: string): void {
    this.#options.executor.watch(session, key);
  }

  unwatch(session: Session): void {
    this.#options.executor.unwatch(session);
  }

  shutdown(): void {
    this.#options.onShutdown();
  }

  resetStatistics(): void {
    this.#statistics.reset();
    this.heat?.reset();
  }

  memory(): MemoryFigures {
    const { memoryBytes, memoryBytesPeak, memoryBytesMax, clientBytes, keys } = this.snapshot();
    return {
      data: memoryBytes,
      dataPeak: memoryBytesPeak,
      dataMax: memoryBytesMax,
      resident: this.#options.process.residentBytes(),
      clients: clientBytes,
      logBuffer: this.#options.node.journal.pendingBytes,
      keys,
    };
  }

  get commitPoint(): number {
    return this.#options.node.replica.commitPoint;
  }

  cluster(): ClusterFacts | undefined {
    return this.#cluster.facts(this.settings.integer("port"));
  }

  lastSavedAt(): number {
    return Math.floor(this.snapshot().lastFlushAtMillis / 1000);
  }

  save(): void {
    void this.#options.node.maintenance.startFlush();
  }

  setActiveExpiry(isActive: boolean): void {
    this.#options.executor.activeExpiry = isActive;
  }

  sleep(millis: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis);
  }
}
