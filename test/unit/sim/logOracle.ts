import assert from "node:assert/strict";
import { type Seq, seq } from "../../../src/base/ids.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { EntryCursor } from "../../../src/storage/log/record.ts";

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
  #acknowledged = 0;
  #cut = 0;

  get lastSeq(): number {
    return this.#given.length - 1;
  }

  give(entry: GivenEntry): void {
    this.#given.push(entry);
  }

  /** The entries given last are one record, written when everything up to `durable` was. */
  recordGiven(durable: number): void {
    this.#sayings.push({ lastSeq: this.lastSeq, durable });
  }

  /** The log refused everything behind `lastSeq`: no crash may ever bring it back. */
  takeBack(lastSeq: number): void {
    this.#given.length = lastSeq + 1;
    this.#sayings = this.#sayings.filter((saying) => saying.lastSeq <= lastSeq);
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
  }
}
