import { type Epoch, type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { type Disk, DiskError } from "../../ports/disk.ts";
import type { ActiveSegment } from "./activeSegment.ts";
import type { EpochRun } from "./epochIndex.ts";
import { type LogError, LogWriteError } from "./logError.ts";
import { asRefusal, isRefusal, LogFiles, type LogState } from "./logFiles.ts";
import type { LogOptions } from "./options.ts";
import { gone, type LogRecord, type ReadError, readRecords } from "./readRecords.ts";
import { RecordView } from "./record.ts";
import { type LogVisit, replaySegments } from "./replay.ts";
import { type Retention, Retentions } from "./retention.ts";
import { readWire } from "./wireRecord.ts";

/**
 * Why a record of another replica was not taken. `malformed`: not a whole record; `gap`: not the next one; `old_epoch`: of
 * an earlier epoch than the last entry.
 */
export interface AdoptError {
  readonly code: "malformed" | "gap" | "old_epoch";
  readonly message: string;
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
  readonly #files: LogFiles;
  readonly #retentions = new Retentions();
  readonly #view = new RecordView();
  /** A cut leaves at least so many bytes of log, whoever needs them. */
  backlogBytes: number;
  /** What is under way; only `writeNow` may come in beside a sync, and `cut` beside both and a write. */
  #running: "write" | "sync" | "rewrite" | "close" | undefined;
  #cutting = false;
  #waiting: (() => void)[] = [];
  /** How often entries were taken back: what was read meanwhile may be of before or after. */
  #rewrites = 0;
  #closed = false;
  #poison: LogWriteError | undefined;
  /** Why `writeNow` left a part of a record behind the last one, until that is cut off. */
  #refusal: LogWriteError | undefined;
  #withdrawal: Promise<void> | undefined;

  constructor(disk: Disk, options: LogOptions, active: ActiveSegment, state: LogState) {
    this.#disk = disk;
    this.#options = options;
    this.#files = new LogFiles(disk, options, active, state);
    this.backlogBytes = options.backlogBytes ?? 0;
    this.tornBytes = state.tornBytes;
  }

  /** Seq of the oldest entry that is still in the log, or of the next one if there is none. */
  get firstSeq(): Seq {
    return seq(this.#files.segments[0]!.afterSeq + 1);
  }

  /** Seq of the last entry that was written. */
  get lastSeq(): Seq {
    return this.#files.last.seq;
  }

  /** Epoch of the last entry that was written. */
  get lastEpoch(): Epoch {
    return this.#files.last.epoch;
  }

  /** Everything up to this seq survives the power. */
  get durableSeq(): Seq {
    return this.#files.durable;
  }

  /** The epochs of its entries, from the one before the first kept on. */
  get epochRuns(): readonly EpochRun[] {
    return this.#files.epochs.runs;
  }

  /** Epoch of an entry that is in the log, or of the one before the first; undefined for any other. */
  epochAt(at: Seq): Epoch | undefined {
    return at > this.#files.last.seq ? undefined : this.#files.epochs.epochAt(at);
  }

  /** About how many bytes of records stand behind `after`: within a segment, entries count as equally large. */
  bytesAfter(after: Seq): number {
    return this.#files.bytesAfter(after);
  }

  /**
   * Writes a sealed record and makes it survive the power. One at a time; the bytes must stay as they are until it is
   * done, and may be written again after a refusal. Rejects with `LogWriteError`.
   */
  async write(record: Uint8Array): Promise<void> {
    this.#enter("write");
    try {
      this.#expectNext(record);
      await this.#append(record);
      await this.#files.syncAll();
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#leave();
    }
  }

  /**
   * Writes a sealed record at once, on the calling thread; it survives the process, and the power after a `sync` that
   * is called later. Throws `LogWriteError`; after a refusal it refuses everything until what was written in part is
   * cut off, which begins by itself.
   */
  writeNow(record: Uint8Array): void {
    this.#assertUsable();
    invariant(
      this.#running === undefined || this.#running === "sync",
      () => `a record is written during a ${this.#running}`,
    );
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#expectNext(record);
    this.#files.stamp(record);
    try {
      this.#files.active.putNow(record);
    } catch (error) {
      const failure = this.#asFailure(asRefusal(error));
      if (isRefusal(failure)) this.#refuse(failure);
      throw failure;
    }
    this.#files.accept(record.length, this.#view);
  }

  /**
   * Writes records of another replica, in wire form, the first of which follows the last entry, and makes them survive the
   * power together. All of them are checked before any is written. One call at a time; their headers are changed in
   * place, and the bytes must stay as they are until it is done. Rejects with `LogWriteError`: then `lastSeq` says how
   * much was taken.
   */
  async adopt(records: readonly Uint8Array[]): Promise<Result<void, AdoptError>> {
    this.#enter("write");
    try {
      const wrong = this.#checkWires(records);
      if (wrong !== undefined) return err(wrong);
      for (const record of records) {
        this.#expectNext(record);
        await this.#append(record);
      }
      await this.#files.syncAll();
      return ok(undefined);
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#leave();
    }
  }

  /** Takes one record of another replica as `writeNow` does. */
  adoptNow(record: Uint8Array): Result<void, AdoptError> {
    this.#assertUsable();
    const wrong = this.#checkWires([record]);
    if (wrong !== undefined) return err(wrong);
    this.writeNow(record);
    return ok(undefined);
  }

  /**
   * Makes everything survive the power that was written before the call; waits while the log is rewritten. Rejects with
   * `LogWriteError`.
   */
  async sync(): Promise<void> {
    while (this.#running === "rewrite") await this.#nextEnd();
    this.#enter("sync");
    try {
      if (this.#refusal !== undefined) await this.#withdraw();
      const upTo = this.#files.last.seq;
      await this.#files.active.sync();
      this.#files.durable = upTo;
      if (this.#refusal !== undefined) await this.#withdraw();
      if (this.#files.active.full) await this.#files.rollIfPossible(this.#settleRefusal);
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#leave();
    }
  }

  /**
   * Takes back what stands behind entry `after`, which ends a record: for good, before it is done. What a crash leaves is
   * the log as it was, or a shorter one that ends with a record and has all up to `after`. Waits for what is under way; no
   * record may be written while it runs. Rejects with `LogWriteError`; with `too_many_files` nothing was changed.
   */
  truncateAfter(after: Seq): Promise<void> {
    return this.#rewrite(async () => {
      invariant(after >= this.firstSeq - 1 && after <= this.#files.last.seq, `entry ${after} is not in the log`);
      if (after < this.#files.last.seq) await this.#files.truncateAfter(after, () => this.#rewrites++);
      if (this.#files.durable < after) await this.#files.syncAll();
      this.#retentions.dropBehind(after);
    });
  }

  /**
   * Empties the log, so that it goes on behind an entry that came otherwise. What a crash leaves is the beginning of the
   * log as it was, or the new one: the caller has noted elsewhere what he is doing. Waits for what is under way; no record
   * may be written while it runs. Rejects with `LogWriteError`.
   */
  reset(last: Seq, lastEpoch: Epoch): Promise<void> {
    return this.#rewrite(async () => {
      this.#rewrites++;
      await this.#files.beginAnew({ seq: last, epoch: lastEpoch });
      this.#retentions.dropAll();
    });
  }

  /**
   * Visits the records with entries behind `after` and up to `upTo`, in order, but not what is written after the call; the
   * first may begin before, the last may end later. What it reads must not be cut meanwhile. Throws `LogWriteError` if the
   * log is poisoned or closed; passes on what `visit` throws.
   */
  replay(after: Seq, visit: LogVisit, upTo: Seq = this.#files.last.seq): Promise<Result<void, LogError>> {
    this.#assertUsable();
    return replaySegments(this.#disk, [...this.#files.segments], after, upTo, this.#options.checksum, visit);
  }

  /**
   * Records from entry `from` on, which is the first of the first, up to the last one written; about `bytesMax` bytes of
   * them, but at least one. None if `from` is the next entry. May run beside everything else. Throws `LogWriteError` if
   * the log is poisoned or closed.
   */
  async readFrom(from: Seq, bytesMax: number): Promise<Result<readonly LogRecord[], ReadError>> {
    this.#assertUsable();
    invariant(from <= this.#files.last.seq + 1, `entry ${from} is not in the log yet`);
    if (from < this.firstSeq) return gone(from);
    const { checksum } = this.#options;
    const before = this.#rewrites;
    const read = await readRecords(this.#disk, [...this.#files.segments], from, bytesMax, checksum);
    return this.#rewrites === before ? read : gone(from);
  }

  /**
   * Keeps what the log has behind `after`, until it is released, or until a cut finds more than `bytesMax` bytes there.
   * What is gone already makes it a dropped one.
   */
  retain(name: string, after: Seq, bytesMax: number = this.backlogBytes): Retention {
    const retention = this.#retentions.add(name, after, bytesMax);
    if (after < this.firstSeq - 1) retention.drop();
    return retention;
  }

  /**
   * Removes whole segments with nothing behind `upTo`, as long as nobody needs them and a durable entry follows them. May
   * run beside writes and syncs, and waits while the log is rewritten. Rejects with `LogWriteError`.
   */
  async cut(upTo: Seq): Promise<void> {
    while (this.#running === "rewrite") await this.#nextEnd();
    this.#assertUsable();
    invariant(!this.#cutting, "the log is cut twice at once");
    this.#cutting = true;
    try {
      for (;;) {
        const oldest = this.#files.segments[0]!;
        if (oldest.lastSeq > upTo || oldest.lastSeq >= this.#files.durable) return;
        if (this.bytesAfter(oldest.lastSeq) < this.backlogBytes) return;
        if (!this.#retentions.allowCut(oldest.lastSeq, (after) => this.bytesAfter(after))) return;
        await this.#files.removeOldest();
      }
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#cutting = false;
      this.#tellEnd();
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
      if (this.#refusal !== undefined) await this.#withdraw();
      await this.#files.syncAll();
      await this.#files.mark();
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#closed = true;
      // Everything was synced, or the log is poisoned: what closing the file says changes nothing.
      await this.#files.active.close().catch(() => undefined);
    }
  }

  /** Writes the record that `expectNext` has seen. */
  async #append(record: Uint8Array): Promise<void> {
    if (this.#refusal !== undefined) await this.#withdraw();
    if (!this.#files.active.fits(record.length)) await this.#files.roll(this.#settleRefusal);
    await this.#files.put(record);
    this.#files.accept(record.length, this.#view);
  }

  #checkWires(records: readonly Uint8Array[]): AdoptError | undefined {
    const view = this.#view;
    let { seq: last, epoch: lastEpoch } = this.#files.last;
    for (const record of records) {
      if (!readWire(record, this.#options.checksum, view))
        return { code: "malformed", message: `what was sent behind entry ${last} is not a whole record` };
      if (view.firstSeq !== last + 1)
        return { code: "gap", message: `entry ${view.firstSeq} was sent, and ${last + 1} is the next` };
      if (view.epoch < lastEpoch)
        return {
          code: "old_epoch",
          message: `entry ${view.firstSeq} is of epoch ${view.epoch}, the last of ${lastEpoch}`,
        };
      last = view.lastSeq;
      lastEpoch = view.epoch;
    }
    return undefined;
  }

  async #rewrite(run: () => Promise<void>): Promise<void> {
    while (this.#running !== undefined || this.#cutting) await this.#nextEnd();
    this.#assertUsable();
    this.#running = "rewrite";
    try {
      if (this.#refusal !== undefined) await this.#withdraw();
      await run();
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#leave();
    }
  }

  readonly #settleRefusal = async (): Promise<void> => {
    if (this.#refusal !== undefined) await this.#withdraw();
  };

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
      await this.#files.active.withdraw();
      this.#refusal = undefined;
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      this.#withdrawal = undefined;
    }
  }

  #enter(what: "write" | "sync"): void {
    this.#assertUsable();
    invariant(this.#running === undefined, () => `a ${what} was asked for during a ${this.#running}`);
    this.#running = what;
  }

  #leave(): void {
    this.#running = undefined;
    this.#tellEnd();
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #tellEnd(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #assertUsable(): void {
    if (this.#poison !== undefined) throw this.#poison;
    if (this.#closed) throw new LogWriteError("closed", "the log is closed");
  }

  #expectNext(record: Uint8Array): void {
    const view = this.#view;
    view.load(record, 0);
    invariant(view.end === record.length && view.count > 0, "a record was not sealed");
    invariant(
      view.firstSeq === this.#files.last.seq + 1,
      () => `entry ${view.firstSeq} was given after ${this.#files.last.seq}`,
    );
    const { epoch } = this.#files.last;
    invariant(view.epoch >= epoch, () => `epoch ${view.epoch} was given after ${epoch}`);
  }

  #asFailure(error: unknown): unknown {
    if (!(error instanceof DiskError)) return error;
    const sentence = `the disk failed (${error.message}), so nobody knows what the log keeps: the process has to end`;
    this.#poison ??= new LogWriteError("poisoned", sentence, error);
    return this.#poison;
  }
}
