import { keySlot } from "../../src/base/crc16.ts";
import { createPrng } from "../../src/base/prng.ts";
import { ownerIn } from "../../src/core/slots/assignment.ts";
import { encodeMove, isOver, type MoveRecord, type MoveState, parseMove } from "../../src/core/slots/moveRecord.ts";
import { parseSlotMap } from "../../src/core/slots/slotMap.ts";
import { eachSlot, type SlotRanges } from "../../src/core/slots/slotRanges.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import { ALL_MOVE_RULES, type MoveRules } from "../../src/worker/migration/moveRules.ts";
import { MOVE_SETTINGS } from "../../src/worker/migration/moveSettings.ts";
import type { Node } from "../../src/worker/node.ts";
import { ClusterProcess } from "../cluster/clusterProcess.ts";
import { Machine } from "../cluster/machine.ts";
import type { ClusterOptions } from "../cluster/options.ts";
import type { OpenSeat } from "../cluster/seat.ts";
import { Scheduler } from "../kernel/scheduler.ts";
import { SimNetwork } from "../net/simNetwork.ts";
import { SimWorkerCalls } from "../net/simWorkerCalls.ts";
import { SimCoordinator } from "../node/simCoordinator.ts";
import { Violation } from "../violation.ts";
import { CountedKeys } from "./countedKeys.ts";
import { MoveClient } from "./moveClient.ts";
import { MOVE_OPTIONS } from "./moveOptions.ts";

const STEPS_MAX = 3_000_000;
const RESTART_MICROS = 200_000;
const MASTER_MICROS = 100_000;
/** Every condition of a story comes true within this, unless it says otherwise. */
const PATIENCE_MICROS = 60_000_000;

/** A story is a list of these: when something is so, something happens. */
export interface Chapter {
  readonly name: string;
  readonly when: (world: MoveWorld) => boolean;
  readonly act: (world: MoveWorld) => void;
}

export interface MoveWorldSettings {
  readonly seed: string;
  readonly openSeat: OpenSeat;
  readonly groups?: number;
  readonly replicas?: number;
  readonly rules?: Partial<MoveRules>;
  readonly options?: Partial<ClusterOptions>;
  readonly story: readonly Chapter[];
  readonly patienceMicros?: number;
  /** Clients besides the others that never write. */
  readonly readers?: number;
  readonly onTrace?: (line: string) => void;
}

/** Several groups of whole nodes that share the slots, clients that use them, and moves that somebody plans, in virtual time. */
export class MoveWorld {
  readonly options: ClusterOptions;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly coordinator: SimCoordinator;
  readonly machines: readonly Machine[];
  readonly keys: CountedKeys;
  readonly clients: readonly MoveClient[];
  readonly counts = new Map<string, number>();
  /** How long requests took, microseconds. */
  readonly writeMicros: number[] = [];
  readonly readMicros: number[] = [];
  violation: Violation | undefined;
  isDone = false;
  /** Whether each of these keys is there. */
  readonly #fillers = new Map<string, boolean>();
  readonly #settings: MoveWorldSettings;
  readonly #calls: SimWorkerCalls;
  readonly #replicas: number;
  readonly #processes = new Map<Machine, ClusterProcess>();
  readonly #master: Coordinator;
  #chapter = 0;
  #chapterAt = 0;
  #planned = 0;
  #ending: Machine[] = [];
  /** Records on their way to the coordinator. */
  readonly #creating = new Map<string, MoveRecord>();

