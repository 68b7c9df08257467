import { type Seq, seq } from "../../src/base/ids.ts";
import type { Prng } from "../../src/base/prng.ts";
import type { LogRecord } from "../../src/core/replica/message.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { drawMicros } from "./chance.ts";
import { ToyLog } from "./toyLog.ts";

/** Of each key the newest op. */
export type ToyState = Map<number, number>;

interface Step {
  readonly apply: () => void;
  readonly done: () => void;
}

/**
 * What of a machine survives a crash: log, store, incarnation. Steps end one after the other, some time later; a crash keeps
 * those that have ended and the first few of the others.
 */
export class NodeDisk {
  log = new ToyLog();
  state: ToyState = new Map();
  applied: Seq = seq(0);
  incarnation = 1;
  /** Something that was acknowledged may be missing. */
  hasLost = false;
  stepMillis: number;
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;
  #steps: Step[] = [];
  #run = 0;
  #turn = 0;

  constructor(scheduler: Scheduler, prng: Prng, stepMillis: number) {
    this.#scheduler = scheduler;
    this.#prng = prng;
    this.stepMillis = stepMillis;
  }

  write(record: LogRecord, done: () => void): void {
    this.#push(() => this.log.append(record), done);
  }

  truncate(after: Seq): void {
    this.#push(
      () => this.log.truncate(after),
      () => undefined,
    );
  }

  /** The store has everything up to `applied` now; the log keeps what is behind `low`. */
  flush(state: ToyState, applied: Seq, low: Seq): void {
    this.#push(
      () => {
        this.state = state;
        this.applied = applied;
        this.log.cut(low);
      },
      () => undefined,
    );
  }

  /** A snapshot takes the place of everything, at once. */
  replace(log: ToyLog, state: ToyState, applied: Seq): void {
    this.#steps = [];
    this.#run++;
    this.log = log;
    this.state = state;
    this.applied = applied;
  }

  /** The machine's process is gone. `keepsAll`: it ended in peace, and everything is written. */
  stop(keepsAll: boolean): void {
    const kept = keepsAll ? this.#steps.length : this.#prng.below(this.#steps.length + 1);
    for (const step of this.#steps.slice(0, kept)) step.apply();
    this.#steps = [];
    this.#run++;
  }

  /** The machine comes back with an empty disk. */
  wipe(): void {
    this.log = new ToyLog();
    this.state = new Map();
    this.applied = seq(0);
  }

  #push(apply: () => void, done: () => void): void {
    this.#steps.push({ apply, done });
    if (this.#steps.length === 1) this.#next();
  }

  /** The disk is as fast as it should be, for what is under way, too. */
  heal(stepMillis: number): void {
    this.stepMillis = stepMillis;
    if (this.#steps.length > 0) this.#next();
  }

  #next(): void {
    const run = this.#run;
    const turn = ++this.#turn;
    this.#scheduler.after(drawMicros(this.#prng, this.stepMillis), undefined, "disk", () => {
      if (run !== this.#run || turn !== this.#turn) return;
      const steps = this.#steps;
      // One sync for what has gathered, or for a part of it.
      const count = 1 + this.#prng.below(steps.length);
      const ended = steps.slice(0, count);
      for (const step of ended) step.apply();
      this.#steps = steps.slice(count);
      if (this.#steps.length > 0) this.#next();
      for (const step of ended) if (run === this.#run) step.done();
    });
  }
}
