import { type Seq, seq } from "../base/ids.ts";
import type { Random } from "../base/random.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { NodeServices } from "../core/command/nodeServices.ts";
import type { CommandTable } from "../core/command/table.ts";
import { GroupReplica } from "../core/replica/groupReplica.ts";
import type { LogRecord } from "../core/replica/message.ts";
import { REPLICA_TIMES } from "../core/replica/times.ts";
import type { KeySpace } from "../core/state/keySpace.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import type { Disk } from "../ports/disk.ts";
import type { Engine } from "../ports/engine.ts";
import type { DataIdentity } from "../storage/dataDirectory.ts";
import { emptyReplica } from "../storage/emptyReplica.ts";
import { EngineStore } from "../storage/engineStore.ts";
import { Flusher } from "../storage/flusher.ts";
import type { Log } from "../storage/log/log.ts";
import { BACKLOG_BYTES_DEFAULT } from "../storage/log/options.ts";
import type { RecordFacts } from "../storage/log/record.ts";
import { wireRecord } from "../storage/log/wireRecord.ts";
import { CommandMeter } from "./commandMeter.ts";
import { DiskTrouble } from "./diskTrouble.ts";
import { DurablePoint } from "./durablePoint.ts";
import { Executor } from "./executor.ts";
import { type Durability, Journal } from "./journal.ts";
import { Maintenance } from "./maintenance.ts";
import type { MoveRules } from "./migration/moveRules.ts";
import type { MoveSettings } from "./migration/moveSettings.ts";
import { Moves } from "./migration/moves.ts";
import { NodeMoveHost } from "./migration/nodeMoveHost.ts";
import type { NodeError } from "./nodeError.ts";
import { type OpenedReplica, openReplica, type RecoveryReport } from "./recovery.ts";
import { checkConfiguration } from "./replication/checkConfiguration.ts";
import type { GroupParts } from "./replication/groupParts.ts";
import { Membership } from "./replication/membership.ts";
import { Replicator } from "./replication/replicator.ts";
import { StateProgress } from "./replication/stateProgress.ts";
import { Undecided } from "./replication/undecided.ts";
import { NODE_SIZES, type NodeSizes } from "./sizes.ts";

const NO_BYTES = new Uint8Array(0);
const COORDINATOR_AGAIN_MILLIS = 500;
/** A stopping replica gives up the last flush when nothing was committed for so long. */
const LAST_COMMIT_MILLIS = 1_000;

/** Everything a node needs of the world, and what it was told. */
export interface NodeParts {
  readonly identity: DataIdentity;
  readonly group: string;
  /** What a node needs besides to be one of several; nothing for one that is alone. */
  readonly others?: GroupParts;
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
  /** How slots come and go, unless it is as usual. */
  readonly moving?: { readonly rules?: MoveRules; readonly settings?: MoveSettings };
  /** Made once the node is open; what the commands see of it. */
  readonly services: (node: Node, executor: Executor) => NodeServices;
  /** Nothing may be served any more: the disk no longer keeps what it was given. */
  readonly onFatal: (error: unknown) => void;
  /** Tells the operator; one line. */
  readonly onNotice: (text: string) => void;
}

/** One replica of a group: recovers, takes the part that the group's configuration gives it, serves, keeps what it has acknowledged. */
export class Node {
  readonly parts: NodeParts;
  readonly executor: Executor;
  readonly replica: GroupReplica;
  readonly state: KeySpace;
  readonly log: Log;
  readonly meter: CommandMeter;
  readonly journal: Journal;
  readonly maintenance: Maintenance;
  readonly store: EngineStore;
  readonly replicator: Replicator;
  readonly membership: Membership;
  readonly progress: StateProgress;
  readonly undecided = new Undecided();
  readonly durable: DurablePoint;
  /** Slots that come and go; undefined for a node that is alone. */
  readonly moves: Moves | undefined;
  readonly moveHost: NodeMoveHost | undefined;
  /** What recovery did. */
  recovery: RecoveryReport;
  /** What the disk refuses, and what is done about it. */
  readonly trouble: DiskTrouble;
  engine: Engine;
  /** Called when more is committed and in the state, or may be. */
  onSettled: () => void = () => undefined;
  readonly #started: number;
  #stopped = false;