  constructor(settings: MoveWorldSettings) {
    const { seed, groups = 2, replicas = 2 } = settings;
    const prng = createPrng(seed);
    this.#settings = settings;
    this.#replicas = replicas;
    const options = { ...MOVE_OPTIONS, ...settings.options, machines: groups * replicas };
    this.options = options;
    this.scheduler = new Scheduler(prng.fork("ties"));
    const { scheduler } = this;
    this.machines = Array.from(
      { length: options.machines },
      (_, index) => new Machine({ index, scheduler, prng: prng.fork(`machine ${index}`), options }),
    );
    this.network = new SimNetwork(scheduler, prng.fork("network"), { delayMicrosMax: options.delayMicrosMax });
    this.#calls = new SimWorkerCalls(this.network);
    const { coordinatorFaults: faults, sessionMillis } = options;
    this.coordinator = new SimCoordinator({ scheduler, prng: prng.fork("coordinator"), faults, sessionMillis });
    this.#master = this.coordinator.connect("master", { alive: true });
    this.keys = new CountedKeys(options.keys);
    // The first group has everything at first.
    for (const [at, machine] of this.machines.entries()) {
      scheduler.after(at < replicas ? 1 : 400_000, undefined, "start", () => this.start(machine));
    }
    const clients = options.clients + (settings.readers ?? 0);
    this.clients = Array.from({ length: clients }, (_, id) => {
      return new MoveClient({
        ...{ id, prng: prng.fork(`client ${id}`), scheduler, keys: this.keys },
        onlyReads: id >= options.clients,
        ...{ pauseMicrosMax: options.pauseMicrosMax, timeoutMillis: options.clientTimeoutMillis },
        serving: () => [...this.#processes.values()].filter((process) => process.isServing),
        count: (what) => this.count(what),
        waited: (micros, isWrite) => (isWrite ? this.writeMicros : this.readMicros).push(micros),
        wrong: (what) => this.fail(new Violation("clients hear the truth", what)),
        trace: (line) => this.trace(line),
      });
    });
    this.#watchMoves();
  }

  trace(line: string): void {
    this.#settings.onTrace?.(`${this.scheduler.nowMicros} ${line}`);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  get isOver(): boolean {
    return this.violation !== undefined || this.isDone;
  }

  fail(violation: Violation): void {
    this.violation ??= violation;
  }

  step(): boolean {
    if (this.isOver) return false;
    try {
      for (const machine of this.#ending.splice(0)) this.#end(machine);
      this.#tell();
      if (this.scheduler.steps > STEPS_MAX) this.fail(new Violation("the world ends", "too many events"));
      if (!this.isOver) this.scheduler.step();
    } catch (error) {
      this.fail(new Violation("the program has no bug", error instanceof Error ? (error.stack ?? "") : String(error)));
    }
    return !this.isOver;
  }

  #tell(): void {
    const { story } = this.#settings;
    const chapter = story[this.#chapter];
    if (chapter === undefined) {
      this.isDone = true;
      return;
    }
    if (chapter.when(this)) {
      this.trace(`story: ${chapter.name}`);
      this.#chapter++;
      this.#chapterAt = this.scheduler.nowMicros;
      chapter.act(this);
    } else if (this.scheduler.nowMicros - this.#chapterAt > (this.#settings.patienceMicros ?? PATIENCE_MICROS)) {
      this.fail(new Violation("what was begun ends", `waiting for: ${chapter.name}\n${this.describe()}`));
    }
  }

  // Machines

  groupOf(machine: Machine): string {
    return `g${Math.floor(this.machines.indexOf(machine) / this.#replicas) + 1}`;
  }

  start(machine: Machine): void {
    if (this.#processes.has(machine)) return;
    const { openSeat, rules } = this.#settings;
    const { scheduler, network, options } = this;
    const process = new ClusterProcess({
      ...{ machine, options, scheduler, network, openSeat, calls: this.#calls, boot: `boot ${machine.boots}` },
      group: this.groupOf(machine),
      moving: { rules: { ...ALL_MOVE_RULES, ...rules }, settings: { ...MOVE_SETTINGS, safetyMillis: 1_000 } },
      connect: (life) => this.coordinator.connect(machine.id, life),
      watchDisk: (disk) => disk,
      watchEngine: (engine) => engine,
      onRecovered: () => undefined,
      onJoin: () => undefined,
      onFatal: (_, error) =>
        this.fail(new Violation("nobody ends by itself", `${machine.id}: ${(error as Error).stack}`)),
      onNotice: (text) => this.trace(`${machine.id} says ${text}`),
    });
    machine.life = process.life;
    this.#processes.set(machine, process);
    process.open().then(
      (opened) => {
        if (!opened.ok) this.fail(new Violation("a node starts", opened.error.message));
      },
      (error: unknown) => {
        if (process.life.alive) this.fail(new Violation("a node starts", (error as Error).stack ?? ""));
      },
    );
  }

  /** Ends a machine's process without warning when the present event is over, and starts it again after a while. */
  kill(machine: Machine): void {
    this.#ending.push(machine);
  }

  #end(machine: Machine): void {
    const process = this.#processes.get(machine);
    if (process === undefined) return;
    this.trace(`kill ${machine.id}`);
    this.#processes.delete(machine);
    process.isServing = false;
    machine.end("crash");
    this.network.ended(process.life, "machine");
    for (const client of this.clients) client.connectionTo(process)?.lost();
    this.scheduler.after(RESTART_MICROS, undefined, "restart", () => this.start(machine));
  }

  processOf(machine: Machine): ClusterProcess | undefined {
    return this.#processes.get(machine);
  }

  /** The machine of a group whose replica is the active primary. */
  primaryOf(group: string): Machine | undefined {
    return this.machines.find(
      (machine) => this.groupOf(machine) === group && this.#processes.get(machine)?.node?.moveHost?.mayWrite === true,
    );
  }

  nodeOf(group: string): Node | undefined {
    const machine = this.primaryOf(group);
    return machine === undefined ? undefined : this.#processes.get(machine)?.node;
  }

  /** Every group has an active primary that knows its slots, and all of its replicas. */
  get isReady(): boolean {
    for (const [at, machine] of this.machines.entries()) {
      const node = this.#processes.get(machine)?.node;
      if (node === undefined || !this.#processes.get(machine)!.isServing) return false;
      const primary = this.nodeOf(this.groupOf(machine));
      if (primary === undefined || !primary.state.slots.isAssigned) return false;
      if (at % this.#replicas === 0 && primary.replica.configuration?.secondaries.length !== this.#replicas - 1)
        return false;
    }
    return true;
  }

  /** Keys besides the counters, so that a copy takes a while. */
  fill(group: string, count: number, bytes: number): void {
    const node = this.nodeOf(group)!;
    node.executor.beginTurn();
    node.executor.writeEntry((mutator) => {
      for (let at = 0; at < count; at++) mutator.setText(`filler:${at}`, "x".repeat(bytes), 0);
    });
    for (let at = 0; at < count; at++) this.#fillers.set(`filler:${at}`, true);
  }

  /** Removes every key of a group; if it had them, clients know, and nobody else asks meanwhile. */
  clear(group: string): void {
    this.nodeOf(group)!.executor.writeEntry((mutator) => mutator.clear());
    for (const counted of this.keys.all) if (this.owner(counted.slot) === group) counted.known = 0;
    for (const key of this.#fillers.keys()) if (this.owner(keySlot(key)) === group) this.#fillers.set(key, false);
  }

  deleteFillers(group: string): void {
    this.nodeOf(group)!.executor.writeEntry((mutator) => {
      for (const key of this.#fillers.keys()) {
        mutator.delete(key);
        this.#fillers.set(key, false);
      }
    });
  }

  // Moves

  /** What the group's active primary says of a move. */
  phaseAt(group: string, id = this.lastMove): string | undefined {
    return this.nodeOf(group)?.state.slots.moves.get(id)?.phase;
  }

  get lastMove(): string {
    return `m${this.#planned}`;
  }

  record(id = this.lastMove): MoveRecord | undefined {
    const text = this.coordinator.peek(`/migrations/${id}`);
    return text === undefined ? this.#creating.get(id) : parseMove(text);
  }

  plan(slots: SlotRanges, source: string, target: string, bytesPerSecondMax = 0): void {
    const id = `m${++this.#planned}`;
    const move: MoveRecord = {
      ...{ id, slots, source, target, state: "planned", targetDone: false, sourceDone: false, paused: false },
      ...{ bytesPerSecondMax, reason: "a story", plannedAt: 0 },
    };
    this.#creating.set(id, move);
    const create = async (): Promise<void> => {
      const created = await this.#master.create(`/migrations/${id}`, encodeMove(move), { kind: "durable" });
      if (!created.ok && created.error.code !== "exists") return create();
      this.#creating.delete(id);
    };
    void create();
  }

  /** Replaces the record, as somebody does who has just read it, and only in one of these states. */
  change(id: string, to: Partial<MoveRecord>, states: readonly MoveState[]): void {
    void this.#change(id, to, states);
  }

  async #change(id: string, to: Partial<MoveRecord>, states: readonly MoveState[]): Promise<void> {
    const read = await this.#master.get(`/migrations/${id}`, { sync: true });
    const record = read.ok ? parseMove(read.value.data) : undefined;
    if (!read.ok || record === undefined || !states.includes(record.state)) return;
    await this.#master.replace(`/migrations/${id}`, encodeMove({ ...record, ...to }), read.value.version);
  }

  /** As the master does: takes away what is over. */
  #watchMoves(): void {
    this.scheduler.after(MASTER_MICROS, undefined, "master", () => {
      this.#watchMoves();
      for (let at = 1; at <= this.#planned; at++) {
        const record = this.record(`m${at}`);
        if (record !== undefined && isOver(record)) void this.#forget(`m${at}`, record.state);
      }
    });
  }

  async #forget(id: string, state: string): Promise<void> {
    const read = await this.#master.get(`/migrations/${id}`, { sync: true });
    if (!read.ok) return;
    if ((await this.#master.delete(`/migrations/${id}`, read.value.version)).ok) this.count(`moves ${state}`);
  }

  /** Every move is over, and nothing is left of them at any replica of any group. */
  get areMovesOver(): boolean {
    for (let at = 1; at <= this.#planned; at++) if (this.record(`m${at}`) !== undefined) return false;
    return this.machines.every((machine) => {
      const state = this.#processes.get(machine)?.node?.state;
      return state !== undefined && state.slots.moves.size === 0 && state.slots.leftovers.length === 0;
    });
  }

  owner(slot: number): string | undefined {
    const map = parseSlotMap(this.coordinator.peek("/slots") ?? "");
    return map === undefined ? undefined : ownerIn(map.now, slot);
  }

  *#expected(): Iterable<readonly [key: string, isExpected: boolean]> {
    yield* this.#fillers;
    for (const { key, known } of this.keys.all) if (known > 0) yield [key, true];
  }

  /** Says what is wrong with who has which slots and keys when all is over. */
  inspect(): void {
    for (const machine of this.machines) {
      const node = this.#processes.get(machine)?.node;
      const group = this.groupOf(machine);
      if (node === undefined) continue;
      for (const [key, isExpected] of this.#expected()) {
        const isThere = node.state.find(key) !== 0;
        if (isThere === (isExpected && this.owner(keySlot(key)) === group)) continue;
        this.fail(new Violation("a key is where its slot is", `${machine.id} has ${isThere ? "" : "no "}${key}`));
      }
    }
    const owned = [...eachSlot([[0, 16_383]])].map((slot) => {
      const groups = new Set(this.machines.map((machine) => this.groupOf(machine)));
      return [...groups].filter((group) => this.nodeOf(group)?.state.slots.stateOf(slot) === 0).join();
    });
    for (const [slot, groups] of owned.entries()) {
      if (groups !== this.owner(slot)) {
        this.fail(
          new Violation("a slot has one group", `slot ${slot} is ${this.owner(slot)}'s, and owned by '${groups}'`),
        );
        return;
      }
    }
  }

  describe(): string {
    const lines = this.machines.map((machine) => {
      const node = this.#processes.get(machine)?.node;
      const moves = [...(node?.state.slots.moves.values() ?? [])].map(({ id, phase }) => `${id} ${phase}`).join();
      const progress = JSON.stringify(node?.moves?.progress().map(({ phase, trouble }) => ({ phase, trouble })));
      const left = JSON.stringify(node?.state.slots.leftovers);
      return `${machine.id} ${this.groupOf(machine)} ${node?.replica.role} moves [${moves}] left ${left} ${progress}`;
    });
    return [...lines, JSON.stringify(this.record())].join("\n");
  }
}
