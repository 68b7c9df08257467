import { below, type Random } from "../base/random.ts";
import { err, ok, type Result } from "../base/result.ts";
import { prepareTree } from "../coordination/clusterTree.ts";
import type { MoveSlots } from "../core/placement/decision.ts";
import { encodeMove } from "../core/slots/moveRecord.ts";
import { SLOT_COUNT } from "../core/slots/slotRanges.ts";
import type { Clock, Timer, Timers } from "../ports/clock.ts";
import type { Coordinator, MultiOperation } from "../ports/coordinator.ts";
import type { WorkerCalls } from "../ports/workerCalls.ts";
import { ClusterWatch, type TreeSnapshot } from "./clusterWatch.ts";
import { DecisionLog } from "./decisionLog.ts";
import { Election, type Reign } from "./election.ts";
import { FencedWrites, type WriteError } from "./fencedWrites.ts";
import { FirstSlots } from "./firstSlots.ts";
import type {
  Decision,
  MasterApi,
  MasterRefusal,
  MasterRequest,
  MoveProgress,
  PlannedMove,
  RequestPlan,
  Topology,
  WorkerHeat,
} from "./masterApi.ts";
import type { MasterRecord } from "./masterRecord.ts";
import { MoveHistory } from "./moveHistory.ts";
import { areMovesKnown, changeOfSettings, Mover, pathOf } from "./mover.ts";
import { judgeRequest, type RequestChange } from "./operatorRequests.ts";
import { Spreading } from "./spreading.ts";
import { Tending } from "./tending.ts";
import { topologyOf } from "./topologyOf.ts";
import { WorkerReports } from "./workerReports.ts";

const AGAIN_MILLIS = 1_000;
/** Between looks at what no watch tells: what is stuck, what has waited long enough. */
const LOOK_MILLIS = 1_000;
const TRIES_MAX = 5;

export interface MasterParts {
  readonly coordinator: Coordinator;
  readonly calls: WorkerCalls;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** What others are told of this master; its id is its own among all masters. */
  readonly record: MasterRecord;
  readonly options?: Partial<MasterOptions>;
  readonly onNotice: (text: string) => void;
}

export interface MasterOptions {
  /** A new cluster begins when so many groups are there; undefined: when no group has come for `settleMillis`. */
  readonly groupsExpected: number | undefined;
  readonly settleMillis: number;
  /** A move of which nothing is seen for so long is aborted, and tried again later. */
  readonly stuckMillis: number;
}

const DEFAULTS: MasterOptions = { groupsExpected: undefined, settleMillis: 1_000, stuckMillis: 120_000 };

/**
 * One master of the cluster: stands by, and is active when it is the first of those that are there. It decides by what the coordinator's
 * tree says and by what workers report, and keeps nothing of importance to itself: a successor reads the same tree and goes on.
 */
export class Master implements MasterApi {
  readonly #parts: MasterParts;
  readonly #cluster: string;
  readonly #watch: ClusterWatch;
  readonly #election: Election;
  readonly #log: DecisionLog;
  readonly #history: MoveHistory;
  readonly #mover: Mover;
  readonly #firstSlots: FirstSlots;
  readonly #spreading: Spreading;
  readonly #tending: Tending;
  readonly #listeners = new Set<() => void>();
  readonly #ticker: Timer;
  #reports: WorkerReports | undefined;
  #writes: FencedWrites | undefined;
  #topology: Topology | undefined;
  #version = 0;
  #isWoken = false;
  #isReported = false;
  #isStopped = false;
  /** What load asks to be moved, until the next round of reports. */
  #hot: readonly MoveSlots[] = [];
  /** Whatever writes comes one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(parts: MasterParts, cluster: string) {
    const options = { ...DEFAULTS, ...parts.options };
    const { coordinator, clock, timers, random, record, onNotice } = parts;
    this.#parts = parts;
    this.#cluster = cluster;
    this.#log = new DecisionLog(clock);
    this.#history = new MoveHistory(clock);
    const common = { clock, log: this.#log };
    const { stuckMillis } = options;
    this.#mover = new Mover({ ...common, history: this.#history, stuckMillis, troubleOf: this.#troubleOf });
    this.#firstSlots = new FirstSlots(clock, options, this.#log);
    this.#spreading = new Spreading({ ...common, caller: (worker) => this.#reports?.caller(worker) });
    const report = (worker: string) => this.#reports?.report(worker);
    this.#tending = new Tending({ ...common, spreading: this.#spreading, report });
    this.#watch = new ClusterWatch({ coordinator, timers, onNotice, onChange: () => this.#changed() });
    this.#watch.start();
    this.#election = new Election({
      ...{ coordinator, timers, record, onNotice },
      nonce: `${record.id} ${random.u32().toString(16)}${random.u32().toString(16)}`,
      onActive: (reign) => this.#begin(reign),
      onStandby: () => this.#end(),
    });
    this.#ticker = timers.every(LOOK_MILLIS, () => this.#wake());
  }

  /** Prepares the coordinator's tree, as often as that takes, and stands for election. */
  static async start(parts: MasterParts): Promise<Master> {
    const { coordinator, random, timers, onNotice } = parts;
    let told = "";
    for (;;) {
      const drawn = random.u32().toString(16) + random.u32().toString(16);
      const cluster = await prepareTree(coordinator, drawn);
      if (cluster.ok) return new Master(parts, cluster.value);
      if (cluster.error !== told) onNotice(`the tree cannot be prepared yet: ${cluster.error}`);
      told = cluster.error;
      await new Promise<void>((resolve) => timers.after(AGAIN_MILLIS + below(random, AGAIN_MILLIS), resolve));
    }
  }