  private constructor(parts: NodeParts, opened: OpenedReplica) {
    const { clock, timers, random, table, checksum, durability } = parts;
    const inMemory = durability === "memory";
    const sizes = parts.sizes ?? NODE_SIZES;
    this.parts = parts;
    this.#started = clock.monotonic();
    this.engine = opened.engine;
    this.state = opened.state;
    this.store = opened.store;
    this.log = opened.log;
    this.recovery = { entries: 0, tornBytes: this.log.tornBytes, millis: 0 };
    const { applied } = this.store.meta;
    const replica = new GroupReplica(
      {
        self: parts.others?.self ?? { id: `n${parts.identity.identity.toString(16)}`, incarnation: 1 },
        times: parts.others?.times ?? REPLICA_TIMES,
        runs: this.log.epochRuns,
        lastSeq: this.log.lastSeq,
        applied,
        bootName: random.u32().toString(16),
        mayFound: parts.others === undefined || parts.others.mayFound || this.log.lastSeq === 0,
        isAlone: parts.others === undefined,
      },
      clock.monotonic(),
    );
    this.replica = replica;
    this.undecided.restart(this.log.lastSeq);
    // Who comes back after a while needs no more than what it missed.
    if (parts.others !== undefined) this.log.backlogBytes = sizes.backlogBytes ?? BACKLOG_BYTES_DEFAULT;
    this.meter = new CommandMeter(clock);
    this.trouble = new DiskTrouble(this);
    this.membership = new Membership(this);
    this.journal = new Journal({
      log: this.log,
      replica,
      clock,
      timers,
      checksum,
      durability,
      onSealed: (record, facts) => this.#sealed(record, facts),
      onPersisted: (upTo, generation) => this.replicator.persisted(upTo, generation),
      onFailure: (error) => this.trouble.logFailed(error),
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
    this.durable = new DurablePoint(
      {
        log: this.log,
        timers,
        inMemory,
        commitPoint: () => replica.commitPoint,
        endTurn: () => this.journal.endTurn(),
        onFailure: (error) => this.trouble.logFailed(error),
      },
      applied,
    );
    this.progress = new StateProgress(
      {
        log: this.log,
        timers,
        state: this.state,
        undecided: this.undecided,
        onApplied: () => {
          this.executor.tryHeld();
          this.onSettled();
        },
        onDamage: (message) => this.trouble.end(new Error(message)),
      },
      applied,
    );
    this.replicator = new Replicator({
      replica,
      group: parts.group,
      coordinator: parts.coordinator,
      log: this.log,
      checksum,
      clock,
      timers,
      inMemory,
      isAlone: parts.others === undefined,
      mustFound: parts.others?.mustFound === true && this.log.lastSeq > 0,
      owner: this.membership,
    });
    this.executor.mutator.entryBytesMax = sizes.entryBytesMax;
    const flusher = new Flusher({
      sizes,
      state: this.state,
      store: this.store,
      newestSeq: () => this.stateSeq,
      // While the log's undecided end is being applied, the state is ahead of what it says.
      durable: (upTo) =>
        this.trouble.durable(seq(Math.max(upTo, this.membership.evaluates ? 0 : this.progress.target))),
      nextTurn: () => new Promise((resolve) => timers.after(0, resolve)),
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
      onFlushFailure: (error) => this.trouble.flushFailed(error),
    });
    if (parts.others?.cluster !== undefined) {
      this.moveHost = new NodeMoveHost(this);
      this.moves = new Moves(this.moveHost);
    }
  }

  /** Recovers what is on disk. A node that is alone serves when this is done; one of several takes its part from then on. */
  static async open(parts: NodeParts): Promise<Result<Node, NodeError>> {
    const opened = await openReplica(parts);
    if (!opened.ok) return opened;
    const { log, engine, store, installing } = opened.value;
    if (installing && parts.others === undefined) {
      await closeBoth(log, engine);
      return err(unfinished());
    }
    if (installing) {
      try {
        await emptyReplica(engine, log, parts.checksum);
      } catch (error) {
        await closeBoth(log, engine);
        const reason = error instanceof Error ? error.message : String(error);
        return err({ code: "disk", message: `store and log cannot be emptied: ${reason}` });
      }
      store.adopt(EngineStore.open(engine, (key) => opened.value.state.hashOf(key), parts.checksum)!);
    }
    const node = new Node(parts, opened.value);
    const started = await node.#start();
    if (started.ok) return ok(node);
    node.replicator.stop();
    await node.durable.stop();
    await closeBoth(log, engine);
    return started;
  }

  async #start(): Promise<Result<void, NodeError>> {
    const { others } = this.parts;
    const checked = await this.#checked();
    if (!checked.ok) return checked;
    if (others === undefined) return this.#startAlone();
    const joined = await this.membership.join(others);
    if (!joined.ok) return joined;
    this.maintenance.start();
    return ok(undefined);
  }

  /** What is begun without the coordinator is begun when it answers. */
  async #checked(): Promise<Result<void, NodeError>> {
    const { coordinator, group, others, timers, onNotice } = this.parts;
    const { log } = this;
    let told = false;
    for (;;) {
      const checked = await checkConfiguration({
        coordinator,
        group,
        self: this.replica.self,
        isAlone: others === undefined,
        mayFound: others === undefined || others.mayFound || log.lastSeq === 0,
        mustFound: others?.mustFound === true,
        log,
      });
      if (checked.ok) return checked;
      if (checked.error !== "unavailable") return err(checked.error);
      if (!told) onNotice("the coordinator does not answer; waiting for it");
      told = true;
      await new Promise<void>((resolve) => timers.after(COORDINATOR_AGAIN_MILLIS, resolve));
    }
  }

