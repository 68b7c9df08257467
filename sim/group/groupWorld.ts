import { epoch, type Seq } from "../../src/base/ids.ts";
import { createPrng, type Prng } from "../../src/base/prng.ts";
import {
  type ConfigurationData,
  type Member,
  membersOf,
  minReplicasFor,
} from "../../src/core/replica/configuration.ts";
import type { LogRecord, Message } from "../../src/core/replica/message.ts";
import { ALL_RULES, type ReplicaRules } from "../../src/core/replica/rules.ts";
import { Scheduler } from "../kernel/scheduler.ts";
import { TraceHash } from "../kernel/traceHash.ts";
import { Violation } from "../violation.ts";
import { drawMicros } from "./chance.ts";
import { Clients } from "./clients.ts";
import { play } from "./faultPlayer.ts";
import { Ghost } from "./ghost.ts";
import { GroupNode } from "./groupNode.ts";
import type { GroupProcess } from "./groupProcess.ts";
import { INVARIANTS, type Invariant } from "./invariants/invariants.ts";
import { Network } from "./network.ts";
import type { GroupPlan } from "./plan.ts";
import { Register } from "./register.ts";
import { ToyLog } from "./toyLog.ts";
import { ALL_TOY_RULES, type ToyRules } from "./toyRules.ts";

export interface GroupWorldSettings {
  readonly plan: GroupPlan;
  readonly rules?: Partial<ReplicaRules>;
  readonly toyRules?: Partial<ToyRules>;
  readonly onTrace?: (line: string) => void;
}

/** How long the healed world has, in leases, until everybody must be a member again, and how long it is then watched. */
const HEALED_LEASES = 40;
const WATCHED_LEASES = 5;
const ENDED_LEASES = 4;
const EVENTS_MAX = 400_000;

/** One group in virtual time: machines, network, coordinator, clients, and everything that goes wrong. */
export class GroupWorld {
  readonly plan: GroupPlan;
  readonly rules: ReplicaRules;
  readonly toyRules: ToyRules;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly register: Register;
  readonly nodes: GroupNode[] = [];
  readonly ghost = new Ghost();
  readonly clients: Clients;
  readonly counts = new Map<string, number>();
  readonly hash = new TraceHash();
  violation: Violation | undefined;
  /** Faults are over. */
  isHealed = false;
  readonly #onTrace: ((line: string) => void) | undefined;
  readonly #invariants: readonly Invariant[];

  constructor({ plan, rules, toyRules, onTrace }: GroupWorldSettings) {
    this.plan = plan;
    this.rules = { ...ALL_RULES, ...rules };
    this.toyRules = { ...ALL_TOY_RULES, ...toyRules };
    this.#onTrace = onTrace;
    this.prng = createPrng(plan.seed).fork("world");
    this.scheduler = new Scheduler(this.prng.fork("ties"));
    this.network = new Network(this.scheduler, this.prng.fork("network"), plan.network);
    this.register = new Register(this.scheduler, this.prng.fork("register"), plan.register, plan.nodes);
    this.register.ignoresVersion = !this.rules.compareAndSet;
    this.#invariants = INVARIANTS.map((create) => create(this));
    this.scheduler.onEvent = (label) => this.hash.add(this.scheduler.nowMicros, label);
    for (let index = 0; index < plan.nodes; index++) this.nodes.push(new GroupNode(index, this));
    this.#connect();
    if (plan.members > 0) this.register.replace(this.#firstConfiguration(), undefined);
    for (const node of this.nodes) this.scheduler.after(this.prng.below(8_000), undefined, "start", () => node.start());
    for (const fault of plan.faults)
      this.scheduler.after(fault.at * 1000, undefined, fault.kind, () => play(this, fault));
    this.clients = new Clients(this);
  }

  get losesOnCrash(): boolean {
    return this.plan.durability === "memory";
  }

  #firstConfiguration(): ConfigurationData {
    const [primary, ...secondaries] = this.nodes
      .slice(0, this.plan.members)
      .map(({ id }): Member => ({ id, incarnation: 1 }));
    const minReplicas = minReplicasFor(this.plan.members);
    const rest = { eligible: [], nonce: "first", released: false, reason: "first", logEnd: 0 };
    return { epoch: epoch(1), primary: primary!, secondaries, minReplicas, ...rest };
  }

