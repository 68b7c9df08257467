import type { Seq } from "../base/ids.ts";
import type { Random } from "../base/random.ts";
import { ok, type Result } from "../base/result.ts";
import type { NodeServices } from "../core/command/nodeServices.ts";
import type { CommandTable } from "../core/command/table.ts";
import { Replica } from "../core/replica/replica.ts";
import type { KeySpace } from "../core/state/keySpace.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Clock, Timer, Timers } from "../ports/clock.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import type { Disk } from "../ports/disk.ts";
import type { Engine } from "../ports/engine.ts";
import type { DataIdentity } from "../storage/dataDirectory.ts";
import { EngineStore } from "../storage/engineStore.ts";
import { Flusher } from "../storage/flusher.ts";
import type { Log } from "../storage/log/log.ts";
import { LogWriteError } from "../storage/log/logError.ts";
import { CommandMeter } from "./commandMeter.ts";
import { confirmEpoch, openEpoch } from "./configuration.ts";
import { Executor } from "./executor.ts";
import { type Durability, Journal } from "./journal.ts";
import { Maintenance } from "./maintenance.ts";
import type { NodeError } from "./nodeError.ts";
import { type Recovered, type RecoveryReport, recover, replay } from "./recovery.ts";
import { NODE_SIZES, type NodeSizes } from "./sizes.ts";

const DISK_FULL =
  "MISCONF Errors writing to the log: no space left on the disk. Commands that may modify the data set are refused until there is room.";
const PROBE_MILLIS = 500;
const MEMORY_SYNC_MILLIS = 1_000;

/** Everything a node needs of the world, and what it was told. */
export interface NodeParts {
  readonly identity: DataIdentity;
  readonly group: string;
  readonly logDisk: Disk;
  readonly openEngine: () => Promise<Result<Engine, NodeError>>;
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly checksum: Checksum;
  readonly table: CommandTable;
  readonly durability: Durability;
  readonly memoryBytesMax: () => number;
  readonly sizes?: NodeSizes;
  /** Made once the node is open; what the commands see of it. */
  readonly services: (node: Node, executor: Executor) => NodeServices;
  /** Nothing may be served any more: the disk no longer keeps what it was given. */
  readonly onFatal: (error: unknown) => void;
  /** Tells the operator; one line. */
  readonly onNotice: (text: string) => void;
}

/** A replica group of one: recovers, serves, keeps what it has acknowledged. */
export class Node {
  readonly executor: Executor;
  readonly replica: Replica;
  readonly state: KeySpace;
  readonly log: Log;
  readonly meter: CommandMeter;
  readonly journal: Journal;
  readonly maintenance: Maintenance;
  readonly store: EngineStore;
  /** What recovery did. */
  readonly recovery: RecoveryReport;
  readonly #parts: NodeParts;
  #engine: Engine;
  readonly #waiters: { readonly seq: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];
  #syncTimer: Timer | undefined;
  #syncedSeq: number;
  #reloading: Promise<void> | undefined;
  #probing: Promise<void> = Promise.resolve();
  #stopped = false;
  #engineFailed = false;

  private constructor(parts: NodeParts, recovered: Recovered, replica: Replica) {
    const { clock, timers, random, table, checksum, durability } = parts;
    this.#parts = parts;
    this.#engine = recovered.engine;
    this.state = recovered.state;
    this.store = recovered.store;
    this.log = recovered.log;
    this.recovery = recovered.report;
    this.replica = replica;
    this.#syncedSeq = replica.lastSeq;
    this.meter = new CommandMeter(clock);
    this.journal = new Journal({
      log: this.log,
      replica,
      clock,
      checksum,
      durability,
      onCommit: () => this.#committed(),
      onFailure: (error) => this.#logFailed(error),
    });
    this.executor = new Executor(
      {
        state: this.state,
        replica,
        journal: this.journal,
        table,
        clock,
        timers,
        random,
        meter: this.meter,
        reclaim: () => this.maintenance.reclaim(),
      },
      (executor) => parts.services(this, executor),
    );
    const sizes = parts.sizes ?? NODE_SIZES;
    const flusher = new Flusher({
      sizes,
      state: this.state,
      store: this.store,
      newestSeq: () => replica.lastSeq,
      durable: (upTo) => this.#durable(upTo),
    });
    this.maintenance = new Maintenance({
      state: this.state,
      store: this.store,
      flusher,
      log: this.log,
      replica,
      executor: this.executor,
      clock,
      timers,
      random,
      memoryBytesMax: parts.memoryBytesMax,
      flushLogBytes: sizes.flushLogBytes,
      onFlushFailure: (error) => this.#flushFailed(error),
    });
  }

