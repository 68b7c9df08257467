import { ByteReader, MalformedBytes } from "../base/byteReader.ts";
import type { Seq } from "../base/ids.ts";
import type { Random } from "../base/random.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { NodeServices } from "../core/command/nodeServices.ts";
import type { CommandTable } from "../core/command/table.ts";
import { Replica } from "../core/replica/replica.ts";
import { KeySpace } from "../core/state/keySpace.ts";
import { Replayer } from "../core/state/replay.ts";
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
import { openLog } from "../storage/log/openLog.ts";
import { EntryCursor } from "../storage/log/record.ts";
import { CommandMeter } from "./commandMeter.ts";
import { openEpoch } from "./configuration.ts";
import { Executor } from "./executor.ts";
import { type Durability, Journal } from "./journal.ts";
import { Maintenance } from "./maintenance.ts";
import type { NodeError } from "./nodeError.ts";
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
  #stopped = false;

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
    const configuration = await openEpoch(parts.coordinator, parts.group, self, log.lastEpoch);
    if (!configuration.ok) return configuration;
    const node = new Node(parts, recovered.value, new Replica(configuration.value, log.lastSeq));
    node.executor.writeBarrier();
    await node.journal.drain();
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
    if (upTo <= this.#syncedSeq) return Promise.resolve();
    // Entries that the log has refused: it goes on with others of the same seqs.
    if (this.#reloading !== undefined) return Promise.reject(new Error("the state is being loaded anew"));
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
    if (this.executor.writesRefused === undefined) void this.journal.drain().then(() => this.#refuseWrites());
    this.#startReload();
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
    try {
      await this.#engine.close();
    } catch {
      // It is closed because it failed.
    }
    const engine = await this.#parts.openEngine();
    if (!engine.ok) {
      this.#end(new Error(engine.error.message));
      return;
    }
    this.#engine = engine.value;
    const store = EngineStore.open(engine.value, (key) => this.state.hashOf(key));
    if (store === undefined) {
      this.#end(new Error("the store was changed by another version while it was in use"));
      return;
    }
    this.store.adopt(store);
    this.state.reset();
    this.state.clearedSeq = store.meta.cleared;
    const replayed = await replay(this.log, this.state, this.store.meta.applied);
    if (!replayed.ok) {
      this.#end(new Error(replayed.error.message));
      return;
    }
    this.executor.resume();
    this.#scheduleProbe();
  }

  #scheduleProbe(): void {
    this.#parts.timers.after(PROBE_MILLIS, () => {
      if (!this.#stopped) void this.#probe();
    });
  }

  /** Tries whether the log takes an entry again. */
  async #probe(): Promise<void> {
    const before = this.replica.commitPoint;
    const notices = this.executor.writesRefused;
    this.executor.writeBarrier();
    await this.journal.drain();
    if (this.replica.commitPoint > before && this.#reloading === undefined && notices !== undefined) {
      this.executor.writesRefused = undefined;
      this.#parts.onNotice("the log takes entries again: writes are accepted");
    }
  }

  /** Answers everything that was begun, flushes, and closes. No request may arrive any more. */
  async stop(): Promise<void> {
    await this.#reloading;
    await this.journal.drain();
    if (!this.#stopped && this.executor.writesRefused === undefined) await this.maintenance.startFlush();
    await this.maintenance.stop();
    // A flush that failed has the state loaded anew.
    await this.#reloading;
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

/** What was read at the start, and how much of it. */
export interface RecoveryReport {
  readonly entries: number;
  readonly tornBytes: number;
  readonly millis: number;
}

interface Recovered {
  readonly engine: Engine;
  readonly store: EngineStore;
  readonly state: KeySpace;
  readonly log: Log;
  readonly report: RecoveryReport;
}

async function recover(parts: NodeParts): Promise<Result<Recovered, NodeError>> {
  const started = parts.clock.monotonic();
  const engine = await parts.openEngine();
  if (!engine.ok) return engine;
  const recovered = await recoverBehind(parts, engine.value, started);
  if (!recovered.ok) await engine.value.close();
  return recovered;
}

async function recoverBehind(parts: NodeParts, engine: Engine, started: number): Promise<Result<Recovered, NodeError>> {
  const { identity, logDisk, checksum, random, sizes = NODE_SIZES } = parts;
  let state: KeySpace | undefined;
  const store = EngineStore.open(engine, (key) => state!.hashOf(key));
  if (store === undefined)
    return err({ code: "newer_format", message: "the store was written by a newer version of Holdfast" });
  state = new KeySpace(identity.hashSeed, store);
  state.dirty.blockRefs = sizes.dirtyBlockRefs;
  state.clearedSeq = store.meta.cleared;
  const opened = await openLog(logDisk, { identity: identity.identity, checksum, random, ...sizes });
  if (!opened.ok) {
    const code = opened.error.code === "hole" ? "damaged" : opened.error.code;
    return err({ code, message: `the log cannot be used: ${opened.error.message}` });
  }
  const log = opened.value;
  const gap = gapBetween(log, store.meta.applied);
  const replayed =
    gap === undefined
      ? await replay(log, state, store.meta.applied)
      : err<NodeError>({ code: "damaged", message: gap });
  if (!replayed.ok) {
    // What was wrong before counts.
    await log.close().catch(() => undefined);
    return replayed;
  }
  const millis = parts.clock.monotonic() - started;
  return ok({ engine, store, state, log, report: { entries: replayed.value, tornBytes: log.tornBytes, millis } });
}

/** The log has to reach from what the engine has to the end; a part that is missing cannot be made up. */
function gapBetween(log: Log, applied: Seq): string | undefined {
  if (log.lastSeq < applied)
    return `the log ends at entry ${log.lastSeq}, but the store has entries up to ${applied}: a part of the log is missing`;
  if (log.firstSeq > applied + 1)
    return `the log begins at entry ${log.firstSeq}, but the store ends at ${applied}: a part of the log is missing`;
  return undefined;
}

/** Applies the log's entries behind `applied`; answers how many. */
async function replay(log: Log, state: KeySpace, applied: Seq): Promise<Result<number, NodeError>> {
  const replayer = new Replayer(state);
  const cursor = new EntryCursor();
  let entries = 0;
  try {
    const outcome = await log.replay(applied, (record) => {
      cursor.open(record);
      while (cursor.next()) {
        if (cursor.seq <= applied) continue;
        replayer.entry(new ByteReader(cursor.bytes, cursor.start, cursor.end), cursor.seq);
        entries++;
      }
    });
    if (outcome.ok) return ok(entries);
    const code = outcome.error.code === "hole" ? "damaged" : outcome.error.code;
    return err({ code, message: `the log cannot be read: ${outcome.error.message}` });
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return err({
      code: "damaged",
      message: `an entry of the log, or a value of the store, cannot be read: ${error.message}`,
    });
  }
}
