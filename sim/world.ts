import { createPrng, type Prng } from "../src/base/prng.ts";
import type { Result } from "../src/base/result.ts";
import type { CommandTable } from "../src/core/command/table.ts";
import { DiskError } from "../src/ports/disk.ts";
import type { Node } from "../src/worker/node.ts";
import type { NodeError } from "../src/worker/nodeError.ts";
import { SimDisk } from "./disk/simDisk.ts";
import { SimEngine } from "./engine/simEngine.ts";
import { Faults } from "./faults.ts";
import { checkKey, checkSize, checkState } from "./invariants/stateIsTheLogApplied.ts";
import { checkStore } from "./invariants/theStoreIsTidy.ts";
import { Scheduler } from "./kernel/scheduler.ts";
import { SimClock } from "./kernel/simClock.ts";
import { TraceHash } from "./kernel/traceHash.ts";
import { DiskTracker } from "./node/diskTracker.ts";
import { observedTable } from "./node/observe.ts";
import { NodeRandom } from "./node/requestRandom.ts";
import { SimClient } from "./node/simClient.ts";
import { SimCoordinator } from "./node/simCoordinator.ts";
import { SimProcess } from "./node/simProcess.ts";
import { drawOptions, type WorldOptions } from "./options.ts";
import { Judge } from "./oracle/judge.ts";
import { NO_SABOTAGE, type Sabotage } from "./sabotage/sabotage.ts";
import { Violation } from "./violation.ts";
import { Requests } from "./workload/requests.ts";

/** A healed world has so long to answer everything. */
const LIVENESS_MICROS = 120_000_000;
const STEPS_MAX = 400_000;
const INSPECTION_EVENTS = 40;
/** A world in which everything dies too early is healed at the latest after so many events, or ends of the process. */
const CHAOS_STEPS_MAX = 20_000;
const ENDS_MAX = 40;

export interface WorldSettings {
  readonly seed: string;
  readonly sabotage?: Sabotage;
  /** Told of everything that happens. */
  readonly onTrace?: (line: string) => void;
}

type Phase = "chaos" | "healed" | "settled" | "stopping" | "judging" | "over";

/**
 * One node and its clients, disk, store, coordinator and clock, in virtual time from one seed. First anything may fail; then the
 * world is healed, and everything must be answered, and the state must be what the log says.
 */
export class World {
  readonly options: WorldOptions;
  readonly counts = new Map<string, number>();
  readonly scheduler: Scheduler;
  readonly clock: SimClock;
  readonly logDisk: SimDisk;
  readonly engine: SimEngine;
  readonly judge: Judge;
  readonly tracker = new DiskTracker();
  readonly clients = new Map<number, SimClient>();
  /** By how much the disks are slower than they should be. */
  slowness = 1;
  violation: Violation | undefined;
  process: SimProcess | undefined;
  readonly #settings: WorldSettings;
  readonly #sabotage: Sabotage;
  readonly #prng: Prng;
  readonly #requests: Requests;
  readonly #hash = new TraceHash();
  readonly #coordinator: SimCoordinator;
  readonly #random: NodeRandom;
  readonly #faults: Faults;
  readonly #table: CommandTable;
  #phase: Phase = "chaos";
  #issued = 0;
  #nextClientId = 1;
  /** When the world last got on: an answer, a start, a phase. */
  #progressAt = 0;
  /** How the present process ends as soon as the present event is over. */
  #ending: "crash" | "kill" | undefined;
  /** Everything up to here must come back if the process only dies, and if the power goes. */
  #floor = { kill: 0, crash: 0 };
  #wasStopped = false;
  /** How often a process has ended. */
  #ends = 0;