  /** Recovers what is on disk and opens a new epoch. Serves as soon as somebody brings requests. */
  static async open(parts: NodeParts): Promise<Result<Node, NodeError>> {
    const recovered = await recover(parts);
    if (!recovered.ok) return recovered;
    const self = { id: `n${parts.identity.identity.toString(16)}`, incarnation: 1 };
    const { log } = recovered.value;
    const configuration = await openEpoch(parts.coordinator, parts.group, self, log);
    if (!configuration.ok) return configuration;
    const node = new Node(parts, recovered.value, new Replica(configuration.value, log.lastSeq));
    node.executor.writeBarrier();
    await node.journal.drain();
    if (parts.durability === "memory") await node.#syncLog();
    await confirmEpoch(parts.coordinator, parts.group, configuration.value, log.durableSeq);
    node.maintenance.start();
    if (parts.durability === "memory") {
      node.#syncTimer = parts.timers.every(MEMORY_SYNC_MILLIS, () => void node.#syncLog());
    }
    return ok(node);
  }

  #committed(): void {
    this.executor.committed();
    if (this.#parts.durability === "sync") this.#advanceSynced(this.replica.commitPoint);
  }

  #advanceSynced(upTo: number): void {
    this.#syncedSeq = Math.max(this.#syncedSeq, upTo);
    while (this.#waiters.length > 0 && this.#waiters[0]!.seq <= this.#syncedSeq) this.#waiters.shift()!.resolve();
  }

