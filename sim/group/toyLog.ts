import { type Epoch, epoch, type Seq, seq } from "../../src/base/ids.ts";
import type { EpochRun } from "../../src/core/replica/epochRuns.ts";
import type { LogRecord } from "../../src/core/replica/message.ts";
import { Violation } from "../violation.ts";

/** A write of `op` to `key`. The state is, of each key, the newest op. */
export interface Entry {
  readonly key: number;
  readonly op: number;
}

/** The key of the entries that open an epoch. */
export const BARRIER_KEY = 255;
const ENTRY_BYTES = 5;

export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  entries.forEach(({ key, op }, i) => {
    bytes[i * ENTRY_BYTES] = key;
    for (let at = 0; at < 4; at++) bytes[i * ENTRY_BYTES + 1 + at] = op >>> (8 * at);
  });
  return bytes;
}

export function decodeEntries(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const op = bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 24);
    entries.push({ key: bytes[at]!, op: op >>> 0 });
  }
  return entries;
}

/** Records behind a base, in memory or on a disk. Can only be cut where a record ends. */
export class ToyLog {
  baseSeq: Seq = seq(0);
  baseEpoch: Epoch = epoch(0);
  records: LogRecord[] = [];

  get lastSeq(): Seq {
    return this.records[this.records.length - 1]?.lastSeq ?? this.baseSeq;
  }

  append(record: LogRecord): void {
    if (record.firstSeq !== this.lastSeq + 1) {
      throw new Violation("logIsWhole", `a record from ${record.firstSeq} on was written behind ${this.lastSeq}`);
    }
    this.records.push(record);
  }

  truncate(after: Seq): void {
    while (this.records.length > 0 && this.lastSeq > after) this.records.pop();
    if (this.lastSeq !== after) throw new Violation("logIsWhole", `cut within a record, at ${after}`);
  }

  /** Forgets whole records at the front, up to `upTo` at most. Returns where it begins now. */
  cut(upTo: Seq): Seq {
    let count = 0;
    while (count < this.records.length && this.records[count]!.lastSeq <= upTo) count++;
    const last = this.records[count - 1];
    if (last !== undefined) {
      this.baseSeq = last.lastSeq;
      this.baseEpoch = last.epoch;
      this.records.splice(0, count);
    }
    return this.baseSeq;
  }

  restart(at: Seq, atEpoch: Epoch): void {
    this.baseSeq = at;
    this.baseEpoch = atEpoch;
    this.records = [];
  }

  /** Records that end at `from` or behind it, not too many; undefined if the log does not go back so far. */
  read(from: Seq, countMax: number): LogRecord[] | undefined {
    if (from <= this.baseSeq) return undefined;
    return this.#from(from, countMax);
  }

  #from(from: Seq, countMax: number): LogRecord[] {
    let first = this.records.length;
    while (first > 0 && this.records[first - 1]!.lastSeq >= from) first--;
    return this.records.slice(first, first + countMax);
  }

  /** The entries from `first` to `last`, with their seq and epoch. */
  *entries(first: number, last: number): Iterable<Entry & { readonly seq: Seq; readonly epoch: Epoch }> {
    for (const record of this.#from(seq(first), Number.POSITIVE_INFINITY)) {
      let at = record.firstSeq as number;
      for (const entry of decodeEntries(record.bytes)) {
        if (at >= first && at <= last) yield { ...entry, seq: seq(at), epoch: record.epoch };
        at++;
      }
      if (at > last) return;
    }
  }

  runs(): EpochRun[] {
    const runs: EpochRun[] = [{ epoch: this.baseEpoch, firstSeq: this.baseSeq }];
    for (const record of this.records) {
      if (record.epoch > runs[runs.length - 1]!.epoch) runs.push({ epoch: record.epoch, firstSeq: record.firstSeq });
    }
    return runs;
  }

  copy(): ToyLog {
    const copy = new ToyLog();
    copy.baseSeq = this.baseSeq;
    copy.baseEpoch = this.baseEpoch;
    copy.records = [...this.records];
    return copy;
  }
}