  constructor(settings: WorldSettings) {
    this.#settings = settings;
    this.#sabotage = settings.sabotage ?? NO_SABOTAGE;
    const prng = createPrng(settings.seed);
    const drawn = drawOptions(prng.fork("options"));
    this.options = this.#sabotage.options?.(drawn) ?? drawn;
    this.#prng = prng.fork("world");
    this.#random = new NodeRandom(prng.fork("node"));
    this.scheduler = new Scheduler(prng.fork("ties"));
    this.scheduler.onEvent = (label) => this.trace(label);
    this.clock = new SimClock(this.scheduler);
    this.#requests = new Requests(prng.fork("requests"), this.options.requestOptions);
    this.logDisk = new SimDisk({
      prng: prng.fork("log disk"),
      schedule: this.#latency(prng.fork("log latency"), "log"),
    });
    this.engine = new SimEngine({
      prng: prng.fork("store"),
      schedule: this.#latency(prng.fork("store latency"), "store"),
      tearsBatches: this.#sabotage.tearsBatches === true,
    });
    this.#coordinator = new SimCoordinator({ scheduler: this.scheduler, prng: prng.fork("coordinator") });
    this.judge = new Judge({
      prng: prng.fork("judge"),
      clock: this.clock,
      tracker: this.tracker,
      random: this.#random,
      durability: this.options.durability,
      clients: this.clients,
      fail: (violation) => this.fail(violation),
      trace: (line) => this.trace(line),
    });
    this.#table = observedTable(this.judge);
    this.#faults = new Faults(this, prng.fork("faults"));
    this.trace(JSON.stringify(this.options));
    this.#start();
    for (let i = 0; i < this.options.clients; i++) this.#addClient();
  }