  /** Resolves when the log has everything up to `upTo` on disk. */
  #durable(upTo: Seq): Promise<void> {
    // What is in memory now may come from entries that the log has refused: it goes on with others of the same seqs.
    if (this.#reloading !== undefined) return Promise.reject(new Error("the state is being loaded anew"));
    if (upTo <= this.#syncedSeq) return Promise.resolve();
    if (this.#parts.durability === "memory") return this.#syncUpTo(upTo);
    return new Promise((resolve, reject) => this.#waiters.push({ seq: upTo, resolve, reject }));
  }

  /** What was evaluated in this turn is not even written yet. */
  async #syncUpTo(upTo: Seq): Promise<void> {
    this.journal.endTurn();
    await this.#syncLog();
    if (upTo > this.#syncedSeq) throw new Error("the log does not take the entries");
  }

  async #syncLog(): Promise<void> {
    const upTo = this.replica.commitPoint;
    if (upTo <= this.#syncedSeq) return;
    this.#syncing = this.#syncing.then(async () => {
      if (upTo <= this.#syncedSeq || this.#stopped) return;
      try {
        await this.log.sync();
        this.#advanceSynced(upTo);
      } catch (error) {
        this.#logFailed(error);
      }
    });
    await this.#syncing;
  }

  #syncing: Promise<void> = Promise.resolve();

  #logFailed(error: unknown): void {
    if (this.#stopped) return;
    if (!(error instanceof LogWriteError) || error.code === "poisoned") return this.#end(error);
    if (this.executor.writesRefused !== undefined && this.#reloading === undefined) {
      // A probe has failed; nothing but its barrier was evaluated since the state was loaded.
      this.#refuseWrites();
      this.#scheduleProbe();
      return;
    }
    this.#parts.onNotice(`the log refuses entries (${error.message}): writes are refused until it takes them again`);
    this.#refuseWrites();
    this.#startReload();
  }

  /** Nothing may be served any more. */
  #end(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.journal.stop();
    this.executor.halt();
    this.#parts.onFatal(error);
  }

  #refuseWrites(): void {
    this.executor.writesRefused = DISK_FULL;
    this.executor.refuseUncommitted(DISK_FULL);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new Error("the entries were refused by the log"));
  }

  #flushFailed(error: unknown): void {
    if (this.#stopped || this.#reloading !== undefined) return;
    if (error instanceof LogWriteError) return this.#logFailed(error);
    this.#parts.onNotice(
      `changes cannot be brought to the store (${error instanceof Error ? error.message : String(error)})`,
    );
    this.#engineFailed = true;
    if (this.executor.writesRefused === undefined) void this.journal.drain().then(() => this.#refuseUnlessEnded());
    this.#startReload();
  }

  /** A log that has failed meanwhile has entries of which nobody knows whether they will be there after the restart. */
  #refuseUnlessEnded(): void {
    if (!this.#stopped) this.#refuseWrites();
  }

  /** Memory may hold what never came to be: it is thrown away and read again from engine and log. */
  #startReload(): void {
    this.#reloading ??= this.#reload()
      .catch((error: unknown) => this.#end(error))
      .finally(() => {
        this.#reloading = undefined;
      });
  }

  async #reload(): Promise<void> {
    this.executor.halt();
    await this.journal.drain();
    await this.maintenance.flushEnded();
    if (!(await this.#loadAnew())) return;
    this.executor.resume();
    this.#scheduleProbe();
  }

  /** Reads the state again from the engine and what the log has behind it; false when the node has to end. */
  async #loadAnew(): Promise<boolean> {
    const { checksum } = this.#parts;
    const store = EngineStore.open(this.#engine, (key) => this.state.hashOf(key), checksum);
    if (store === undefined) {
      this.#end(new Error("the store was changed by another version while it was in use"));
      return false;
    }
    this.store.adopt(store);
    this.state.reset();
    this.state.clearedSeq = store.meta.cleared;
    const replayed = await replay(this.log, this.state, this.store.meta.applied);
    if (!replayed.ok) this.#end(new Error(replayed.error.message));
    return replayed.ok;
  }

  #scheduleProbe(): void {
    this.#parts.timers.after(PROBE_MILLIS, () => {
      if (!this.#stopped) this.#probing = this.#probe().catch((error: unknown) => this.#end(error));
    });
  }

  /** Tries whether the log takes an entry again, and then whether the engine can be opened anew, if it was that which failed. */
  async #probe(): Promise<void> {
    const before = this.replica.commitPoint;
    this.executor.writeBarrier();
    await this.journal.drain();
    if (this.replica.commitPoint === before || this.#reloading !== undefined || this.#stopped) return;
    if (this.#engineFailed && !(await this.#reopenEngine())) {
      this.#scheduleProbe();
      return;
    }
    this.executor.writesRefused = undefined;
    this.#parts.onNotice("there is room again: writes are accepted");
  }

  /** An engine whose write has failed takes no more until it is opened again. Requests wait meanwhile. */
  async #reopenEngine(): Promise<boolean> {
    this.executor.halt();
    await this.journal.drain();
    try {
      await this.#engine.close();
    } catch {
      // It is closed because it failed.
    }
    const engine = await this.#parts.openEngine();
    if (!engine.ok) return false;
    this.#engine = engine.value;
    this.#engineFailed = false;
    if (!(await this.#loadAnew())) return false;
    this.executor.resume();
    return true;
  }

  /** Answers everything that was begun, flushes, and closes. No request may arrive any more. */
  async stop(): Promise<void> {
    await this.#reloading;
    await this.#probing;
    await this.journal.drain();
    if (!this.#stopped && this.executor.writesRefused === undefined) await this.maintenance.startFlush();
    await this.maintenance.stop();
    // A flush that failed has the state loaded anew.
    await this.#reloading;
    await this.#probing;
    this.executor.halt();
    await this.journal.drain();
    await this.#syncing;
    this.#stopped = true;
    this.journal.stop();
    this.#syncTimer?.cancel();
    await this.log.close();
    await this.#engine.close();
  }
}
