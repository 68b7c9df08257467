import type { Prng } from "../../src/base/prng.ts";
import { SimDisk } from "../disk/simDisk.ts";
import { SimEngine } from "../engine/simEngine.ts";
import type { Life, Scheduler } from "../kernel/scheduler.ts";
import { SimClock } from "../kernel/simClock.ts";
import type { ClusterOptions } from "./options.ts";

export interface MachineParts {
  readonly index: number;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly options: ClusterOptions;
}

/** What stays when a process ends: disks, clocks, a name. */
export class Machine {
  readonly id: string;
  readonly host: string;
  readonly clock: SimClock;
  readonly prng: Prng;
  /** The data directory but for log and store, which are on the same machine but never full. */
  dataDisk: SimDisk;
  logDisk: SimDisk;
  engine: SimEngine;
  /** How often the machine was started, and how often its disks were exchanged for empty ones. */
  boots = 1;
  wipes = 0;
  /** By how much its disks are slower than they should be. */
  slowness = 1;
  /** Something is or was wrong with a disk, so that a process may say so and end. */
  mayFail = false;
  /** The present process, for what its disks have under way. */
  life: Life = { alive: false };
  readonly #parts: MachineParts;

  constructor(parts: MachineParts) {
    const { index, scheduler, prng, options } = parts;
    this.#parts = parts;
    this.id = `n${index + 1}`;
    this.host = `h${index + 1}`;
    this.prng = prng;
    const drift = prng.between(-options.driftMillionths, options.driftMillionths) / 1e6;
    this.clock = new SimClock(scheduler, drift, prng.between(0, 1_000_000));
    this.dataDisk = this.#newDisk();
    this.logDisk = this.#newDisk();
    this.engine = this.#newEngine();
  }

  #newDisk(): SimDisk {
    const { prng, options } = this.#parts;
    const name = `disk ${this.wipes}`;
    return new SimDisk({ prng: prng.fork(name), schedule: (run) => this.#later("log", options.diskMicrosMax, run) });
  }

  #newEngine(): SimEngine {
    const { prng, options } = this.#parts;
    return new SimEngine({
      prng: prng.fork(`store ${this.wipes}`),
      schedule: (run) => this.#later("store", options.engineMicrosMax, run),
    });
  }

  #later(label: string, microsMax: number, run: () => void): void {
    const { scheduler, prng } = this.#parts;
    scheduler.after(prng.between(1, microsMax) * this.slowness, this.life, label, run);
  }

  /** Its process ends; with the power everything goes that was not synced. */
  end(how: "crash" | "kill"): void {
    this.life.alive = false;
    for (const disk of [this.dataDisk, this.logDisk]) disk[how]();
    this.engine[how]();
    if (how === "crash") this.boots++;
  }

  /** Somebody puts empty disks in. */
  wipe(): void {
    this.wipes++;
    this.dataDisk = this.#newDisk();
    this.logDisk = this.#newDisk();
    this.engine = this.#newEngine();
  }

  heal(): void {
    this.slowness = 1;
    this.logDisk.failNever();
    this.logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
    this.engine.full = false;
    this.engine.failNever();
  }
}