  #connect(): void {
    this.register.onWatch = (index, configuration) => {
      const node = this.nodes[index]!;
      const { process } = node;
      if (process !== undefined) node.run(process, () => process.configurationSeen(configuration));
    };
    this.register.onInstalled = (configuration) => {
      this.trace(() => `INSTALLED ${JSON.stringify(configuration)}`);
    };
    this.network.onLinkUp = (from, to) => {
      for (const [near, far] of [
        [from, to],
        [to, from],
      ] as const) {
        this.nodes[near]!.process?.later(drawMicros(this.prng, 1), "link up", (now) =>
          this.nodes[near]!.process?.replica.linkUp(`r${far}`, now),
        );
      }
    };
  }

  // Running

  /** Plays the world to its end, or to the first violation. */
  run(): Violation | undefined {
    const { times, faultMillis } = this.plan;
    try {
      this.#runFor(faultMillis);
      this.#heal();
      for (let leases = 0; leases < HEALED_LEASES && (leases < 2 || !this.isWhole); leases++) {
        this.#runFor(times.leaseMillis);
      }
      for (const each of this.#invariants) each.healed?.();
      this.#runFor(times.leaseMillis * WATCHED_LEASES);
      this.clients.stopped = true;
      for (const each of this.#invariants) each.watched?.();
      this.#runFor(times.leaseMillis * ENDED_LEASES);
      for (const each of this.#invariants) each.ended?.();
    } catch (error) {
      this.violation = error instanceof Violation ? error : new Violation("nothingIsThrown", describe(error));
    }
    return this.violation;
  }

  /** Whether every machine is a member, with the data that it has. */
  get isWhole(): boolean {
    return this.intact.length === this.nodes.length;
  }

  #runFor(millis: number): void {
    let isOver = false;
    this.scheduler.after(millis * 1000, undefined, "part ends", () => {
      isOver = true;
    });
    while (!isOver) {
      this.scheduler.step();
      if (this.scheduler.steps > EVENTS_MAX) throw new Violation("noStorm", `${EVENTS_MAX} events`);
    }
  }

  #heal(): void {
    this.trace(() => "HEALED");
    this.isHealed = true;
    this.network.heal();
    this.register.heal();
    for (const node of this.nodes) {
      node.resume();
      if (node.process?.stopping) node.stop(true);
      node.disk.heal(this.plan.diskMillis);
      node.start();
    }
  }

  trace(line: () => string): void {
    this.#onTrace?.(`${(this.scheduler.nowMicros / 1000).toFixed(3)} ${line()}`);
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  // What processes do to each other

  send(from: GroupProcess, to: string, message: Message): void {
    const target = this.nodes.find((node) => node.id === to);
    if (target === undefined || target === from.node) return;
    const { member } = from;
    this.network.send(from.node.index, target.index, message, (arrived) => {
      const { process } = target;
      if (process !== undefined) target.run(process, () => process.receive(member, arrived));
    });
  }

  fetchSnapshot(asker: GroupProcess, from: string, attempt: number): void {
    const { network } = this;
    const source = this.nodes.find((node) => node.id === from)!;
    const isCut = () => network.isCut(source.index, asker.node.index) || network.isCut(asker.node.index, source.index);
    asker.later(drawMicros(this.prng, 2), "snapshot asked for", () => {
      const { process } = source;
      const atEpoch = process?.replica.logRuns.epochAt(process.commitPoint);
      const log = new ToyLog();
      if (process !== undefined && atEpoch !== undefined) log.restart(process.commitPoint, atEpoch);
      const state = new Map(process?.state);
      const isThere = process !== undefined && !source.isPaused && !isCut();
      asker.later(drawMicros(this.prng, 5), "snapshot", () => {
        if (!isThere || isCut()) return asker.replica.snapshotEnded(undefined);
        if (!asker.replica.wantsSnapshot(attempt)) return;
        this.count("snapshots");
        asker.replaceWith(log, state);
      });
    });
  }

  // What the judges are told

  appended(process: GroupProcess, record: LogRecord): void {
    for (const each of this.#invariants) each.appended?.(process, record);
  }

  truncating(process: GroupProcess, after: Seq): void {
    for (const each of this.#invariants) each.truncating?.(process, after);
  }

  committed(process: GroupProcess, first: number, last: number): void {
    for (const each of this.#invariants) each.committed?.(process, first, last);
  }

  served(process: GroupProcess): void {
    this.count(process.replica.role === "primary" ? "reads at the primary" : "reads at a secondary");
    for (const each of this.#invariants) each.served?.(process);
  }

  roleChanged(process: GroupProcess): void {
    for (const each of this.#invariants) each.roleChanged?.(process);
  }

  /** The members that still have what they had, of those that have to have what is committed. */
  get intact(): Member[] {
    const { value } = this.register;
    return value === undefined ? [] : membersOf(value).filter((member) => this.hasData(member));
  }

  hasData({ id, incarnation }: Member): boolean {
    return this.nodes.some((node) => node.id === id && node.disk.incarnation === incarnation);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
