import { type Epoch, type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import type { EpochRun } from "./epochRuns.ts";
import { EpochRuns } from "./epochRuns.ts";

/** How far a replica's log has come, in each of the senses that matter. */
export class LogPosition {
  /** What was handed to the log, and of which epochs it is. */
  runs: EpochRuns;
  /** The newest entry that was evaluated: at a primary it may not have been handed to the log yet. */
  proposedSeq: Seq;
  /** Up to here this replica's log is on disk. */
  durableSeq: Seq;
  /** Up to here everything is decided. */
  commitPoint: Seq;
  /** How often the tail was cut off: what was begun before says nothing of what is written now. */
  generation = 0;

  constructor(runs: readonly EpochRun[], lastSeq: Seq, commitPoint: Seq) {
    this.runs = new EpochRuns(runs, lastSeq);
    this.proposedSeq = lastSeq;
    this.durableSeq = lastSeq;
    this.commitPoint = commitPoint;
  }

  get lastSeq(): Seq {
    return this.runs.lastSeq;
  }

  truncate(after: Seq): void {
    invariant(after >= this.commitPoint, "what is committed is never cut off");
    this.runs.truncate(after);
    this.proposedSeq = after;
    this.durableSeq = seq(Math.min(this.durableSeq, after));
    this.generation++;
  }

  /** The log is empty and begins behind `at`, which a snapshot has. */
  restart(at: Seq, atEpoch: Epoch): void {
    this.runs = new EpochRuns([{ epoch: atEpoch, firstSeq: at }], at);
    this.proposedSeq = at;
    this.durableSeq = at;
    this.commitPoint = at;
    this.generation++;
  }

  /** Forgets what was evaluated and never handed to the log. */
  forgetProposed(): void {
    this.proposedSeq = this.lastSeq;
  }
}
