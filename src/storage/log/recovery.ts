import { epoch, SEQ_NONE, type Seq, seq } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Disk, DiskFile } from "../../ports/disk.ts";
import { ChunkReader } from "./chunkReader.ts";
import { EpochIndex } from "./epochIndex.ts";
import { type LogError, type LogErrorCode, logError } from "./logError.ts";
import type { LogOptions } from "./options.ts";
import {
  decodeSegmentHeader,
  notePlace,
  SEGMENT_HEADER_BYTES,
  type Segment,
  type SegmentHeader,
  segmentName,
  segmentSerial,
} from "./segment.ts";
import { type LogPosition, searchRemains, type WalkEnd, walkSegment } from "./walk.ts";

/** What is on disk, before anything is changed. */
export interface Recovered {
  /** In order; records go on behind the end of the last. */
  readonly segments: Segment[];
  /** Segments behind those, in which nothing is that was ever synced. */
  readonly surplus: readonly string[];
  readonly last: LogPosition;
  readonly epochs: EpochIndex;
  /** Where the records begin that no later record confirms to have been synced, for each segment that has any. */
  readonly unconfirmed: ReadonlyMap<Segment, number>;
  /** The highest seq that a record which stays says to be durable. */
  readonly confirmed: Seq;
  /** Bytes of a record or of records that were never synced as a whole. */
  readonly tornBytes: number;
}

interface WalkedRecord {
  readonly segment: Segment;
  readonly at: number;
  readonly lastSeq: Seq;
}

/** Reads a log as a crash may have left it, and changes nothing. Rejects with `DiskError`. */
export async function recover(disk: Disk, options: LogOptions): Promise<Result<Recovered, LogError>> {
  const serials = (await disk.list()).map(segmentSerial).filter((serial) => serial !== undefined);
  for (let i = 1; i < serials.length; i++) {
    const expected = serials[i - 1]! + 1;
    if (serials[i] !== expected) return fail("hole", segmentName(expected), 0, "the file is missing");
  }
  return new Recovery(disk, options).run(serials);
}

/**
 * The rule that separates a torn tail from damage: every record says up to which seq everything had been synced when
 * it was written. Where the sequence breaks at seq s, it is the end if nothing behind the break says that s had been
 * synced: then nobody was ever told that s is durable. Else bytes were lost that had been durable, and the log is
 * refused.
 */
class Recovery {
  readonly #disk: Disk;
  readonly #options: LogOptions;
  readonly #segments: Segment[] = [];
  readonly #position: LogPosition = { seq: SEQ_NONE, epoch: epoch(0) };
  readonly #epochs = new EpochIndex(SEQ_NONE, epoch(0));
  #unconfirmed: WalkedRecord[] = [];
  #lastRecord: WalkedRecord | undefined;
  /** The highest durable point found anywhere, */
  #durable = 0;
  /** and in a record that is part of the log. */
  #confirmed = 0;
  /** Index of the segment behind whose end the sequence breaks, if segments follow it. */
  #breakIndex: number | undefined;
  #tornBytes = 0;

