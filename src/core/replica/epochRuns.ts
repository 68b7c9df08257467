import { type Epoch, epoch, type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";

/** From `firstSeq` on, up to the next run, the log's entries are of `epoch`. */
export interface EpochRun {
  readonly epoch: Epoch;
  readonly firstSeq: Seq;
}

/**
 * Of which epoch each entry of a log is. Two logs that have an entry of the same seq and epoch are the same up to there (log
 * matching: Raft, section 5.3), so this is all that has to be compared.
 */
export class EpochRuns {
  /** Epochs rise, and so do their first seqs. The first run begins at the entry before the first one kept. */
  #runs: EpochRun[];
  #lastSeq: Seq;

  /** `runs` cover the entries from the one before the first that is kept (seq 0 and epoch 0 for a log from the beginning). */
  constructor(runs: readonly EpochRun[], lastSeq: Seq) {
    this.#runs = runs.length > 0 ? [...runs] : [{ epoch: epoch(0), firstSeq: seq(0) }];
    this.#lastSeq = lastSeq;
  }

  get lastSeq(): Seq {
    return this.#lastSeq;
  }

  get lastEpoch(): Epoch {
    return this.#runs[this.#runs.length - 1]!.epoch;
  }

  /** The entry before the first one kept: what comes after it can be sent to others. */
  get baseSeq(): Seq {
    return this.#runs[0]!.firstSeq;
  }

  get runs(): readonly EpochRun[] {
    return this.#runs;
  }

  /** Undefined for what is not in the log any more, or not yet. */
  epochAt(at: Seq): Epoch | undefined {
    if (at > this.#lastSeq || at < this.baseSeq) return undefined;
    let found = this.#runs.length - 1;
    while (this.#runs[found]!.firstSeq > at) found--;
    return this.#runs[found]!.epoch;
  }

  append(recordEpoch: Epoch, lastSeq: Seq): void {
    invariant(recordEpoch >= this.lastEpoch && lastSeq > this.#lastSeq, "epochs and seqs of a log rise");
    if (recordEpoch > this.lastEpoch) this.#runs.push({ epoch: recordEpoch, firstSeq: seq(this.#lastSeq + 1) });
    this.#lastSeq = lastSeq;
  }

  /** Forgets everything behind `after`. */
  truncate(after: Seq): void {
    invariant(after >= this.baseSeq, "what was cut off at the front is committed");
    this.#lastSeq = after;
    while (this.#runs.length > 1 && this.lastRun.firstSeq > after) this.#runs.pop();
  }

  /** The log begins behind `upTo` now. */
  cut(upTo: Seq): void {
    const kept = this.epochAt(upTo);
    if (kept === undefined) return;
    const later = this.#runs.filter((run) => run.firstSeq > upTo);
    this.#runs = [{ epoch: kept, firstSeq: upTo }, ...later];
  }

  /** The newest entry up to which this log and another one, of which `runs` and `lastSeq` are known, are the same. */
  commonWith(runs: readonly EpochRun[], lastSeq: Seq): Seq | undefined {
    const other = new EpochRuns(runs, lastSeq);
    for (let at = this.#runs.length - 1; at >= 0; at--) {
      const run = this.#runs[at]!;
      const theirs = other.#runs.findIndex((each) => each.epoch === run.epoch);
      if (theirs < 0) continue;
      const end = Math.min(this.#endOf(at), other.#endOf(theirs));
      if (end >= Math.max(run.firstSeq, other.#runs[theirs]!.firstSeq)) return seq(end);
    }
    return undefined;
  }

  #endOf(at: number): number {
    const next = this.#runs[at + 1];
    return next === undefined ? this.#lastSeq : next.firstSeq - 1;
  }

  private get lastRun(): EpochRun {
    return this.#runs[this.#runs.length - 1]!;
  }
}