  get topology(): Topology {
    this.#topology ??= topologyOf(this.#watch.snapshot, {
      ...{ cluster: this.#cluster, version: this.#version, self: this.#parts.record.id },
      isActive: this.#writes !== undefined,
      history: this.#history,
      progressOf: this.#progressOf,
      readWeightsOf: (group) => this.#tending.readWeightsOf(group),
    });
    return this.#topology;
  }

  /** By what its target said last. */
  readonly #progressOf = (id: string): MoveProgress | undefined => {
    const record = this.#watch.snapshot.moves.get(id)?.value;
    const told = this.#reports?.move(id);
    const target = told?.sides.find(({ role }) => role === "target");
    if (record === undefined || target === undefined) return undefined;
    const { keys = 0, bytes = 0 } = this.#sizeOf([record]);
    const bytesPerSecond = told!.bytesPerSecond;
    return {
      ...{ phase: target.phase, trouble: target.trouble, keysDone: target.mutations, bytesDone: target.bytes },
      ...{ keysAll: keys, bytesAll: bytes, bytesPerSecond },
      lagMillis: bytesPerSecond > 0 ? Math.round((target.lag * 1000) / bytesPerSecond) : 0,
    };
  };

  /** Why a move does not go on, as its two sides say. */
  readonly #troubleOf = (id: string): string => {
    const troubles = (this.#reports?.move(id).sides ?? []).filter(({ trouble }) => trouble !== "");
    return troubles.map(({ role, trouble }) => `the ${role} says: ${trouble}`).join("; ");
  };

  get isActive(): boolean {
    return this.#writes !== undefined;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  why(limit?: number): readonly Decision[] {
    return this.#log.newest(limit);
  }

  heat(): readonly WorkerHeat[] {
    return this.#reports?.heat() ?? [];
  }

  // Being active, and not.

  #begin(reign: Reign): void {
    const { coordinator, onNotice, calls, clock, timers } = this.#parts;
    onNotice(`this is the active master, in epoch ${reign.epoch}`);
    this.#log.epoch = reign.epoch;
    const writes: FencedWrites = new FencedWrites(coordinator, reign, {
      // What is left of an earlier time of being active is refused too, and says nothing of this one.
      onFenced: () => {
        if (this.#writes === writes) this.#election.fenced();
      },
      onDoubt: () => void this.#watch.readMoves(),
    });
    this.#writes = writes;
    this.#history.forget();
    this.#reports = new WorkerReports({
      ...{ calls, clock, timers, cluster: this.#cluster, workers: () => this.#watch.snapshot.workers },
      onRound: () => {
        this.#isReported = true;
        if (this.#watch.snapshot.moves.size > 0) this.#tell();
        this.#wake();
      },
    });
    this.#tell();
    this.#wake();
  }

  #end(): void {
    this.#writes = undefined;
    this.#reports?.stop();
    this.#reports = undefined;
    this.#hot = [];
    this.#tell();
  }

  #changed(): void {
    this.#tell();
    this.#wake();
  }

  #tell(): void {
    this.#topology = undefined;
    this.#version++;
    for (const listener of this.#listeners) listener();
  }

  /** Looks, soon, whether there is something to do. */
  #wake(): void {
    if (this.#isWoken || this.#isStopped) return;
    this.#isWoken = true;
    void this.#queue(async () => {
      this.#isWoken = false;
      await this.#look();
    });
  }

  #queue<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #look(): Promise<void> {
    const writes = this.#writes;
    const snapshot = this.#watch.snapshot;
    this.#history.look(snapshot, this.#progressOf);
    const { settings } = snapshot;
    if (writes === undefined || !snapshot.isWhole || settings === undefined) return;
    await this.#firstSlots.act(snapshot, settings.value, writes);
    if (this.#isReported) await this.#tend(snapshot, settings.value, writes);
    await this.#mover.act(snapshot, settings, writes, this.#hot);
  }

  async #tend(snapshot: TreeSnapshot, settings: Parameters<Tending["act"]>[1], writes: FencedWrites): Promise<void> {
    this.#isReported = false;
    this.#hot = await this.#tending.act(snapshot, settings, writes);
    this.#topology = undefined;
    this.#spreading.act(snapshot, settings.advice);
  }

  // What operators ask for.

  async plan(request: MasterRequest): Promise<Result<RequestPlan, MasterRefusal>> {
    const judged = this.#judge(request, "");
    return judged.ok ? ok(this.#planOf(judged.value.change, undefined)) : judged;
  }

  execute(request: MasterRequest): Promise<Result<RequestPlan, MasterRefusal>> {
    return this.#queue(() => this.#execute(request));
  }

  async #execute(request: MasterRequest): Promise<Result<RequestPlan, MasterRefusal>> {
    const id = `r-${this.#parts.random.u32().toString(16).padStart(8, "0")}`;
    for (let tries = 1; ; tries++) {
      const writes = this.#writes;
      if (writes === undefined) return err(this.#notActive());
      await this.#watch.readMoves();
      if (!areMovesKnown(this.#watch.snapshot)) {
        if (tries === TRIES_MAX) return err(refusal("unavailable", "a move's record cannot be read: ask again"));
        await new Promise<void>((resolve) => this.#parts.timers.after(AGAIN_MILLIS / TRIES_MAX, resolve));
        continue;
      }
      const judged = this.#judge(request, id);
      if (!judged.ok) return judged;
      const { change, settingsVersion } = judged.value;
      const plan = this.#planOf(change, change.request);
      if (plan.isDone) return ok(plan);
      const written = await writes.write(operationsOf(change, settingsVersion));
      if (written.ok) {
        this.#log.add("request", plan.sentences.join("; "));
        this.#history.forget();
        this.#wake();
        return ok(plan);
      }
      if (written.error.code !== "refused" || tries >= TRIES_MAX) return err(this.#refusalOf(written.error));
    }
  }

  #judge(
    request: MasterRequest,
    id: string,
  ): Result<{ readonly change: RequestChange; readonly settingsVersion: number }, MasterRefusal> {
    const { snapshot } = this.#watch;
    const { settings, isWhole } = snapshot;
    if (!isWhole) return err(refusal("unavailable", "the coordinator's tree was not read yet: ask again in a moment"));
    if (settings === undefined) {
      return err(
        refusal("conflict", "/settings at the coordinator holds nonsense: repair it, or replace it by nothing"),
      );
    }
    const judged = judgeRequest(request, snapshot, settings.value, id);
    if (!judged.ok) return err(refusal(judged.error.code, judged.error.message));
    return ok({ change: judged.value, settingsVersion: settings.version });
  }

  #planOf(change: RequestChange, request: string | undefined): RequestPlan {
    const { sentences, moves, settings, records = [], lend, takeBack } = change;
    const isDone = settings === undefined && records.length === 0 && lend === undefined && takeBack === undefined;
    return { sentences, moves, ...this.#sizeOf(moves), request, isDone };
  }

  /** What the slots that move hold, by the reports of the workers that have most of it. */
  #sizeOf(moves: readonly PlannedMove[]): { readonly keys: number | undefined; readonly bytes: number | undefined } {
    let [keys, bytes] = [0, 0];
    for (const { slots, source } of moves) {
      const primary = this.#watch.snapshot.groups.get(source)?.primary.id;
      const report = primary === undefined ? undefined : this.#reports?.report(primary);
      if (report === undefined) return { keys: undefined, bytes: undefined };
      const isMoved = new Uint8Array(SLOT_COUNT);
      for (const [from, to] of slots) isMoved.fill(1, from, to + 1);
      for (const slot of report.slots) {
        if (isMoved[slot.slot] === 0) continue;
        keys += slot.keys;
        bytes += slot.bytes;
      }
    }
    return { keys, bytes };
  }

  #notActive(): MasterRefusal {
    const active = this.topology.masters.find(({ isActive }) => isActive);
    const where =
      active === undefined ? "none is at the moment: ask again in a moment" : `ask ${active.id} at ${active.rpc}`;
    return { code: "not_active", message: `this master is not the active one; ${where}`, active: active?.rpc };
  }

  #refusalOf(error: WriteError): MasterRefusal {
    switch (error.code) {
      case "fenced":
        return this.#notActive();
      case "refused":
        return refusal("unavailable", "the cluster changed again and again while this was asked for: ask again");
      case "unavailable":
        return refusal("unavailable", `nothing was done, since the coordinator does not answer: ${error.message}`);
      case "unknown":
        return refusal("unknown", `it may have been done or not: ask again (${error.message})`);
    }
  }

  /** Leaves the election and ends what it has begun; the coordinator's session stays. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#ticker.cancel();
    this.#watch.stop();
    await this.#election.stop();
    await this.#last;
  }
}

function refusal(code: MasterRefusal["code"], message: string): MasterRefusal {
  return { code, message, active: undefined };
}

/** One write for all of it. */
function operationsOf(change: RequestChange, settingsVersion: number): MultiOperation[] {
  const { settings, records = [], lend, takeBack } = change;
  const operations: MultiOperation[] = [];
  if (settings !== undefined) operations.push(changeOfSettings(settings, settingsVersion));
  for (const { value, version } of records) {
    operations.push({ op: "replace", path: pathOf(value.id), data: encodeMove(value), version });
  }
  if (lend !== undefined) {
    operations.push({ op: "create", path: `/spares/${lend.spare}`, data: lend.group, kind: "durable" });
  }
  if (takeBack !== undefined) {
    operations.push({ op: "delete", path: `/spares/${takeBack.spare}`, version: takeBack.version });
  }
  return operations;
}