  constructor(disk: Disk, options: LogOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  async run(serials: readonly number[]): Promise<Result<Recovered, LogError>> {
    for (const serial of serials) {
      const failure = await this.#withFile(segmentName(serial), (file) => this.#readSegment(file, serial));
      if (failure !== undefined) return err(failure);
    }
    const lastIndex = this.#breakIndex ?? this.#segments.length - 1;
    for (let i = Math.max(lastIndex, 0); i < this.#segments.length; i++) await this.#searchBehind(i, lastIndex);
    const last = this.#segments[lastIndex];
    if (last !== undefined && this.#durable > this.#position.seq) {
      return err(this.#lost(last));
    }
    return ok({
      segments: this.#segments.slice(0, lastIndex + 1),
      surplus: this.#segments.slice(lastIndex + 1).map((segment) => segment.name),
      last: this.#position,
      epochs: this.#epochs,
      confirmed: seq(this.#confirmed),
      unconfirmed: this.#unconfirmedStarts(),
      tornBytes: this.#tornBytes,
    });
  }

  async #readSegment(file: DiskFile, serial: number): Promise<LogError | undefined> {
    const name = segmentName(serial);
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const length = await file.read(bytes, 0);
    const header = this.#checkHeader(name, serial, bytes.subarray(0, length));
    if (!header.ok) return header.error;
    const { salt, afterSeq, afterEpoch, durable } = header.value;
    if (this.#breakIndex === undefined) {
      const previous = this.#segments.at(-1);
      if (previous === undefined) Object.assign(this.#position, { seq: afterSeq, epoch: afterEpoch });
      else if (durable > this.#position.seq) return this.#lost(previous);
      // It was made when there were entries that are gone, so nothing can stand in it that goes on from here.
      else if (afterSeq > this.#position.seq) this.#breakIndex = this.#segments.length - 1;
    }
    this.#durable = Math.max(this.#durable, durable);
    const end = SEGMENT_HEADER_BYTES;
    const after = { afterSeq, afterEpoch, statedEpoch: afterEpoch, lastSeq: afterSeq };
    const segment: Segment = { name, serial, salt, ...after, end, places: [] };
    this.#segments.push(segment);
    return this.#breakIndex === undefined ? this.#walk(file, segment) : undefined;
  }

  #lost(segment: Segment): LogError {
    const sentence = `entry ${this.#position.seq + 1} was durable and cannot be read any more`;
    return logError("damaged", segment.name, segment.end, sentence);
  }

  #checkHeader(name: string, serial: number, bytes: Uint8Array): Result<SegmentHeader, LogError> {
    const header = decodeSegmentHeader(bytes, this.#options.checksum);
    if (header === "damaged") return fail("damaged", name, 0, "the header of the segment is damaged");
    if (header === "newer_format") return fail("newer_format", name, 0, "the segment was written by a later version");
    if (header.identity !== this.#options.identity) return fail("foreign", name, 0, "the segment is of another log");
    if (header.serial !== serial) return fail("damaged", name, 0, `the file is segment ${header.serial} of the log`);
    return ok(header);
  }

  async #walk(file: DiskFile, segment: Segment): Promise<LogError | undefined> {
    let end = await this.#walkFrom(file, segment);
    // Entries may have gone to the segment before, now cut off, while this one was made.
    if (end.stop === "gap" && end.at === SEGMENT_HEADER_BYTES && this.#segments.length === 1) {
      this.#position.seq = seq(end.foundSeq - 1);
      end = await this.#walkFrom(file, segment);
    }
    segment.lastSeq = this.#position.seq;
    segment.end = end.at;
    if (end.stop === "end") return undefined;
    if (end.stop === "newer_format")
      return logError("newer_format", segment.name, end.at, "a record of a later version");
    if (end.stop === "gap" && end.at === SEGMENT_HEADER_BYTES) {
      this.#breakIndex = this.#segments.length - 2;
      return undefined;
    }
    return logError("damaged", segment.name, end.at, "a record stands where another one belongs");
  }

  #walkFrom(file: DiskFile, segment: Segment): Promise<WalkEnd> {
    segment.afterSeq = this.#position.seq;
    segment.afterEpoch = this.#position.epoch;
    if (this.#segments.length === 1) this.#epochs.reset(segment.afterSeq, segment.afterEpoch);
    const reader = new ChunkReader(file, file.length);
    return walkSegment(reader, segment.salt, this.#position, this.#options.checksum, (record, at) => {
      this.#confirmed = Math.max(this.#confirmed, record.durable);
      this.#durable = Math.max(this.#durable, record.durable);
      notePlace(segment, at, record.firstSeq, record.epoch);
      if (record.count > 0) this.#epochs.append(record.firstSeq, record.epoch);
      this.#lastRecord = { segment, at, lastSeq: record.lastSeq };
      this.#unconfirmed.push(this.#lastRecord);
      this.#forgetConfirmed();
    });
  }

  /** Keeps the list of records short where each record confirms the one before it. */
  #forgetConfirmed(): void {
    const first = this.#unconfirmed.findIndex((record) => record.lastSeq > this.#durable);
    if (first !== 0) this.#unconfirmed.splice(0, first === -1 ? this.#unconfirmed.length : first);
  }

  async #searchBehind(index: number, lastIndex: number): Promise<void> {
    const segment = this.#segments[index]!;
    const from = index === lastIndex ? segment.end : SEGMENT_HEADER_BYTES;
    await this.#withFile(segment.name, async (file) => {
      const reader = new ChunkReader(file, file.length);
      const remains = await searchRemains(reader, from, segment.salt, this.#options.checksum);
      this.#durable = Math.max(this.#durable, remains.durable);
      this.#tornBytes += remains.written - from;
    });
  }

  #unconfirmedStarts(): Map<Segment, number> {
    const starts = new Map<Segment, number>();
    for (const { segment, at, lastSeq } of this.#unconfirmed) {
      if (lastSeq > this.#durable && !starts.has(segment)) starts.set(segment, at);
    }
    // A mark confirms the entries before it, and nothing confirms the mark.
    const last = this.#lastRecord;
    if (last !== undefined && !starts.has(last.segment)) starts.set(last.segment, last.at);
    return starts;
  }

  async #withFile<T>(name: string, use: (file: DiskFile) => Promise<T>): Promise<T> {
    const file = await this.#disk.open(name, { create: false });
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  }
}

function fail(code: LogErrorCode, file: string, at: number, message: string): Result<never, LogError> {
  return err(logError(code, file, at, message));
}
