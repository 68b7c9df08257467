import type { GroupProcess } from "./groupProcess.ts";
import { GroupProcess as Process } from "./groupProcess.ts";
import type { GroupWorld } from "./groupWorld.ts";
import { NodeDisk } from "./nodeDisk.ts";

/** Of so many pauses one is that of the whole machine: its clock stands still meanwhile. */
const PAUSES_A_SUSPENSION = 3;

/** A machine: a clock that runs a little too fast or too slow, a disk, and a process, which may be paused. */
export class GroupNode {
  readonly index: number;
  readonly id: string;
  readonly disk: NodeDisk;
  process: GroupProcess | undefined;
  readonly #world: GroupWorld;
  readonly #rate: number;
  #offsetMillis: number;
  #pausedUntil = 0;
  #pauses = 0;
  /** What the clock showed when the machine was suspended. */
  #suspendedAt: number | undefined;
  #waiting: { readonly process: GroupProcess; readonly run: () => void }[] = [];
  #boots = 0;

  constructor(index: number, world: GroupWorld) {
    const prng = world.prng.fork(`node ${index}`);
    const drift = world.toyRules.clocksKeepRate ? world.plan.times.driftRate : 0.4;
    this.index = index;
    this.id = `r${index}`;
    this.#world = world;
    this.#rate = 1 + (drift * (prng.below(2_001) - 1_000)) / 1_000;
    this.#offsetMillis = prng.below(100_000);
    this.disk = new NodeDisk(world.scheduler, prng.fork("disk"), world.plan.diskMillis);
  }

  /** Its monotonic clock, in milliseconds. While it is suspended it goes on for those who look on: nobody in it asks. */
  now(): number {
    return this.#offsetMillis + (this.#rate * this.#world.scheduler.nowMicros) / 1_000;
  }

  get isPaused(): boolean {
    return this.#pausedUntil > this.#world.scheduler.nowMicros;
  }

  start(): void {
    if (this.process !== undefined) return;
    this.process = new Process(this, this.#world, String(++this.#boots));
    this.process.start();
  }

  /** Ends the process; started again by whoever wants to. `inPeace`: everything was written before. */
  stop(inPeace: boolean): void {
    const { process, disk } = this;
    if (process === undefined) return;
    this.process = undefined;
    this.#pausedUntil = 0;
    this.#suspendedAt = undefined;
    this.#waiting = [];
    process.end();
    disk.stop(inPeace);
    if (!inPeace && this.#world.plan.durability === "memory") this.#lose();
  }

  /** What was acknowledged may be gone: this is another member from now on. */
  #lose(): void {
    if (this.#world.rules.newIncarnation) this.disk.incarnation++;
  }

  wipe(): void {
    this.disk.wipe();
    this.#lose();
  }

  pause(micros: number): void {
    const until = this.#world.scheduler.nowMicros + micros;
    if (until <= this.#pausedUntil) return;
    this.#pausedUntil = until;
    if (++this.#pauses % PAUSES_A_SUSPENSION === 0) this.#suspendedAt ??= this.now();
    this.#world.scheduler.after(micros, undefined, "resume", () => {
      if (this.#pausedUntil === until) this.resume();
    });
  }

  resume(): void {
    this.#pausedUntil = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#goOn();
    for (const { process, run } of waiting) this.run(process, run);
  }

  /** The clock goes on where it stood, and the process sees by the wall clock that it did. */
  #goOn(): void {
    if (this.#suspendedAt === undefined) return;
    this.#offsetMillis -= this.now() - this.#suspendedAt;
    this.#suspendedAt = undefined;
    this.process?.act((now) => this.process?.replica.stoodStill(now));
  }

  /** Something happens to a process: at once, after its pause, or never, if it has ended. */
  run(process: GroupProcess, run: () => void): void {
    if (process !== this.process) return;
    if (this.isPaused) this.#waiting.push({ process, run });
    else run();
  }
}
