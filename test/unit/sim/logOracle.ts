import assert from "node:assert/strict";
import { type Seq, seq } from "../../../src/base/ids.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import type { LogRecord } from "../../../src/storage/log/readRecords.ts";
import { EntryCursor, RecordView } from "../../../src/storage/log/record.ts";
import { readWire } from "../../../src/storage/log/wireRecord.ts";

export interface GivenEntry {
  readonly epoch: number;
  readonly time: number;
  readonly content: string;
}

/**
 * Knows what was given to a log, what it acknowledged and what it refused, and says whether the log that comes back
 * after a crash may look as it does: every acknowledged entry is there, nothing that was refused, and a prefix of
 * what was given.
 */
export class LogOracle {
  readonly #given: GivenEntry[] = [{ epoch: 0, time: 0, content: "" }];
  /** For each record, and each mark behind one, up to which seq it says everything was durable. */
  #sayings: { readonly lastSeq: number; readonly durable: number }[] = [];
  /** Seqs with which a record ends. */
  #ends = new Set([0]);
  #acknowledged = 0;
  #cut = 0;
  /** The store would notice if the log ended before what was cut off: it is asked after damage only. */
  #isCutMissed = false;
  /** A log that begins here may have taken the place of the old one. */
  #resetTo: { readonly seq: number; readonly epoch: number } | undefined;

  get lastSeq(): number {
    return this.#given.length - 1;
  }

  give(entry: GivenEntry): void {
    this.#given.push(entry);
  }

  /** The entries given last are one record, written when everything up to `durable` was. */
  recordGiven(durable: number): void {
    this.#sayings.push({ lastSeq: this.lastSeq, durable });
    this.#ends.add(this.lastSeq);
  }

