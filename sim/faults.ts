import type { Prng } from "../src/base/prng.ts";
import type { DiskErrorCode } from "../src/ports/disk.ts";
import type { SimOperation } from "./disk/simDisk.ts";
import type { Fault } from "./options.ts";
import type { World } from "./world.ts";

const DISK_FAILURES: readonly (readonly [SimOperation, DiskErrorCode])[] = [
  ["write", "io"],
  ["write", "disk_full"],
  ["replace", "io"],
  ["replace", "disk_full"],
  ["open", "too_many_files"],
  ["open", "io"],
  ["remove", "io"],
  ["syncDirectory", "io"],
  ["truncate", "io"],
  ["read", "io"],
];

const SLOWNESS = 40;

/** What goes wrong in a world: drawn from its seed, one thing after the other, between any two events. */
export class Faults {
  /** Something is or was wrong with a disk, so that a process may say so and end. */
  mayFail = false;
  readonly #world: World;
  readonly #prng: Prng;
  #nextAt: number;
  #endAfterReply = false;
  #isHealed = false;

  constructor(world: World, prng: Prng) {
    this.#world = world;
    this.#prng = prng;
    this.#nextAt = this.#drawNext();
  }

  #drawNext(): number {
    return this.#world.scheduler.steps + this.#prng.between(1, this.#world.options.eventsBetweenFaults);
  }

  /** Called between two events. */
  between(): void {
    const { options, scheduler } = this.#world;
    if (scheduler.steps < this.#nextAt || options.faults.length === 0) return;
    this.#nextAt = this.#drawNext();
    const fault = this.#prng.pick(options.faults);
    this.#world.trace(`fault ${fault}`);
    this.#world.count(`fault: ${fault}`);
    this.#apply(fault);
  }

  afterReply(): void {
    if (!this.#endAfterReply) return;
    this.#endAfterReply = false;
    this.#world.end("crash");
  }

  #apply(fault: Fault): void {
    const world = this.#world;
    const prng = this.#prng;
    switch (fault) {
      case "crash":
      case "kill":
        return world.end(fault);
      case "crash after a reply":
        this.#endAfterReply = true;
        return;
      case "stop":
        return world.stop();
      case "full log disk":
        return this.#fillLogDisk();
      case "full store":
        return this.#fillStore();
      case "failing sync":
        this.mayFail = true;
        return world.logDisk.failNext("sync", "io", prng.below(3));
      case "failing disk":
        this.mayFail = true;
        return world.logDisk.failNext(...prng.pick(DISK_FAILURES), prng.below(3));
      case "failing store":
        this.mayFail = true;
        return world.engine.failNext(prng.below(4));
      case "slow disk":
        return this.#slowDown();
      case "wall clock":
        world.clock.skewMillis += prng.pick([-3_600_000, -2_000, 700, 60_000]);
    }
  }

  #fillLogDisk(): void {
    const { logDisk } = this.#world;
    this.mayFail = true;
    logDisk.capacityBytes = logDisk.usedBytes + this.#prng.below(2_000);
    this.#later(() => {
      logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
    });
  }

  #fillStore(): void {
    const { engine } = this.#world;
    this.mayFail = true;
    engine.full = true;
    this.#later(() => {
      engine.full = false;
    });
  }

  #slowDown(): void {
    const world = this.#world;
    world.slowness = SLOWNESS;
    this.#later(() => {
      world.slowness = 1;
    });
  }

  #later(run: () => void): void {
    const { scheduler } = this.#world;
    scheduler.after(this.#prng.pick([1_000, 200_000, 3_000_000]), undefined, "fault over", () => {
      if (!this.#isHealed) run();
    });
  }

  /** From now on nothing new goes wrong. */
  heal(): void {
    const world = this.#world;
    this.#isHealed = true;
    this.#endAfterReply = false;
    world.logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
    world.engine.full = false;
    world.engine.failNever();
    world.slowness = 1;
  }
}