  /** Opens a new epoch and waits until its barrier is on disk. */
  async #startAlone(): Promise<Result<void, NodeError>> {
    await this.membership.startAlone();
    const { failure } = this.trouble;
    if (failure !== undefined) return err({ code: "disk", message: failure });
    await this.durable.sync();
    const confirmed = await this.replicator.confirm(this.log.durableSeq);
    if (!confirmed.ok && confirmed.error.code === "unknown") {
      return err({ code: "disk", message: `the configuration cannot be written: ${confirmed.error.message}` });
    }
    if (!confirmed.ok) {
      const message = `somebody else has changed the configuration of group ${this.parts.group} at the same time`;
      return err({ code: "conflict", message });
    }
    this.maintenance.start();
    return ok(undefined);
  }

  /** The newest entry that the state has: evaluated here, or decided and applied. */
  get stateSeq(): Seq {
    return this.membership.evaluates ? this.replica.lastSeq : this.progress.appliedSeq;
  }

  /** Whether it is the primary and serves, or a secondary that has caught up. */
  get isReady(): boolean {
    return !this.executor.halted && (this.replica.mayEvaluate || this.replica.role === "secondary");
  }

  /** The log's tail was applied at the start. */
  recovered(entries: number): void {
    const millis = this.parts.clock.monotonic() - this.#started;
    this.recovery = { entries, tornBytes: this.log.tornBytes, millis };
  }

  #sealed(record: Uint8Array, { epoch, firstSeq, count }: RecordFacts): void {
    const { others, checksum } = this.parts;
    const bytes = others === undefined || !this.replica.primary?.hasPeers ? NO_BYTES : wireRecord(record, checksum);
    const sealed: LogRecord = { epoch, firstSeq, lastSeq: seq(firstSeq + count - 1), bytes };
    this.replica.appended(sealed);
    if (others !== undefined) this.replicator.run();
  }

  /** Reads the state again from the engine; false when the node has to end. */
  loadStore(): boolean {
    const store = EngineStore.open(this.engine, (key) => this.state.hashOf(key), this.parts.checksum);
    if (store === undefined) {
      this.trouble.end(new Error("the store was changed by another version while it was in use"));
      return false;
    }
    this.store.adopt(store);
    this.state.reset();
    this.state.clearedSeq = store.meta.cleared;
    this.progress.restart(store.meta.applied);
    return true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Lets somebody else be the primary, or leaves the group, while clients are still answered. */
  retire(): Promise<void> {
    return this.membership.retire();
  }

  /** Flushes, unless that would wait for others to commit what may never be: the log has it all. */
  async #flushLast(): Promise<void> {
    const { replica, durable, trouble, maintenance, parts } = this;
    let committed = replica.commitPoint;
    const timer = parts.timers.every(LAST_COMMIT_MILLIS, () => {
      if (parts.others !== undefined && replica.commitPoint === committed && durable.isAwaited) {
        trouble.stop();
        durable.reject("this node is stopping");
      }
      committed = replica.commitPoint;
    });
    await maintenance.startFlush();
    timer.cancel();
  }

  /** Answers everything that was begun, flushes, and closes. No request may arrive any more. */
  async stop(): Promise<void> {
    await this.trouble.settled();
    await this.journal.drain();
    const isWhole = !this.trouble.ended && this.executor.writesRefused === undefined;
    if (isWhole && this.replica.role !== "starting") await this.#flushLast();
    await this.maintenance.stop();
    // A flush that failed has the state loaded anew.
    await this.trouble.settled();
    this.executor.halt();
    await this.journal.drain();
    await this.membership.stop();
    await this.durable.stop();
    this.#stopped = true;
    this.trouble.stop();
    this.journal.stop();
    await this.log.close();
    await this.engine.close();
  }
}

async function closeBoth(log: Log, engine: Engine): Promise<void> {
  // What was wrong before counts.
  await log.close().catch(() => undefined);
  await engine.close();
}

function unfinished(): NodeError {
  return { code: "damaged", message: "the store is not whole: the data of another replica was being copied to it" };
}
