import { ByteWriter } from "../../base/byteWriter.ts";
import { type Seq, seq, type WallMillis, wallMillis } from "../../base/ids.ts";
import { type Disk, DiskError } from "../../ports/disk.ts";
import { ActiveSegment } from "./activeSegment.ts";
import type { EpochIndex } from "./epochIndex.ts";
import { LogWriteError } from "./logError.ts";
import type { LogOptions } from "./options.ts";
import { beginRecord, type RecordView, sealRecord, stampRecord } from "./record.ts";
import { endOfRecord, removeBehind } from "./rewrite.ts";
import type { Segment } from "./segment.ts";
import type { LogPosition } from "./walk.ts";

/** What `openLog` found or made. */
export interface LogState {
  /** In order; the last is the active one. */
  readonly segments: Segment[];
  readonly last: LogPosition;
  readonly epochs: EpochIndex;
  /** The highest seq that something on disk says to be durable. */
  readonly confirmed: Seq;
  readonly tornBytes: number;
}

/**
 * The files of a log, and what of them is known in memory. Does what it is told: that one thing happens at a time, and what
 * follows from a failure, is the business of `Log`. Methods reject with a `LogWriteError` when nothing was changed for want of
 * something that may come back, and with `DiskError` when nobody knows what is on disk.
 */
export class LogFiles {
  readonly segments: Segment[];
  readonly last: LogPosition;
  readonly epochs: EpochIndex;
  active: ActiveSegment;
  /** Everything up to here survives the power, … */
  durable: Seq;
  /** … and something on disk says so of everything up to here. */
  confirmed: Seq;
  readonly #disk: Disk;
  readonly #options: LogOptions;
  #lastTime: WallMillis = wallMillis(0);

  constructor(disk: Disk, options: LogOptions, active: ActiveSegment, state: LogState) {
    this.#disk = disk;
    this.#options = options;
    this.active = active;
    this.segments = state.segments;
    this.last = state.last;
    this.epochs = state.epochs;
    this.durable = state.last.seq;
    this.confirmed = state.confirmed;
  }

  /** About how many bytes of records stand behind `after`: within a segment, entries count as equally large. */
  bytesAfter(after: Seq): number {
    let sum = 0;
    for (const { afterSeq, lastSeq, end } of this.segments) {
      if (lastSeq <= after) continue;
      const share = after <= afterSeq ? 1 : (lastSeq - after) / (lastSeq - afterSeq);
      sum += Math.ceil(end * share);
    }
    return sum;
  }

  /** Puts a record behind the last one; if that is refused, nothing of it stays. It counts after `accept`. */
  async put(record: Uint8Array): Promise<void> {
    const { active } = this;
    this.stamp(record);
    try {
      if (!active.isPrepared(record.length)) await active.prepare(record.length);
      const pending = active.put(record);
      if (pending !== undefined) await pending;
    } catch (error) {
      const failure = asRefusal(error);
      if (isRefusal(failure)) await active.withdraw();
      throw failure;
    }
  }

