import { MalformedBytes } from "../../base/byteReader.ts";
import { type Seq, seq } from "../../base/ids.ts";
import type { KeySpace } from "../../core/state/keySpace.ts";
import { Replayer } from "../../core/state/replay.ts";
import type { Timers } from "../../ports/clock.ts";
import type { Log } from "../../storage/log/log.ts";
import { RecordView } from "../../storage/log/record.ts";
import { applyRecord, replay } from "../recovery.ts";
import type { Undecided } from "./undecided.ts";

export interface StateProgressParts {
  readonly log: Log;
  readonly timers: Timers;
  readonly state: KeySpace;
  readonly undecided: Undecided;
  /** The state has come further. */
  readonly onApplied: () => void;
  /** An entry cannot be applied: log or store is damaged. */
  readonly onDamage: (message: string) => void;
}

/** Brings the state up to entries that are decided: from memory where they have just come, else from the log. */
export class StateProgress {
  readonly #parts: StateProgressParts;
  readonly #replayer: Replayer;
  readonly #view = new RecordView();
  #applied: Seq;
  #target: Seq;
  #replaying: Promise<void> | undefined;
  #suspended = false;
  #isDue = false;

  constructor(parts: StateProgressParts, applied: Seq) {
    this.#parts = parts;
    this.#replayer = new Replayer(parts.state);
    this.#applied = applied;
    this.#target = applied;
  }

  /** The state has everything up to here, and nothing behind it. */
  get appliedSeq(): Seq {
    return this.#applied;
  }

  /** Nothing is being applied or made anew at present: the state is exactly that of `appliedSeq`. */
  get isSettled(): boolean {
    return !this.#suspended && this.#replaying === undefined;
  }

  /** The state has nothing behind this: up to here it is being brought. */
  get target(): Seq {
    return this.#target;
  }

  /** The state is being made anew: nothing is applied until `restart`. Resolves when nothing is under way. */
  async suspend(): Promise<void> {
    this.#suspended = true;
    await this.#replaying;
  }

  /** The state is what the store has now, up to `applied`. */
  restart(applied: Seq): void {
    this.#applied = applied;
    this.#target = applied;
    this.#suspended = false;
  }

  /** Whoever evaluates changes the state by itself: it has come this far. */
  evaluated(upTo: Seq): void {
    this.#applied = upTo;
    this.#target = upTo;
  }

  /** Entries up to `upTo` are to be applied: at once, as far as they are at hand. */
  advance(upTo: Seq): void {
    if (upTo > this.#target) this.#target = upTo;
    if (!this.#suspended && this.#replaying === undefined) this.#go();
  }

  /** The same at the end of the turn: what the log is to take goes first, and while the disk is busy there is time for this. */
  advanceSoon(upTo: Seq): void {
    if (upTo > this.#target) this.#target = upTo;
    if (this.#isDue) return;
    this.#isDue = true;
    this.#parts.timers.endOfTurn(() => {
      this.#isDue = false;
      this.advance(this.#target);
    });
  }

  /** Resolves when everything that was asked for is applied. */
  async reached(): Promise<void> {
    while (this.#replaying !== undefined) await this.#replaying;
  }

  #go(): void {
    const before = this.#applied;
    const { undecided } = this.#parts;
    while (this.#applied < this.#target) {
      const record = undecided.records[0];
      if (record === undefined || record.firstSeq > this.#applied + 1) {
        const upTo = record === undefined ? this.#target : Math.min(this.#target, record.firstSeq - 1);
        this.#replaying = this.#replay(seq(upTo));
        break;
      }
      this.#view.load(record.bytes, 0);
      const upTo = seq(Math.min(this.#target, record.lastSeq));
      try {
        applyRecord(this.#replayer, this.#view, this.#applied, upTo);
      } catch (error) {
        if (!(error instanceof MalformedBytes)) throw error;
        return this.#parts.onDamage(
          `an entry that the primary sent, or a value of the store, cannot be read: ${error.message}`,
        );
      }
      this.#applied = upTo;
      undecided.decided(upTo);
    }
    if (this.#applied > before) this.#parts.onApplied();
  }

  async #replay(upTo: Seq): Promise<void> {
    const { log, state, onDamage, onApplied } = this.#parts;
    const replayed = await replay(log, state, this.#applied, upTo);
    this.#replaying = undefined;
    if (!replayed.ok) return onDamage(replayed.error.message);
    this.#applied = upTo;
    this.#parts.undecided.decided(upTo);
    onApplied();
    if (!this.#suspended) this.#go();
  }
}
