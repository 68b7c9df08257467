import type { Timers } from "../../ports/clock.ts";

/** Lets one wait until something has happened, or for a while. What happened before the wait ends it at once. */
export class WakeUp {
  readonly #timers: Timers;
  #isDue = false;
  #resolve: (() => void) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  readonly wake = (): void => {
    this.#isDue = true;
    this.#resolve?.();
  };

  async wait(millis: number): Promise<void> {
    if (!this.#isDue) {
      let timer: { cancel(): void } | undefined;
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
        timer = this.#timers.after(millis, resolve);
      });
      timer?.cancel();
      this.#resolve = undefined;
    }
    this.#isDue = false;
  }
}