  stamp(record: Uint8Array): void {
    stampRecord(record, this.active.segment.salt, this.durable, this.#options.checksum);
  }

  /** Takes the record that was put as part of the log. */
  accept(bytes: number, view: RecordView): void {
    this.active.accept(bytes, view);
    this.epochs.append(view.firstSeq, view.epoch);
    this.last.seq = view.lastSeq;
    this.last.epoch = view.epoch;
    this.#lastTime = view.time;
    this.confirmed = this.durable;
  }

  /** Makes everything survive the power, when nothing is written meanwhile. */
  async syncAll(): Promise<void> {
    await this.active.sync();
    this.durable = this.last.seq;
  }

  /** Says behind the last record that it was synced, unless a disk without room leaves the log as a crash would. */
  async mark(): Promise<void> {
    if (this.confirmed === this.durable) return;
    const writer = new ByteWriter();
    beginRecord(writer);
    const { seq: last, epoch } = this.last;
    sealRecord(writer, { epoch, firstSeq: seq(last + 1), count: 0, time: this.#lastTime }, this.#options.checksum);
    try {
      await this.put(writer.view());
    } catch (error) {
      if (isRefusal(error)) return;
      throw error;
    }
    await this.active.sync();
  }

  /**
   * Goes on in a new segment, which is on disk before it gets a record. Records may be put at once into the old one
   * meanwhile; `settle` cuts off what was refused of them.
   */
  async roll(settle: () => Promise<void>): Promise<void> {
    const old = this.active;
    let next = await this.#createNext(old.segment.serial + 1);
    for (;;) {
      await settle();
      // The header is where the epoch of the entry before it will be found when the segments before it were cut.
      if (next.segment.statedEpoch === this.last.epoch) break;
      await next.close();
      next = await this.#createNext(old.segment.serial + 1);
    }
    // Entries that came meanwhile are in the old segment; from here on they go to the new one.
    next.segment.afterSeq = this.last.seq;
    next.segment.afterEpoch = this.last.epoch;
    next.segment.lastSeq = this.last.seq;
    this.segments.push(next.segment);
    this.active = next;
    if (this.durable < old.segment.lastSeq) {
      await old.sync();
      this.durable = old.segment.lastSeq;
    }
    await old.close();
  }

  async #createNext(serial: number): Promise<ActiveSegment> {
    try {
      return await ActiveSegment.create(this.#disk, serial, this.last, this.durable, this.#options);
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** A segment that cannot be followed by a new one at present may grow on. */
  async rollIfPossible(settle: () => Promise<void>): Promise<void> {
    try {
      await this.roll(settle);
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }

  async removeOldest(): Promise<void> {
    const oldest = this.segments[0]!;
    await this.#disk.remove(oldest.name);
    this.segments.shift();
    this.epochs.cut(oldest.lastSeq);
    // Before the next one goes: a crash must not bring back an older segment without the one behind it.
    await this.#disk.syncDirectory();
  }

  /** Takes back the entries behind `after`, of which there are some. Calls `onChange` before the first change. */
  async truncateAfter(after: Seq, onChange: () => void): Promise<void> {
    const { segments } = this;
    const position = { seq: after, epoch: this.epochs.epochAt(after)! };
    const found = segments.findLastIndex((segment) => segment.afterSeq < after);
    if (found < 0) {
      onChange();
      return this.beginAnew(position);
    }
    const segment = segments[found]!;
    const { active, end } = await this.#openAt(segment, after);
    onChange();
    await removeBehind(this.#disk, segments, found);
    Object.assign(segment, { end, lastSeq: after, places: segment.places.filter((place) => place.at < end) });
    // It is the same file if this is the newest segment, and a removed one otherwise.
    if (active !== this.active) await this.active.close();
    this.active = active;
    await active.withdraw();
    this.#goOnBehind(position);
    // Where an earlier record of this segment stood, none that follows may be taken for it, nor it for one of those: the
    // next segment has another salt. Without room for it the log goes on here.
    await this.rollIfPossible(async () => undefined);
  }

  async #openAt(segment: Segment, after: Seq): Promise<{ active: ActiveSegment; end: number }> {
    try {
      const end = await endOfRecord(this.#disk, segment, after, this.#options.checksum);
      const isNewest = segment === this.active.segment;
      const active = isNewest ? this.active : await ActiveSegment.open(this.#disk, segment, this.#options);
      return { active, end };
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** Empties the log, which then goes on behind `position`: its first segment is replaced in one step by an empty one. */
  async beginAnew(position: LogPosition): Promise<void> {
    await removeBehind(this.#disk, this.segments, 0);
    const { serial } = this.segments[0]!;
    const active = await ActiveSegment.create(this.#disk, serial, position, position.seq, this.#options);
    await this.active.close();
    this.segments.splice(0, 1, active.segment);
    this.active = active;
    this.epochs.reset(position.seq, position.epoch);
    this.#goOnBehind(position);
  }

  /** What is left of the log ends with an entry that is durable. */
  #goOnBehind(position: LogPosition): void {
    Object.assign(this.last, position);
    this.epochs.truncateAfter(position.seq);
    this.durable = position.seq;
    this.confirmed = seq(Math.min(this.confirmed, position.seq));
  }
}

/** A refusal for want of something that may come back; any other error as it is. */
export function asRefusal(error: unknown): unknown {
  const code = error instanceof DiskError ? error.code : undefined;
  if (code !== "disk_full" && code !== "too_many_files") return error;
  return new LogWriteError(code, "the log takes no entry at present", error);
}

/** Whether it says that the log is as it was and may be written again later. */
export function isRefusal(failure: unknown): failure is LogWriteError {
  return failure instanceof LogWriteError && failure.code !== "poisoned";
}
