import type { Clock } from "../ports/clock.ts";
import type { Decision } from "./masterApi.ts";

const DECISIONS_MAX = 1000;
const SUBJECTS_MAX = 10_000;

/** What was decided and why, the newest `DECISIONS_MAX`. */
export class DecisionLog {
  readonly #clock: Clock;
  readonly #decisions: Decision[] = [];
  /** What was said of each subject last, so that the same is not said again. */
  readonly #said = new Map<string, string>();
  /** Of the master's present time of being active. */
  epoch = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(kind: string, text: string, isExecuted = true): void {
    this.#decisions.push({ at: this.#clock.wall(), epoch: this.epoch, kind, text, isExecuted });
    if (this.#decisions.length > DECISIONS_MAX) this.#decisions.shift();
  }

  /** Adds it unless it is what was said of this subject last. */
  say(subject: string, kind: string, text: string, isExecuted = true): void {
    if (this.#said.get(subject) === text) return;
    if (this.#said.size >= SUBJECTS_MAX) this.#said.clear();
    this.#said.set(subject, text);
    this.add(kind, text, isExecuted);
  }

  /** Nothing is to be said of the subject any more. */
  unsay(subject: string): void {
    this.#said.delete(subject);
  }

  /** Newest first. */
  newest(limit = DECISIONS_MAX): readonly Decision[] {
    return this.#decisions.slice(-Math.max(1, limit)).reverse();
  }
}
