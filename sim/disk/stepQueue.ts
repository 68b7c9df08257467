import type { Prng } from "../../src/base/prng.ts";

/** Operations that are under way; they end when, and in which order, the owner says. */
export class StepQueue {
  #waiting: (() => void)[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** As the `schedule` of a simulated disk. */
  readonly push = (run: () => void): void => {
    this.#waiting.push(run);
  };

  /** Forgets everything that is under way. */
  clear(): void {
    this.#waiting = [];
  }

  /** Ends the operation that came first, or with a generator any of them. Says whether there was one. */
  step(prng?: Prng): boolean {
    const [run] = this.#waiting.splice(prng?.below(this.#waiting.length) ?? 0, 1);
    run?.();
    return run !== undefined;
  }
}
