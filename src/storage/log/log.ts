import { ByteWriter } from "../../base/byteWriter.ts";
import { type Epoch, type Seq, seq, type WallMillis, wallMillis } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import type { Result } from "../../base/result.ts";
import { type Disk, DiskError } from "../../ports/disk.ts";
import { ActiveSegment } from "./activeSegment.ts";
import { type LogError, LogWriteError } from "./logError.ts";
import type { LogOptions } from "./options.ts";
import { beginRecord, RecordView, sealRecord, stampRecord } from "./record.ts";
import { type LogVisit, replaySegments } from "./replay.ts";
import type { Segment } from "./segment.ts";
import type { LogPosition } from "./walk.ts";

/** What `openLog` found or made. */
export interface LogState {
  /** In order; the last is the active one. */
  readonly segments: Segment[];
  readonly last: LogPosition;
  /** The highest seq that something on disk says to be durable. */
  readonly confirmed: Seq;
  readonly tornBytes: number;
}

/**
 * The write-ahead log of one replica: a sequence of entries, in records, in segments. What it acknowledged it keeps.
 * When it cannot know what the disk keeps, it is *poisoned* and says so to every later call: the process has to end
 * then, for after a failed sync the page cache may hold what the disk never got (Rebello et al., ATC 2020). Made by
 * `openLog`.
 */
export class Log {
  /** Bytes that were cut off when the log was opened: of records that were never synced as a whole. */
  readonly tornBytes: number;
  readonly #disk: Disk;
  readonly #options: LogOptions;
  readonly #segments: Segment[];
  readonly #last: LogPosition;
  readonly #view = new RecordView();
  #active: ActiveSegment;
  #lastTime: WallMillis = wallMillis(0);
  #durable: Seq;
  #confirmed: Seq;
  /** What is under way; only `writeNow` may come in beside a sync, and `cut` beside both. */
  #running: "write" | "sync" | "close" | undefined;
  #cutting = false;
  #closed = false;
  #poison: LogWriteError | undefined;
  /** Why `writeNow` left a part of a record behind the last one, until that is cut off. */
  #refusal: LogWriteError | undefined;
  #withdrawal: Promise<void> | undefined;

  constructor(disk: Disk, options: LogOptions, active: ActiveSegment, state: LogState) {
    this.#disk = disk;
    this.#options = options;
    this.#active = active;
    this.#segments = state.segments;
    this.#last = state.last;
    this.#durable = state.last.seq;
    this.#confirmed = state.confirmed;
    this.tornBytes = state.tornBytes;
  }

