import type { Epoch, Seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";

/** From `firstSeq` on, up to the next run, the log's entries are of `epoch`. */
export interface EpochRun {
  readonly epoch: Epoch;
  readonly firstSeq: Seq;
}

/**
 * Of which epoch each entry of a log is, the one before the first kept included. Epochs change when a primary does, so
 * that a run for each takes no memory worth counting. It is read from the records when the log is opened; the entry
 * before the first one kept is in the header of the first segment.
 */
export class EpochIndex {
  /** Epochs rise, and so do first seqs. The first run begins with the entry before the first one kept. */
  #runs: EpochRun[];

  constructor(before: Seq, epoch: Epoch) {
    this.#runs = [{ epoch, firstSeq: before }];
  }

  get runs(): readonly EpochRun[] {
    return this.#runs;
  }

  /** Forgets everything: the log begins behind an entry of `epoch`. */
  reset(before: Seq, epoch: Epoch): void {
    this.#runs = [{ epoch, firstSeq: before }];
  }

  /** Entries from `firstSeq` on are of `epoch`. */
  append(firstSeq: Seq, epoch: Epoch): void {
    const newest = this.#runs.at(-1)!;
    invariant(epoch >= newest.epoch && firstSeq > newest.firstSeq, "epochs and seqs of a log rise");
    if (epoch > newest.epoch) this.#runs.push({ epoch, firstSeq });
  }

  truncateAfter(after: Seq): void {
    while (this.#runs.length > 1 && this.#runs.at(-1)!.firstSeq > after) this.#runs.pop();
  }

  /** Forgets what is before entry `before`, which is now the one before the first kept. */
  cut(before: Seq): void {
    const first = this.#runs.findLastIndex((run) => run.firstSeq <= before);
    invariant(first >= 0, "a log is cut where it has been");
    this.#runs.splice(0, first + 1, { epoch: this.#runs[first]!.epoch, firstSeq: before });
  }

  /** Epoch of entry `at`, which must not be behind the last one; undefined for what is before the runs. */
  epochAt(at: Seq): Epoch | undefined {
    return this.#runs.findLast((run) => run.firstSeq <= at)?.epoch;
  }
}
