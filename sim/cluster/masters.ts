import type { Prng } from "../../src/base/prng.ts";
import { Master } from "../../src/master/master.ts";
import type { Life } from "../kernel/scheduler.ts";
import { SimClock, simTimers } from "../kernel/simClock.ts";
import { overriding } from "../sabotage/patching.ts";
import type { ClusterWorld } from "./clusterWorld.ts";

/** A group that has not come by then begins without slots. */
const SETTLE_MILLIS = 400;
const START_MICROS_MAX = 500_000;

/** A machine on which a master runs, or does not at present. It keeps nothing. */
export class MasterMachine {
  readonly id: string;
  readonly host: string;
  life: Life = { alive: false };
  /** Stands for election, or has won it. */
  master: Master | undefined;
  /** Something that it writes is on its way. */
  onWrite: () => void = () => undefined;
  readonly #world: ClusterWorld;
  readonly #prng: Prng;
  readonly #clock: SimClock;

  constructor(world: ClusterWorld, index: number, prng: Prng) {
    this.#world = world;
    this.#prng = prng;
    this.id = `m${index + 1}`;
    this.host = `hm${index + 1}`;
    this.#clock = new SimClock(world.scheduler, 0, prng.below(1_000_000));
    this.#startLater(prng.below(START_MICROS_MAX));
  }

  #startLater(micros: number): void {
    this.#world.scheduler.after(micros, undefined, `start ${this.id}`, () => this.startIfDown());
  }

  startIfDown(): void {
    if (this.life.alive || this.#world.phase === "stopping") return;
    const life: Life = { alive: true };
    this.life = life;
    const { scheduler, calls, options } = this.#world;
    const connected = this.#world.coordinator.connect(this.id, life);
    const coordinator = overriding(connected, {
      multi: (operations) => {
        this.onWrite();
        return connected.multi(operations);
      },
    });
    this.#world.count("starts of masters");
    const started = Master.start({
      coordinator,
      calls: calls.of(this.host, life),
      clock: this.#clock,
      timers: simTimers(scheduler, life),
      random: this.#prng,
      record: { id: this.id, rpc: `${this.host}:7003`, http: "", version: "simulated" },
      options: { groupsExpected: options.groups.length, settleMillis: SETTLE_MILLIS },
      onNotice: (text) => this.#world.trace(`${this.id} says ${text}`),
    });
    void started.then((master) => {
      if (this.life === life) this.master = master;
    });
  }

  kill(restart: number | undefined): void {
    if (!this.life.alive) return;
    this.#world.trace(`kill ${this.id}`);
    this.#world.count("kill of a master");
    this.life.alive = false;
    this.master = undefined;
    this.#world.network.resume(this.host);
    if (restart !== undefined) this.#startLater(restart);
  }

  pause(): void {
    if (!this.life.alive) return;
    this.life.isPaused = true;
    this.#world.network.pause(this.host);
  }

  resume(): void {
    if (this.life.isPaused !== true) return;
    this.#world.scheduler.resume(this.life);
    this.#world.network.resume(this.host);
  }

  /** Whether it can hear an operator. */
  get isThere(): boolean {
    return this.life.alive && this.life.isPaused !== true && this.master !== undefined;
  }
}

/** The master that takes requests for the cluster, as far as one does at present. */
export function activeOf(machines: readonly MasterMachine[]): MasterMachine | undefined {
  return machines.find(({ isThere, master }) => isThere && master!.isActive);
}