  /** Seq of the oldest entry that is still in the log, or of the next one if there is none. */
  get firstSeq(): Seq {
    return seq(this.#segments[0]!.afterSeq + 1);
  }

  /** Seq of the last entry that was written. */
  get lastSeq(): Seq {
    return this.#last.seq;
  }

  /** Epoch of the last entry that was written. */
  get lastEpoch(): Epoch {
    return this.#last.epoch;
  }

  /** Everything up to this seq survives the power. */
  get durableSeq(): Seq {
    return this.#durable;
  }

  /** About how many bytes of records stand behind `after`: within a segment, entries count as equally large. */
  bytesAfter(after: Seq): number {
    let sum = 0;
    for (const { afterSeq, lastSeq, end } of this.#segments) {
      if (lastSeq <= after) continue;
      const share = after <= afterSeq ? 1 : (lastSeq - after) / (lastSeq - afterSeq);
      sum += Math.ceil(end * share);
    }
    return sum;
  }

  /**
   * Writes a sealed record and makes it survive the power. One at a time; the bytes must stay as they are until it is
   * done, and may be written again after a refusal. Rejects with `LogWriteError`.
   */
  async write(record: Uint8Array): Promise<void> {
    this.#enter("write");
    try {
      this.#expectNext(record);
      if (this.#refusal !== undefined) await this.#withdraw();
      if (!this.#active.fits(record.length)) await this.#roll();
      await this.#put(record);
      this.#accept(record);
      await this.#active.sync();
      this.#durable = this.#last.seq;
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#running = undefined;
    }
  }

  /**
   * Writes a sealed record at once, on the calling thread; it survives the process, and the power after a `sync` that
   * is called later. Throws `LogWriteError`; after a refusal it refuses everything until what was written in part is
   * cut off, which begins by itself.
   */
  writeNow(record: Uint8Array): void {
    this.#assertUsable();
    invariant(this.#running !== "write", "a record is written while another one is");
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#expectNext(record);
    this.#stamp(record);
    try {
      this.#active.putNow(record);
    } catch (error) {
      const failure = this.#asRefusal(error);
      if (isRefusal(failure)) this.#refuse(failure);
      throw failure;
    }
    this.#accept(record);
  }

  /** Makes everything survive the power that was written before the call. Rejects with `LogWriteError`. */
  async sync(): Promise<void> {
    this.#enter("sync");
    try {
      if (this.#refusal !== undefined) await this.#withdraw();
      const upTo = this.#last.seq;
      await this.#active.sync();
      this.#durable = upTo;
      if (this.#refusal !== undefined) await this.#withdraw();
      if (this.#active.full) await this.#rollIfPossible();
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#running = undefined;
    }
  }

  /**
   * Visits the records with entries behind `after`, in order, up to the last one written; the first may begin before.
   * What it reads must not be cut meanwhile. Throws `LogWriteError` if the log is poisoned or closed; passes on what
   * `visit` throws.
   */
  replay(after: Seq, visit: LogVisit): Promise<Result<void, LogError>> {
    this.#assertUsable();
    return replaySegments(this.#disk, [...this.#segments], after, this.#options.checksum, visit);
  }

  /**
   * Removes whole segments with nothing behind `upTo`, as long as a durable entry follows them. May run beside writes
   * and syncs. Rejects with `LogWriteError`.
   */
  async cut(upTo: Seq): Promise<void> {
    this.#assertUsable();
    invariant(!this.#cutting, "the log is cut twice at once");
    this.#cutting = true;
    try {
      for (;;) {
        const oldest = this.#segments[0]!;
        if (oldest.lastSeq > upTo || oldest.lastSeq >= this.#durable) return;
        await this.#disk.remove(oldest.name);
        this.#segments.shift();
        // Before the next one goes: a crash must not bring back an older segment without the one behind it.
        await this.#disk.syncDirectory();
      }
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#cutting = false;
    }
  }

  /**
   * Syncs, and leaves a mark which tells the next start that the last record was whole. Nothing may be under way.
   * Rejects if poisoned.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    invariant(this.#running === undefined && !this.#cutting, "the log is closed while it is in use");
    this.#running = "close";
    try {
      if (this.#poison !== undefined) throw this.#poison;
      await this.#settle();
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#closed = true;
      // Everything was synced, or the log is poisoned: what closing the file says changes nothing.
      await this.#active.close().catch(() => undefined);
    }
  }

  async #settle(): Promise<void> {
    if (this.#refusal !== undefined) await this.#withdraw();
    await this.#active.sync();
    this.#durable = this.#last.seq;
    if (this.#confirmed === this.#durable) return;
    const writer = new ByteWriter();
    beginRecord(writer);
    const { seq: last, epoch } = this.#last;
    sealRecord(writer, { epoch, firstSeq: seq(last + 1), count: 0, time: this.#lastTime }, this.#options.checksum);
    try {
      await this.#put(writer.view());
    } catch (error) {
      // A disk without room for the mark leaves the log as a crash would: whole, but unable to tell whether it is.
      if (isRefusal(error)) return;
      throw error;
    }
    await this.#active.sync();
  }

  /** Puts a record behind the last one; if that is refused, nothing of it stays. */
  async #put(record: Uint8Array): Promise<void> {
    const active = this.#active;
    this.#stamp(record);
    try {
      if (!active.isPrepared(record.length)) await active.prepare(record.length);
      const pending = active.put(record);
      if (pending !== undefined) await pending;
    } catch (error) {
      const failure = this.#asRefusal(error);
      if (isRefusal(failure)) await active.withdraw();
      throw failure;
    }
  }

  #stamp(record: Uint8Array): void {
    stampRecord(record, this.#active.segment.salt, this.#durable, this.#options.checksum);
  }

  #accept(record: Uint8Array): void {
    const view = this.#view;
    this.#active.accept(record.length, view.lastSeq);
    this.#last.seq = view.lastSeq;
    this.#last.epoch = view.epoch;
    this.#lastTime = view.time;
    this.#confirmed = this.#durable;
  }

  /**
   * Goes on in a new segment, which is on disk before it gets a record. Throws a refusal, having changed nothing, or
   * the error of a disk.
   */
  async #roll(): Promise<void> {
    const old = this.#active;
    let next: ActiveSegment;
    try {
      next = await ActiveSegment.create(this.#disk, old.segment.serial + 1, this.#last, this.#durable, this.#options);
    } catch (error) {
      throw this.#asRefusal(error);
    }
    if (this.#refusal !== undefined) await this.#withdraw();
    // Entries that `writeNow` wrote meanwhile are in the old segment; from here on they go to the new one.
    next.segment.afterSeq = this.#last.seq;
    next.segment.afterEpoch = this.#last.epoch;
    next.segment.lastSeq = this.#last.seq;
    this.#segments.push(next.segment);
    this.#active = next;
    if (this.#durable < old.segment.lastSeq) {
      await old.sync();
      this.#durable = old.segment.lastSeq;
    }
    await old.close();
  }

  async #rollIfPossible(): Promise<void> {
    try {
      await this.#roll();
    } catch (error) {
      // A segment that cannot be followed by a new one at present may grow on.
      if (!isRefusal(error)) throw error;
    }
  }

  #refuse(refusal: LogWriteError): void {
    this.#refusal = refusal;
    // A sync that is under way does it at its end. A failure poisons the log, and whoever calls next hears of it.
    if (this.#running === undefined) this.#withdraw().catch(() => undefined);
  }

  #withdraw(): Promise<void> {
    this.#withdrawal ??= this.#withdrawOnce();
    return this.#withdrawal;
  }

  async #withdrawOnce(): Promise<void> {
    try {
      await this.#active.withdraw();
      this.#refusal = undefined;
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#withdrawal = undefined;
    }
  }

  #enter(what: "write" | "sync"): void {
    this.#assertUsable();
    invariant(this.#running === undefined, `a ${what} was asked for during a ${this.#running}`);
    this.#running = what;
  }

  #assertUsable(): void {
    if (this.#poison !== undefined) throw this.#poison;
    if (this.#closed) throw new LogWriteError("closed", "the log is closed");
  }

  #expectNext(record: Uint8Array): void {
    const view = this.#view;
    view.load(record, 0);
    invariant(view.end === record.length && view.count > 0, "a record was not sealed");
    invariant(view.firstSeq === this.#last.seq + 1, `entry ${view.firstSeq} was given after ${this.#last.seq}`);
    invariant(view.epoch >= this.#last.epoch, `epoch ${view.epoch} was given after ${this.#last.epoch}`);
  }

  /** A refusal for want of something that may come back; anything else poisons the log. */
  #asRefusal(error: unknown): unknown {
    const code = error instanceof DiskError ? error.code : undefined;
    if (code !== "disk_full" && code !== "too_many_files") return this.#asFailure(error);
    return new LogWriteError(code, "the log takes no entry at present", error);
  }

  #asFailure(error: unknown): unknown {
    if (!(error instanceof DiskError)) return error;
    const sentence = `the disk failed (${error.message}), so nobody knows what the log keeps: the process has to end`;
    this.#poison ??= new LogWriteError("poisoned", sentence, error);
    return this.#poison;
  }
}

/** Whether it says that the log is as it was and may be written again later. */
function isRefusal(failure: unknown): failure is LogWriteError {
  return failure instanceof LogWriteError && failure.code !== "poisoned";
}