  /** A seq that ends a record, as far back as the log goes. */
  drawEnd(prng: Prng, log: Log): number {
    return prng.pick([...this.#ends].filter((end) => end >= log.firstSeq - 1 && end <= log.lastSeq));
  }

  epochAt(at: number): number {
    return this.#given[at]!.epoch;
  }

  /** The log is asked to take back what is behind `after`: until it is done, any of that may be there or not. */
  truncationBegins(after: number): void {
    this.#acknowledged = Math.min(this.#acknowledged, after);
  }

  truncationEnds(after: number): void {
    this.takeBack(after);
    this.acknowledge(after);
  }

  /** A seq behind which the log may be told to begin. */
  drawReset(prng: Prng): number {
    return prng.between(this.#cut + 1, this.lastSeq + 20);
  }

  /** Until the reset is done, there is any beginning of the old log, or the new one. */
  resetBegins(target: { readonly seq: number; readonly epoch: number }): void {
    this.#acknowledged = 0;
    this.#resetTo = target;
  }

  resetEnds(): void {
    const { seq: last, epoch } = this.#resetTo!;
    this.#resetTo = undefined;
    while (this.#given.length <= last) this.#given.push({ epoch, time: 0, content: "" });
    this.#given[last] = { epoch, time: 0, content: "" };
    this.#given.length = last + 1;
    this.#sayings = [];
    this.#ends = new Set([last]);
    this.#cut = last;
    this.#acknowledged = last;
  }

  /** The log refused everything behind `lastSeq`: no crash may ever bring it back. */
  takeBack(lastSeq: number): void {
    this.#given.length = lastSeq + 1;
    this.#sayings = this.#sayings.filter((saying) => saying.lastSeq <= lastSeq);
    for (const end of this.#ends) if (end > lastSeq) this.#ends.delete(end);
  }

  /** The log said that everything up to `upTo` is durable. */
  acknowledge(upTo: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, upTo);
  }

  /** The log was closed with a mark. */
  marked(): void {
    this.recordGiven(this.lastSeq);
  }

  /**
   * A bit has turned over. What a durable record behind it says to be durable must be there or be missed loudly; the
   * rest, which is the last record at most, may have gone like a torn tail.
   */
  forgiveUnconfirmed(): void {
    const durable = this.#sayings.filter((saying) => saying.lastSeq <= this.#acknowledged);
    this.#acknowledged = Math.max(0, ...durable.map((saying) => saying.durable));
    this.#isCutMissed = true;
  }

  /** The record that said most may have been the one that went. */
  forgetLastSaying(): void {
    this.#sayings = this.#sayings.filter((saying) => saying.lastSeq < this.lastSeq);
  }

  /** A seq up to which the log may be cut. */
  drawCut(prng: Prng): Seq {
    const upTo = prng.between(0, this.#acknowledged);
    this.#cut = Math.max(this.#cut, upTo);
    return seq(upTo);
  }

  /** Reads a log that was opened, and goes on from what it holds. */
  async check(log: Log, settle: <T>(promise: Promise<T>) => Promise<T>): Promise<void> {
    if (this.#resetTo !== undefined && log.firstSeq === this.#resetTo.seq + 1) this.resetEnds();
    this.#resetTo = undefined;
    assert.ok(this.#ends.has(log.lastSeq), `the log ends at ${log.lastSeq}, in the middle of a record`);
    // A log whose only record is gone may end before what was cut off it, which the store has, and misses.
    const isMissed = this.#isCutMissed && log.lastSeq < this.#cut;
    this.#isCutMissed = false;
    if (isMissed) this.#acknowledged = this.#cut = log.lastSeq;
    assert.ok(
      log.lastSeq >= this.#acknowledged,
      `${this.#acknowledged} was acknowledged, the log ends at ${log.lastSeq}`,
    );
    assert.ok(log.lastSeq <= this.lastSeq, `${log.lastSeq} came back, ${this.lastSeq} was the last one given`);
    assert.ok(log.firstSeq <= this.#cut + 1, `cut up to ${this.#cut}, the log begins at ${log.firstSeq}`);
    assert.equal(log.durableSeq, log.lastSeq);
    await this.checkEntries(log, settle);
    this.takeBack(log.lastSeq);
    this.acknowledge(log.lastSeq);
  }

  /** Compares every entry that a log holds, at any time. */
  async checkEntries(log: Log, settle: <T>(promise: Promise<T>) => Promise<T>): Promise<void> {
    const cursor = new EntryCursor();
    const after = Math.min(this.#cut, log.lastSeq);
    let last: number | undefined;
    const replayed = await settle(
      log.replay(seq(after), (record) => {
        for (cursor.open(record); cursor.next(); ) {
          assert.equal(cursor.seq, last === undefined ? cursor.seq : last + 1);
          last = cursor.seq;
          const content = decodeLatin1(cursor.bytes, cursor.start, cursor.end);
          const given = this.#given[cursor.seq]!;
          const same = content === given.content && record.epoch === given.epoch && record.time === given.time;
          assert.ok(same, `entry ${cursor.seq} is not what was given`);
        }
        assert.ok(record.lastSeq > after);
      }),
    );
    assert.ok(replayed.ok, replayed.ok ? "" : replayed.error.message);
    assert.equal(last ?? after, log.lastSeq, "the replay ended before the log does");
    this.checkEpochs(log);
  }

  checkEpochs(log: Log): void {
    for (let at = log.firstSeq - 1; at <= log.lastSeq; at++)
      assert.equal(log.epochAt(seq(at)), this.#given[at]!.epoch, `epoch of entry ${at}`);
    assert.equal(log.epochAt(seq(log.firstSeq - 2)), undefined);
    assert.equal(log.epochAt(seq(log.lastSeq + 1)), undefined);
  }

  /** Compares what the log gave away for another replica, from `from` on. */
  checkRead(records: readonly LogRecord[], from: number): void {
    const view = new RecordView();
    const cursor = new EntryCursor();
    let last = from - 1;
    for (const record of records) {
      assert.ok(readWire(record.bytes, nodeChecksum, view));
      const { firstSeq, lastSeq, epoch, time } = record;
      assert.deepEqual([firstSeq, lastSeq, epoch, time], [view.firstSeq, view.lastSeq, view.epoch, view.time]);
      assert.equal(firstSeq, last + 1);
      for (cursor.open(view); cursor.next(); ) {
        const given = this.#given[cursor.seq]!;
        assert.equal(decodeLatin1(cursor.bytes, cursor.start, cursor.end), given.content);
        assert.deepEqual([epoch, time], [given.epoch, given.time]);
      }
      last = lastSeq;
    }
  }
}
