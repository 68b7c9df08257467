import { createPrng } from "../../src/base/prng.ts";
import type { Result } from "../../src/base/result.ts";
import { DiskError } from "../../src/ports/disk.ts";
import { ALL_MOVE_RULES } from "../../src/worker/migration/moveRules.ts";
import type { Node, NodeParts } from "../../src/worker/node.ts";
import type { NodeError } from "../../src/worker/nodeError.ts";
import { HistoryLog } from "../checker/historyLog.ts";
import { Scheduler } from "../kernel/scheduler.ts";
import { TraceHash } from "../kernel/traceHash.ts";
import { SimForward } from "../net/simForward.ts";
import { SimNetwork } from "../net/simNetwork.ts";
import { SimWorkerCalls } from "../net/simWorkerCalls.ts";
import { SimCoordinator } from "../node/simCoordinator.ts";
import { Violation } from "../violation.ts";
import { clientsOf, onceClientsOf } from "./clients.ts";
import type { ClusterClient } from "./clusterClient.ts";
import { ClusterFaults } from "./clusterFaults.ts";
import { ClusterProcess } from "./clusterProcess.ts";
import { Elements } from "./elements.ts";
import { FinalReads } from "./finalReads.ts";
import { Flushes } from "./flushes.ts";
import { type Group, groupsOf } from "./groups.ts";
import { type Invariants, invariantsOf } from "./invariants/invariants.ts";
import { Keys } from "./keys.ts";
import { Losses, PROPOSAL_MICROS_MAX } from "./losses.ts";
import { Machine } from "./machine.ts";
import type { OnceClient } from "./once/onceClient.ts";
import type { OnceLane } from "./once/onceLane.ts";
import { OnceWrites } from "./once/onceWrites.ts";
import { Operator } from "./operator.ts";
import { type ClusterOptions, chosen, drawClusterOptions } from "./options.ts";
import { Requests } from "./requests.ts";
import { type ClusterSabotage, withSabotage } from "./sabotage/clusterSabotage.ts";
import type { OpenSeat } from "./seat.ts";
import { tagsFor } from "./tags.ts";

const HISTORY_MAX = 8_000;
const LAST_READS_MAX = 2_000;
const STEPS_MAX = 1_500_000;
/** A healed group has so long to have all its replicas back. */
const HEALING_MICROS_MAX = 40_000_000;
/** And whoever asks then has an answer within this. */
const QUIET_MICROS_MAX = 12_000_000;
/** Clients go on for so long when everything is well again. */
const CALM_MICROS = 700_000;
const INSPECTION_EVENTS = 250;
/** Whether all is well again is looked at so often. */
const PHASE_EVENTS = 20;
const RESTART_MICROS = 300_000;
/** All moves come to an end within this when nothing goes wrong any more: what failed is tried again after some seconds. */
const MOVES_MICROS_MAX = 90_000_000;
const ONE_GROUP = [1, 1] as const;

export interface ClusterSettings {
  readonly seed: string;
  readonly openSeat: OpenSeat;
  readonly sabotage?: ClusterSabotage;
  /** How many groups there are, at least and at most; by default one, or those in which the sabotage shows. */
  readonly groups?: readonly [number, number];
  /** Only these of the drawn faults, by number, and of what lies in wait. */
  readonly faults?: readonly number[];
  readonly ambushes?: readonly number[];
  readonly onTrace?: (line: string) => void;
}

type Phase = "chaos" | "healing" | "calm" | "quiet" | "reading" | "stopping" | "over";

/**
 * A group of whole nodes with its coordinator, links, disks and clients, in virtual time from one seed; or several groups, with masters, which
 * share the slots, and give them to one another all the time.
 */
export class ClusterWorld {
  readonly options: ClusterOptions;
  readonly scheduler: Scheduler;
  readonly machines: readonly Machine[];
  readonly network: SimNetwork;
  readonly coordinator: SimCoordinator;
  readonly groups: readonly Group[];
  readonly calls: SimWorkerCalls;
  readonly forward: SimForward | undefined;
  /** What keys' names begin with: see `Key`. */
  readonly tags: readonly string[];
  readonly operator: Operator | undefined;
  readonly losses = new Losses(this);
  readonly history = new HistoryLog(HISTORY_MAX);
  readonly registers: Keys;
  readonly counters: Keys;
  readonly elements: Elements;
  readonly counts = new Map<string, number>();
  readonly clients: readonly ClusterClient[];
  readonly onceWrites: OnceWrites;
  readonly onceClients: readonly OnceClient[];
  readonly ambushes: readonly number[] | undefined;
  violation: Violation | undefined;
  phase: Phase = "chaos";
  readonly #settings: ClusterSettings;
  readonly #processes = new Map<Machine, ClusterProcess>();
  readonly #groupOf = new Map<Machine, Group>();
  readonly #met = new Set<string>();
  readonly #hash = new TraceHash();
  readonly #invariants: Invariants;
  readonly #faults: ClusterFaults;
  /** Everybody who has connections. */
  readonly #askers: readonly (ClusterClient | OnceLane | Flushes)[];
  readonly #requests: Requests;
  readonly #finalReads: FinalReads;
  #phaseAt = 0;
  #ending: { readonly machine: Machine; readonly how: "kill" | "crash"; readonly restart: number | undefined }[] = [];

