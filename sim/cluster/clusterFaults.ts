import type { Prng } from "../../src/base/prng.ts";
import type { DiskErrorCode } from "../../src/ports/disk.ts";
import type { SimOperation } from "../disk/simDisk.ts";
import { Ambush } from "./ambush.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import type { Machine } from "./machine.ts";
import type { MasterMachine } from "./masters.ts";
import type { PlannedFault } from "./options.ts";

const DISK_FAILURES: readonly (readonly [SimOperation, DiskErrorCode])[] = [
  ["write", "io"],
  ["write", "disk_full"],
  ["open", "io"],
  ["remove", "io"],
  ["syncDirectory", "io"],
  ["truncate", "io"],
  ["read", "io"],
];
const SLOWNESS = 30;
const HOURS = 3_600_000;

/** Lets what is planned go wrong. */
export class ClusterFaults {
  readonly #world: ClusterWorld;
  readonly #ambush: Ambush | undefined;
  #isOver = false;

  constructor(world: ClusterWorld, prng: Prng) {
    this.#world = world;
    const { moves } = world.options;
    if (moves !== undefined) {
      this.#ambush = new Ambush(world, prng, moves, (fault) => this.#begin(fault));
    }
    for (const fault of world.options.faults) {
      world.scheduler.after(fault.atMicros, undefined, "fault", () => {
        if (!this.#isOver) this.#begin(fault);
      });
    }
  }

  afterEvent(): void {
    this.#ambush?.look();
  }

  #begin(fault: PlannedFault): void {
    const { world, victim, other } = this.#who(fault);
    world.trace(`fault ${fault.kind} ${victim.id} ${other.id} ${fault.micros}`);
    world.count(`fault: ${fault.kind}`);
    if (this.#beginProcess(fault, victim) || this.#beginNetwork(fault, victim, other)) return;
    if (!this.#beginCoordinator(fault, victim) && !this.#beginMaster(fault)) this.#beginDisk(fault, victim);
  }

  #who({ victim, other }: PlannedFault) {
    const world = this.#world;
    return { world, victim: world.machines[victim]!, other: world.machines[other]! };
  }

  #later(micros: number, run: () => void): void {
    this.#world.scheduler.after(micros, undefined, "fault over", () => {
      if (!this.#isOver) run();
    });
  }

  #beginProcess({ kind, micros, draw }: PlannedFault, victim: Machine): boolean {
    const world = this.#world;
    const restart = draw % 3 === 0 ? 0 : micros;
    switch (kind) {
      case "kill":
        world.end(victim, "kill", restart);
        return true;
      case "crash":
        world.end(victim, world.losses.mayLose(victim) ? "crash" : "kill", restart);
        return true;
      case "crash of all": {
        const how = world.options.durability === "sync" ? "crash" : "kill";
        for (const [i, machine] of world.machines.entries()) world.end(machine, how, restart * ((draw >>> i) & 1));
        return true;
      }
      case "stop":
        world.stop(victim, restart);
        return true;
      case "wipe":
        world.end(victim, "kill", undefined);
        world.wipeLater(victim, micros);
        return true;
      case "pause":
        world.pause(victim);
        this.#later(micros, () => world.resume(victim));
        return true;
      case "take-over":
        world.processOf(victim)?.seat?.takeOver();
        return true;
      case "wall clock":
        victim.clock.skewMillis += [-HOURS, -2_000, 700, 60_000][draw % 4]!;
        return true;
      default:
        return false;
    }
  }

  #beginNetwork({ kind, micros, draw }: PlannedFault, { host, id }: Machine, other: Machine): boolean {
    const { network, machines } = this.#world;
    const cut = (from: string, to: string): void => {
      network.cut(from, to);
      this.#later(micros, () => network.heal(from, to));
    };
    switch (kind) {
      case "cut":
        cut(host, other.host);
        cut(other.host, host);
        return true;
      case "one-way cut":
        cut(host, other.host);
        return true;
      case "isolation":
        for (const each of machines) {
          if (each.host === host) continue;
          if (draw % 3 !== 0) cut(host, each.host);
          if (draw % 3 !== 1) cut(each.host, host);
        }
        if ((draw & 8) !== 0) this.#cutCoordinator(id, "both", micros);
        return true;
      case "broken links":
        network.breakLinks(host, other.host);
        return true;
      default:
        return false;
    }
  }

  #cutCoordinator(id: string, what: "both" | "answers", micros: number): void {
    const { coordinator } = this.#world;
    if (!this.#world.hasMetCoordinator(id)) return;
    coordinator.cut(id, what);
    this.#later(micros, () => coordinator.heal(id));
  }

  #beginCoordinator({ kind, micros }: PlannedFault, { id }: Machine): boolean {
    const { coordinator } = this.#world;
    if (!this.#world.hasMetCoordinator(id)) return kind.includes("coordinator") || kind === "expired session";
    switch (kind) {
      case "no coordinator":
      case "no answers of the coordinator":
        this.#cutCoordinator(id, kind === "no coordinator" ? "both" : "answers", micros);
        return true;
      case "lost replies of the coordinator":
        coordinator.loseReplies(id);
        return true;
      case "expired session":
        coordinator.expire(id);
        return true;
      case "late server of the coordinator":
        coordinator.lag(id, micros);
        return true;
      default:
        return false;
    }
  }

  #beginMaster({ kind, micros, draw }: PlannedFault): boolean {
    const { operator, coordinator } = this.#world;
    if (operator === undefined) return false;
    const master = operator.masters[(draw >>> 4) % operator.masters.length]!;
    switch (kind) {
      case "kill of a master":
        master.kill(draw % 3 === 0 ? 0 : micros);
        return true;
      case "pause of a master":
        master.pause();
        this.#later(micros, () => master.resume());
        return true;
      case "absence of a master":
        this.#letBeAbsent(master, micros);
        return true;
      case "isolation of a master":
        this.#isolate(master.host, micros);
        return true;
      case "no coordinator for a master":
        if (!master.life.alive) return true;
        coordinator.cut(master.id, "both");
        this.#later(micros, () => coordinator.heal(master.id));
        return true;
      case "lost replies to a master":
        if (master.life.alive) coordinator.loseReplies(master.id);
        return true;
      case "expired session of a master":
        if (master.life.alive) coordinator.expire(master.id);
        return true;
      default:
        return false;
    }
  }

  /** It stands still, and its session ends meanwhile. */
  #letBeAbsent(master: MasterMachine, micros: number): void {
    const { coordinator } = this.#world;
    if (!master.life.alive) return;
    coordinator.cut(master.id, "both");
    master.pause();
    this.#later(micros, () => {
      coordinator.heal(master.id);
      master.resume();
    });
  }

  #isolate(host: string, micros: number): void {
    const { network, machines } = this.#world;
    for (const other of machines) {
      network.cut(host, other.host);
      network.cut(other.host, host);
      this.#later(micros, () => {
        network.heal(host, other.host);
        network.heal(other.host, host);
      });
    }
  }

  #beginDisk({ kind, micros, draw }: PlannedFault, victim: Machine): void {
    const { logDisk, engine } = victim;
    if (kind === "slow disk") {
      victim.slowness = SLOWNESS;
      return this.#later(micros, () => {
        victim.slowness = 1;
      });
    }
    victim.mayFail = true;
    switch (kind) {
      case "failing sync":
        return logDisk.failNext("sync", "io", draw % 3);
      case "failing disk":
        return logDisk.failNext(...DISK_FAILURES[draw % DISK_FAILURES.length]!, (draw >>> 8) % 3);
      case "failing store":
        return engine.failNext(draw % 4);
      case "full log disk":
        logDisk.capacityBytes = logDisk.usedBytes + (draw % 1_000);
        return this.#later(micros, () => {
          logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
        });
      case "full store":
        engine.full = true;
        return this.#later(micros, () => {
          engine.full = false;
        });
    }
  }

  /** From now on nothing goes wrong. */
  end(): void {
    this.#isOver = true;
    const { machines, network, coordinator, operator } = this.#world;
    network.healAll();
    network.chances.breakOneIn = 0;
    network.chances.slowOneIn = 0;
    coordinator.calm();
    for (const machine of machines) {
      machine.heal();
      if (this.#world.hasMetCoordinator(machine.id)) coordinator.heal(machine.id);
      this.#world.resume(machine);
      this.#world.startIfDown(machine);
    }
    for (const master of operator?.masters ?? []) {
      if (master.life.alive) coordinator.heal(master.id);
      master.resume();
      master.startIfDown();
    }
  }
}
