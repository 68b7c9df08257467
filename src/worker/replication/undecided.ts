import { ByteReader } from "../../base/byteReader.ts";
import type { Seq } from "../../base/ids.ts";
import type { LogRecord } from "../../core/replica/message.ts";
import { keysOfEntry } from "../../core/state/mutationsOfEntry.ts";
import { EntryCursor, RecordView } from "../../storage/log/record.ts";

/** While the state is far behind so many bytes of records are kept; those before them are read from the log when their turn comes. */
const RECORDS_BYTES_MAX = 64 << 20;
/** The index is made anew when it has so many keys, most of which may be of entries that are decided. */
const INDEXED_KEYS_MAX = 1 << 16;

/**
 * What this replica's log holds and nobody has said to be committed: whole records in order, and, once somebody reads here, which
 * keys they change. Nothing is looked at while nobody reads.
 */
export class Undecided {
  #records: LogRecord[] = [];
  #bytes = 0;
  /** So many records are in the index. */
  #indexed = 0;
  readonly #newest = new Map<string, Seq>();
  /** Beyond so many keys the index is made anew. */
  #keysMax = INDEXED_KEYS_MAX;
  /** Entries up to here that are not among the records may change any key: they were in the log before this process, or before now. */
  blindUpTo = 0;
  /** The newest entry that changes every key. */
  #newestClear = 0;
  readonly #view = new RecordView();
  readonly #cursor = new EntryCursor();

  get records(): readonly LogRecord[] {
    return this.#records;
  }

  add(record: LogRecord): void {
    this.#records.push(record);
    this.#bytes += record.bytes.length;
    while (this.#bytes > RECORDS_BYTES_MAX && this.#records.length > 1) {
      this.blindUpTo = Math.max(this.blindUpTo, this.#records[0]!.lastSeq);
      this.#takeOut(1);
    }
  }

  /** The records behind `after` never were. */
  truncate(after: Seq): void {
    this.blindUpTo = Math.min(this.blindUpTo, after);
    this.#records = this.#records.filter((record) => record.lastSeq <= after);
    this.#bytes = this.#records.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#forgetIndex();
  }

  /** Takes those out that are decided as a whole. */
  decided(upTo: Seq): void {
    let count = 0;
    while (count < this.#records.length && this.#records[count]!.lastSeq <= upTo) count++;
    if (count === 0) return;
    this.#takeOut(count);
    if (this.#records.length === 0 || this.#newest.size > this.#keysMax) this.#forgetIndex();
  }

  #takeOut(count: number): void {
    for (const { bytes } of this.#records.splice(0, count)) this.#bytes -= bytes.length;
    this.#indexed = Math.max(0, this.#indexed - count);
  }

  /** Begins anew: what the log has, up to `logEnd`, is not known by key. */
  restart(logEnd: Seq): void {
    this.#records = [];
    this.#bytes = 0;
    this.blindUpTo = logEnd;
    this.#forgetIndex();
  }

  #forgetIndex(): void {
    this.#indexed = 0;
    this.#newest.clear();
    this.#newestClear = 0;
  }

  /** The newest entry that changes any of `keys`; 0 for none, or an entry that is decided by now. */
  newestOf(keys: readonly string[]): number {
    if (this.#records.length === 0) return this.blindUpTo;
    const isAnew = this.#indexed === 0;
    for (; this.#indexed < this.#records.length; this.#indexed++) this.#index(this.#records[this.#indexed]!);
    if (isAnew) this.#keysMax = Math.max(INDEXED_KEYS_MAX, this.#newest.size * 2);
    let newest = Math.max(this.blindUpTo, this.#newestClear);
    for (const key of keys) newest = Math.max(newest, this.#newest.get(key) ?? 0);
    return newest;
  }

  #index(record: LogRecord): void {
    this.#view.load(record.bytes, 0);
    const cursor = this.#cursor.open(this.#view);
    while (cursor.next()) {
      const keys = keysOfEntry(new ByteReader(cursor.bytes, cursor.start, cursor.end));
      if (keys === undefined) this.#newestClear = cursor.seq;
      else for (const key of keys) this.#newest.set(key, cursor.seq);
    }
  }
}