  constructor(settings: ClusterSettings) {
    this.#settings = settings;
    const prng = createPrng(settings.seed);
    const { sabotage, groups = sabotage?.groups ?? ONE_GROUP } = settings;
    const drawn = drawClusterOptions(prng.fork("options"), groups);
    const sabotaged = sabotage === undefined ? drawn : withSabotage(drawn, sabotage);
    const replicas = sabotaged.moves === undefined ? [sabotaged.machines] : sabotaged.groups;
    this.options = { ...sabotaged, groups: replicas, faults: chosen(sabotaged.faults, settings.faults) };
    this.ambushes = settings.ambushes;
    const { options } = this;
    this.scheduler = new Scheduler(prng.fork("ties"));
    this.scheduler.onEvent = (label) => this.trace(label);
    this.trace(JSON.stringify(options));
    const { scheduler } = this;
    this.machines = Array.from({ length: options.machines }, (_, index) => {
      return new Machine({ index, scheduler, prng: prng.fork(`machine ${index}`), options });
    });
    this.network = new SimNetwork(scheduler, prng.fork("network"), { delayMicrosMax: options.delayMicrosMax });
    Object.assign(this.network.chances, {
      breakOneIn: options.breakOneIn,
      slowOneIn: options.slowOneIn,
      slowMicrosMax: 150_000,
    });
    this.calls = new SimWorkerCalls(this.network);
    this.forward = options.proxies && new SimForward(this.network);
    this.coordinator = new SimCoordinator({
      scheduler,
      prng: prng.fork("coordinator"),
      faults: options.coordinatorFaults,
      sessionMillis: options.sessionMillis,
    });
    this.coordinator.bend = sabotage?.coordinator;
    this.groups = groupsOf(this.machines, options.groups, (violation) => this.fail(violation));
    for (const group of this.groups) for (const machine of group.machines) this.#groupOf.set(machine, group);
    this.tags = tagsFor(options.moves?.slots ?? 0);
    this.registers = new Keys("r", options.keys, this.tags);
    this.counters = new Keys("c", 1, this.tags);
    this.elements = new Elements(this.tags);
    this.onceWrites = new OnceWrites(this.tags);
    this.#requests = new Requests({
      prng: prng.fork("requests"),
      history: this.history,
      nowMicros: () => scheduler.nowMicros,
      registers: this.registers,
      counters: this.counters,
      elements: this.elements,
      tags: this.tags,
    });
    this.#invariants = invariantsOf(this);
    for (const machine of this.machines) this.#startLater(machine, machine.prng.below(RESTART_MICROS));
    this.clients = clientsOf(this, this.#requests, prng);
    this.#finalReads = new FinalReads(this, this.#requests);
    const { moves } = options;
    this.operator = moves === undefined ? undefined : new Operator(this, moves, prng.fork("operator"));
    this.onceClients = onceClientsOf(this, prng.fork("once"));
    const lanes = this.onceClients.flatMap((client) => client.lanes);
    this.#askers = [
      ...this.clients,
      ...lanes,
      new Flushes(this, this.#requests, prng.fork("flushes"), moves?.flushes ?? 0),
    ];
    this.#faults = new ClusterFaults(this, prng);
  }

  get seed(): string {
    return this.#settings.seed;
  }

  get isOver(): boolean {
    return this.violation !== undefined || this.phase === "over";
  }

  /** It takes no more but the last reads. */
  get isHistoryFull(): boolean {
    return this.history.size > HISTORY_MAX - LAST_READS_MAX;
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
      if (this.isOver) return false;
      if (this.scheduler.step()) return true;
      this.fail(new Violation("the world goes on", "nothing happens any more"));
    } catch (error) {
      this.fail(new Violation("the program has no bug", error instanceof Error ? (error.stack ?? "") : String(error)));
    }
    return false;
  }

  #betweenEvents(): void {
    for (const { machine, how, restart } of this.#ending.splice(0)) this.#end(machine, how, restart);
    this.#invariants.afterEvent();
    this.#faults.afterEvent();
    const { steps } = this.scheduler;
    if (steps % INSPECTION_EVENTS === 0) this.#invariants.inspect();
    if (steps > STEPS_MAX) this.fail(new Violation("the world ends", `${STEPS_MAX} events were not enough`));
    this.#nextPhase();
  }

  // Processes

  /** Those that take connections at present. */
  get serving(): readonly ClusterProcess[] {
    return [...this.#processes.values()].filter((process) => process.isServing);
  }

  get processes(): readonly ClusterProcess[] {
    return [...this.#processes.values()];
  }

  processOf(machine: Machine): ClusterProcess | undefined {
    return this.#processes.get(machine);
  }

  groupOf(machine: Machine): Group {
    return this.#groupOf.get(machine)!;
  }

  /** The processes of a group, or of the machine's. */
  processesOf(group: Group): readonly ClusterProcess[] {
    return this.processes.filter((process) => group.machines.includes(process.machine));
  }

  hasMetCoordinator(id: string): boolean {
    return this.#met.has(id);
  }

  #startLater(machine: Machine, micros: number): void {
    this.scheduler.after(micros, undefined, `start ${machine.id}`, () => this.startIfDown(machine));
  }

  startIfDown(machine: Machine): void {
    if (this.#processes.has(machine) || this.phase === "stopping") return;
    const { sabotage, openSeat } = this.#settings;
    const { scheduler, network, options } = this;
    const group = this.groupOf(machine);
    const process = new ClusterProcess({
      ...this.#movesOf(group),
      machine,
      options,
      scheduler,
      network,
      calls: this.calls,
      forward: this.forward,
      onForwarded: (count) => this.count("forwarded", count),
      openSeat,
      boot: `boot ${sabotage?.forgetsBoots === true ? 1 : machine.boots}`,
      connect: (life) => {
        this.#met.add(machine.id);
        const coordinator = this.coordinator.connect(machine.id, life);
        return this.losses.watch(coordinator, machine);
      },
      watchDisk: (disk) => {
        const watched = group.ghost.watch(machine.id, disk);
        return sabotage?.disk?.(watched) ?? watched;
      },
      watchEngine: (engine, of) => this.#invariants.watchEngine(engine, of),
      onRecovered: (of, node) => this.#recovered(of, node),
      onJoin: (node) => sabotage?.node?.(node),
      onFatal: (of, error) => this.#fatal(of, error),
      onNotice: (text) => this.trace(`${machine.id} says ${text}`),
    });
    machine.life = process.life;
    this.#processes.set(machine, process);
    this.count("starts");
    process.open().then(
      (opened) => this.#opened(process, opened),
      (error: unknown) => this.#openFailed(process, error),
    );
  }

  #movesOf({ id }: Group): { readonly group?: string; readonly moving?: NonNullable<NodeParts["moving"]> } {
    const { moves } = this.options;
    if (moves === undefined) return {};
    const rules = { ...ALL_MOVE_RULES, ...this.#settings.sabotage?.moveRules };
    return { group: id, moving: { rules, settings: moves.settings } };
  }

  #recovered(process: ClusterProcess, node: Node): void {
    this.trace(`${process.machine.id} recovered ${node.log.lastSeq}`);
    this.#invariants.recovered(process, node);
  }

  #opened(process: ClusterProcess, opened: Result<void, NodeError>): void {
    if (!opened.ok) this.#openFailed(process, opened.error);
  }

  #openFailed(process: ClusterProcess, error: unknown): void {
    if (!process.life.alive) return;
    const { code, message } = error as NodeError | DiskError;
    const isDisk = error instanceof DiskError || code === "disk";
    if (!isDisk || !process.machine.mayFail) {
      const text = error instanceof Error ? (error.stack ?? message) : message;
      this.fail(new Violation("a node starts again", `${process.machine.id}: ${text}`));
    }
    this.count("failed starts");
    this.end(process.machine, "kill", RESTART_MICROS);
  }

  #fatal(process: ClusterProcess, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (!process.life.alive) return;
    this.trace(`${process.machine.id} fatal ${message.split("\n")[0]}`);
    this.count("fatal");
    if (!process.machine.mayFail) {
      this.fail(new Violation("a node stops for a reason", `${process.machine.id}: ${message}`));
    }
    this.end(process.machine, "kill", RESTART_MICROS);
  }

  /** Ends a process when the present event is over, and starts it again after `restart`, if that is said. */
  end(machine: Machine, how: "kill" | "crash", restart: number | undefined): void {
    if (this.#processes.has(machine)) this.#ending.push({ machine, how, restart });
  }

  #end(machine: Machine, how: "kill" | "crash", restart: number | undefined): void {
    const process = this.#processes.get(machine);
    if (process === undefined) return;
    this.trace(`${how} ${machine.id}`);
    this.count(process.node === undefined ? `${how} while opening` : how);
    this.#processes.delete(machine);
    process.isServing = false;
    machine.end(how);
    this.network.resume(machine.host);
    this.network.ended(process.life, how === "crash" ? "machine" : "process");
    for (const client of this.#askers) client.connectionTo(process)?.lost();
    if (restart !== undefined) this.#startLater(machine, restart);
  }

  /** Stops a process in order, and starts it again. */
  stop(machine: Machine, restart: number): void {
    const process = this.#processes.get(machine);
    if (process?.isServing !== true || process.isStopping) return;
    this.count("stops");
    const hangUp = (): void => {
      for (const client of this.#askers) client.connectionTo(process)?.end();
    };
    process.stop(hangUp).then(
      () => {
        if (process.life.alive) this.end(machine, "kill", restart);
      },
      (error: unknown) => this.#fatal(process, error),
    );
  }

  pause(machine: Machine): void {
    const process = this.#processes.get(machine);
    if (process === undefined) return;
    process.life.isPaused = true;
    this.network.pause(machine.host);
  }

  resume(machine: Machine): void {
    const process = this.#processes.get(machine);
    if (process?.life.isPaused !== true) return;
    this.scheduler.resume(process.life);
    this.network.resume(machine.host);
  }

  /** A process that is down comes back without its data, if others have them. */
  wipeLater(machine: Machine, micros: number): void {
    this.scheduler.after(micros + PROPOSAL_MICROS_MAX, undefined, "wipe", () => {
      if (this.phase !== "chaos" || this.#processes.has(machine) || this.#ending.length > 0) return;
      if (this.losses.mayLose(machine, true)) {
        this.count("wiped");
        machine.wipe();
      }
      this.startIfDown(machine);
    });
  }

  // Phases

  #nextPhase(): void {
    const { nowMicros, steps } = this.scheduler;
    const passed = nowMicros - this.#phaseAt;
    if (this.phase !== "chaos" && steps % PHASE_EVENTS !== 0) return;
    switch (this.phase) {
      case "chaos":
        if (nowMicros >= this.options.chaosMicros) this.#heal();
        return;
      case "healing":
        if (this.#invariants.isWell()) this.#enter("calm");
        else if (passed > HEALING_MICROS_MAX) this.#stuck("all replicas come back", this.#invariants.whatIsWrong());
        return;
      case "calm":
        if (passed > CALM_MICROS) this.#beQuiet();
        if (passed > HEALING_MICROS_MAX) this.#stuck("all replicas come back", this.#invariants.whatIsWrong());
        return;
      case "quiet":
        if (this.#isQuiet()) this.#read();
        else if (passed > (this.operator === undefined ? QUIET_MICROS_MAX : MOVES_MICROS_MAX))
          this.#stuck("everything is answered", this.#whoWaits());
        return;
      case "reading":
        if (this.#finalReads.isOver) this.#stopAll();
        else if (passed > QUIET_MICROS_MAX) this.#stuck("everything is answered", "the last reads are not");
        return;
      case "stopping":
        if (this.#processes.size === 0) this.#judge();
        else if (passed > HEALING_MICROS_MAX) this.#stuck("a node stops", "not all do");
    }
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.#phaseAt = this.scheduler.nowMicros;
    this.trace(`phase ${phase}`);
  }

  #stuck(invariant: string, what: string): void {
    this.fail(new Violation(invariant, what));
  }

  #heal(): void {
    this.#enter("healing");
    this.#faults.end();
  }

  #beQuiet(): void {
    if (!this.#invariants.isWell()) return;
    this.#enter("quiet");
    for (const client of [...this.clients, ...this.onceClients]) client.isQuiet = true;
    this.operator?.beQuiet();
  }

  #isQuiet(): boolean {
    return this.#askers.every((client) => !client.waits) && this.#invariants.areEqual();
  }

  #whoWaits(): string {
    const clients = [...this.clients, ...this.onceClients.flatMap(({ lanes }) => lanes)];
    const waiting = clients.filter((client) => client.waits).map((client) => client.name);
    return waiting.length > 0 ? `${waiting.join(", ")} wait` : this.#invariants.whatIsWrong();
  }

  #read(): void {
    this.#enter("reading");
    this.#invariants.compareAll();
    this.#finalReads.begin();
  }

  /** One after the other, so that each hands over to one that is there. */
  #stopAll(): void {
    this.#enter("stopping");
    for (const master of this.operator?.masters ?? []) master.kill(undefined);
    const stopNext = (): void => {
      const process = [...this.#processes.values()][0];
      if (process === undefined) return;
      process
        .stop(() => undefined)
        .then(
          () => {
            process.life.alive = false;
            this.#processes.delete(process.machine);
            this.count("stops at the end");
            stopNext();
          },
          (error: unknown) => this.#fatal(process, error),
        );
    };
    stopNext();
  }

  #judge(): void {
    this.#invariants.judge();
    if (this.violation === undefined) this.#enter("over");
  }
}