  #latency(prng: Prng, kind: "log" | "store"): (run: () => void) => void {
    const max = kind === "log" ? this.options.diskMicrosMax : this.options.engineMicrosMax;
    return (run) => void this.scheduler.after(prng.between(1, max) * this.slowness, undefined, kind, run);
  }

  get isOver(): boolean {
    return this.violation !== undefined || this.#phase === "over";
  }

  get hash(): string {
    return this.#hash.toString();
  }

  trace(line: string): void {
    this.#hash.add(this.scheduler.nowMicros, line);
    this.#settings.onTrace?.(`${this.scheduler.nowMicros} ${line}`);
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  fail(violation: Violation): void {
    if (this.violation !== undefined) return;
    this.violation = violation;
    this.trace(`violation ${violation.message}`);
  }

  /** Lets one event happen; false when the world is over. Promises must settle before the next call. */
  step(): boolean {
    if (this.isOver) return false;
    try {
      this.#betweenEvents();
      if (this.scheduler.step()) return true;
      this.fail(new Violation("the world goes on", "nothing happens any more"));
    } catch (error) {
      this.fail(new Violation("the program has no bug", error instanceof Error ? (error.stack ?? "") : String(error)));
    }
    return false;
  }

  #betweenEvents(): void {
    const { steps, nowMicros } = this.scheduler;
    if (this.#ending !== undefined) this.#end(this.#ending);
    else if (this.tracker.wentOn) this.fail(new Violation("a failed sync ends the log", "it goes on"));
    if (this.#phase === "chaos") this.#faults.between();
    if (steps % INSPECTION_EVENTS === 0) this.#inspect();
    if (steps > STEPS_MAX) this.fail(new Violation("the world ends", `${STEPS_MAX} events were not enough`));
    if (nowMicros - this.#progressAt > LIVENESS_MICROS) {
      this.fail(new Violation("everything is answered", `${this.#phase}, ${this.#unanswered()} requests wait`));
    }
    this.#nextPhase();
  }

  // The process

  #start(): void {
    const process: SimProcess = new SimProcess({
      options: this.options,
      scheduler: this.scheduler,
      clock: this.clock,
      random: this.#random,
      prng: this.#prng,
      logDisk: this.#sabotage.disk(this.tracker.wrap(this.logDisk.mount())),
      engine: this.engine,
      coordinator: this.#coordinator,
      observer: this.judge,
      table: this.#table,
      wrapEngine: (engine) => this.#sabotage.engine(engine, this),
      onRecovered: (node) => this.#recovered(node),
      onFatal: (error) => this.#fatal(error),
      onNotice: (text) => this.#noticed(text),
    });
    this.process = process;
    process.open().then(
      (opened) => this.#opened(process, opened),
      (error: unknown) => this.#openFailed(error),
    );
  }

  #recovered(node: Node): void {
    this.trace(`recovered ${node.log.lastSeq}`);
    if (this.tracker.syncFailed) this.fail(new Violation("a failed sync ends the log", "it is opened"));
    this.judge.recovered(node, this.#floor.kill);
    if (this.violation !== undefined) return;
    this.tracker.opened(node.log.lastSeq);
    this.#floor = { kill: 0, crash: 0 };
    this.#wasStopped = false;
    this.#sabotage.node(node);
  }

  #opened(process: SimProcess, opened: Result<Node, NodeError>): void {
    if (!opened.ok) return this.#openFailed(opened.error);
    if (!process.life.alive || this.violation !== undefined) return;
    this.count("starts");
    const isWhole = !opened.value.executor.halted;
    if (isWhole && (this.#phase === "judging" || this.#prng.chance(1, 4))) this.#checkAll(opened.value);
    if (isWhole && this.#phase === "judging") {
      this.count("scans completed", this.judge.scans.completed);
      this.count("requests woken", this.judge.wokenRequests);
      this.#phase = "over";
      return;
    }
    process.isServing = true;
    for (const client of this.clients.values()) this.#connect(client);
  }

  #openFailed(error: unknown): void {
    const { code, message } = error as NodeError | DiskError;
    const isDisk = error instanceof DiskError || code === "disk";
    if (!isDisk || !this.#faults.mayFail) {
      this.fail(new Violation("a node starts again", error instanceof Error ? (error.stack ?? message) : message));
    }
    this.count("failed starts");
    this.#ending = "kill";
  }

  #fatal(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.trace(`fatal ${message}`);
    this.count("fatal");
    if (!this.#faults.mayFail) this.fail(new Violation("a node stops for a reason", message));
    this.end("kill");
  }

  #noticed(text: string): void {
    this.trace(`notice ${text}`);
    this.count(text.includes("accepted") ? "recovered from a refusal" : "notices");
  }

  /** Ends the process when the present event is over. */
  end(how: "crash" | "kill"): void {
    this.#ending ??= how;
  }

  #end(how: "crash" | "kill"): void {
    this.#ending = undefined;
    const { process } = this;
    if (process === undefined) return;
    this.trace(how);
    this.#progressAt = this.scheduler.nowMicros;
    this.#ends++;
    this.count(process.node === undefined ? `${how} while opening` : how);
    if (process.node !== undefined) this.#countStatistics(process.node);
    if (process.node !== undefined) this.#floor = { kill: this.#promised("kill"), crash: this.#promised("crash") };
    if (how === "crash") this.#floor.kill = this.#floor.crash;
    process.life.alive = false;
    this.process = undefined;
    this.logDisk[how]();
    this.engine[how]();
    for (const client of this.clients.values()) this.#hangUp(client);
    const pause = this.#prng.pick([0, 50_000, 500_000]);
    this.scheduler.after(pause, undefined, "start", () => this.#start());
  }

  #countStatistics({ state }: Node): void {
    this.count("keys evicted", state.statistics.evicted);
    this.count("keys loaded", state.statistics.loaded);
    this.count("keys expired", state.statistics.expired);
  }

  /** Up to which entry the log must come back if the process ends now. */
  #promised(how: "crash" | "kill"): number {
    if (this.#wasStopped) return this.judge.model.lastSeq;
    if (how === "crash" && this.options.durability === "memory") return this.tracker.durableSeq;
    return this.judge.acknowledgedSeq;
  }

  /** Stops the process in order. */
  stop(): void {
    const { process } = this;
    if (process?.isServing !== true) return;
    process.isServing = false;
    this.count("stops");
    process.stop().then(
      () => {
        this.#wasStopped = true;
        if (this.#phase === "stopping") this.#judgeStore();
        this.end(this.#prng.chance(1, 2) ? "crash" : "kill");
      },
      (error: unknown) => this.#fatal(error),
    );
  }

  // Clients

  #addClient(): SimClient {
    const client = new SimClient(this.#nextClientId++, this.#prng.chance(1, 3) ? 3 : 2, {
      execute: (who, words, args) => this.judge.execute(who, words, args),
      answered: (who, expectation) => {
        this.count("answers");
        this.#progressAt = this.scheduler.nowMicros;
        this.judge.answered(who, expectation);
        this.#faults.afterReply();
      },
      surprised: (who, found) =>
        this.fail(new Violation("the node answers as the model", `client ${who.id}: ${found}`)),
      received: (who, bytes) => {
        this.#hash.add(who.id, "");
        this.#hash.addBytes(bytes);
      },
      destroyed: (who) => this.#cutOff(who),
      clock: this.clock,
    });
    this.clients.set(client.id, client);
    this.judge.connect(client);
    if (this.process?.isServing === true) this.#connect(client);
    this.#scheduleChunk(client);
    return client;
  }

  #connect(client: SimClient): void {
    client.connect(this.process!.node!.executor);
  }

  #hangUp(client: SimClient): void {
    client.forget();
    this.judge.disconnect(client);
    this.judge.connect(client);
  }

  #scheduleChunk(client: SimClient): void {
    const pause = this.#prng.chance(1, 40) ? 2_500_000 : this.#prng.below(this.options.pauseMicrosMax);
    this.scheduler.after(pause, undefined, "client", () => this.#sendChunk(client));
  }

  #sendChunk(client: SimClient): void {
    if (this.clients.get(client.id) !== client || this.#phase === "judging") return;
    this.#scheduleChunk(client);
    if (this.process?.isServing !== true) return;
    if (this.#prng.chance(1, 100)) {
      this.count("disconnects");
      return this.#cutOff(client);
    }
    if (this.#phase !== "chaos" || client.unanswered > 20) return;
    const scans = this.#prng.chance(1, 12) && !this.judge.scans.isUnderWay(client.id);
    const chunk = scans ? [this.judge.scans.next(client.id, 3)] : this.#requests.chunk();
    this.#issued += chunk.length;
    this.trace(`client ${client.id} ${chunk.map((words) => words.join(" ").slice(0, 100)).join("; ")}`);
    client.request(chunk);
  }

  /** The client's connection ends, and somebody else comes in its place. */
  #cutOff(client: SimClient): void {
    client.disconnect();
    this.judge.disconnect(client);
    this.clients.delete(client.id);
    this.#addClient();
  }

  #unanswered(): number {
    let unanswered = 0;
    for (const client of this.clients.values()) unanswered += client.unanswered;
    return unanswered;
  }

  // Phases

  #nextPhase(): void {
    if (this.#phase === "chaos" && this.#isChaosOver()) this.#heal();
    else if (this.#phase === "healed" && this.#isQuiet()) this.#ask();
    else if (this.#phase === "settled" && this.process?.isServing === true) {
      this.#phase = "stopping";
      this.stop();
    } else if (this.#phase === "stopping" && this.process?.isServing === true) this.stop();
  }

  #isChaosOver(): boolean {
    if (this.#issued >= this.options.requests || this.scheduler.steps >= CHAOS_STEPS_MAX) return true;
    return this.#ends >= ENDS_MAX;
  }

  #heal(): void {
    this.trace("healed");
    this.#phase = "healed";
    this.#progressAt = this.scheduler.nowMicros;
    this.#faults.heal();
  }

  #isQuiet(): boolean {
    const { process, judge } = this;
    if (process?.isServing !== true || process.node!.executor.writesRefused !== undefined) return false;
    // Who waits for a key may do so for ever.
    return this.#unanswered() === judge.waiting;
  }

  /** A write of a healed node is taken. */
  #ask(): void {
    const client = this.clients.values().next().value;
    if (client === undefined || client.unanswered > 0) return;
    this.#phase = "settled";
    client.request([["SET", "the last", "word"]]);
  }

  #judgeStore(): void {
    this.#phase = "judging";
    checkStore(this.engine, this.judge.model.lastSeq, (violation) => this.fail(violation));
  }

  // Checks

  #inspect(): void {
    const { process } = this;
    if (process?.isServing !== true || process.node!.executor.halted) return;
    const fail = (violation: Violation) => this.fail(violation);
    const { state } = process.node!;
    checkSize(this.judge.model.state, state, fail);
    checkKey(this.judge.model.state, state, this.#prng.pick(this.options.requestOptions.keys), fail);
  }

  #checkAll(node: Node): void {
    this.count("full comparisons");
    checkSize(this.judge.model.state, node.state, (violation) => this.fail(violation));
    checkState(this.judge.model.state, node.state, (violation) => this.fail(violation));
  }
}
