import { ByteReader } from "../base/byteReader.ts";
import { ByteWriter } from "../base/byteWriter.ts";
import { keySlotOfBytes } from "../base/crc16.ts";
import { type Seq, seq } from "../base/ids.ts";
import { invariant } from "../base/invariant.ts";
import { SLOT_COUNT, type SlotRanges } from "../core/slots/slotRanges.ts";
import { MUTATION_CLEAR, MUTATION_SLOTS } from "../core/state/mutation.ts";
import { MutationCursor } from "../core/state/mutationsOfEntry.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import type { Engine, EnginePair, EngineSnapshot, SnapshotRange } from "../ports/engine.ts";
import { intact } from "./engineStore.ts";
import { CONTENT_RANGE, META_KEY, NAME_AT, pieceRange, recordKeyAt } from "./keyLayout.ts";
import { versionOfRecord } from "./keyRecord.ts";
import type { Log } from "./log/log.ts";
import type { LogRecord } from "./log/readRecords.ts";
import { EntryCursor, RecordView } from "./log/record.ts";
import type { Retention } from "./log/retention.ts";
import { decodeMeta, type EngineMeta, newMeta } from "./meta.ts";
import {
  beginFrame,
  endFrame,
  FRAME_BATCH,
  FRAME_BYTES,
  FRAME_FIELDS_BYTES,
  FRAME_HEAD_BYTES,
  FRAME_RESTART,
  type FrameFacts,
} from "./slotCopyFormat.ts";
import { PieceMutations, type PiecesOfKey, writeRecordMutation } from "./slotRecords.ts";

/** About a millisecond of the main thread. */
const PAGE_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;
/** While nothing happens to these slots the receiver hears of the log's progress so often. */
const NEWS_MILLIS = 10;
const HIGH = 0x1_0000_0000;
const EMPTY_FRAME_BYTES = FRAME_HEAD_BYTES + FRAME_FIELDS_BYTES;

export interface SlotCopyParts {
  readonly engine: Engine;
  readonly log: Log;
  readonly checksum: Checksum;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly slots: SlotRanges;
  /** So much log may gather behind what was sent before the receiver is given up. */
  readonly logBytesMax: number;
  /** A frame ends when it has so many bytes; `FRAME_BYTES` if this is not given. */
  readonly frameBytes?: number;
  /** Brings to the engine what would be long in the log, and a removal of every key: a copy that met it in the log would end there. */
  readonly flush: () => Promise<void>;
  /** Entries up to here are committed. */
  readonly commitPoint: () => Seq;
  /** Resolves when entries behind `after` are committed. */
  readonly moreCommitted: (after: Seq) => Promise<void>;
}

/**
 * Why nothing more follows. `restart`: every key of the source is gone; a frame says so. `gone`: the log lacks what comes next. `closed`:
 * the owner wanted it.
 */
export type SlotCopyEnd = "restart" | "gone" | "closed";

/**
 * The keys of some slots for another group: what the store has of them at one instant, then each committed change of them from the log,
 * without end. The store is not of one instant in the log (see `Flusher`): changes that a key has behind it are left out, and only when
 * the log has passed all of those does a frame say that the copy is whole.
 *
 * Keys go as they are, expired ones too: who has another clock must not decide about them.
 */
export class SlotCopySource {
  readonly #parts: SlotCopyParts;
  readonly #retention: Retention;
  readonly #wanted = new Uint8Array(SLOT_COUNT);
  readonly #frameBytes: number;
  readonly #writer = new ByteWriter(FRAME_BYTES * 2);
  #snapshot: { readonly pages: EngineSnapshot; readonly meta: EngineMeta } | undefined;
  /** Changes up to these seqs are in what the snapshot had of these keys. */
  readonly #versions = new Map<string, number>();
  #newestVersion = 0;
  /** Entries before this one have no effect on what the snapshot had. */
  #cleared = 0;
  /** Every change up to here was written to frames. */
  #at: Seq;
  #sentSeq = -1;
  #sentAt = 0;
  /** Somebody may wait for this frame. */
  #isUrgent = false;
  #isClosed = false;
  #wake: (() => void) | undefined;
  #reading: Promise<unknown> | undefined;
  readonly #view = new RecordView();
  readonly #entries = new EntryCursor();
  readonly #mutations = new MutationCursor();

  private constructor(parts: SlotCopyParts, retention: Retention, at: Seq) {
    this.#parts = parts;
    this.#retention = retention;
    this.#at = at;
    this.#frameBytes = parts.frameBytes ?? FRAME_BYTES;
    for (const [from, to] of parts.slots) this.#wanted.fill(1, from, to + 1);
    beginFrame(this.#writer);
  }

  /** From the beginning. Throws `MalformedBytes` if the store is damaged, and what flush and engine reject with. */
  static async begin(parts: SlotCopyParts): Promise<SlotCopySource> {
    const { engine, log, checksum } = parts;
    // First: a cut before the snapshot would take away what that lacks.
    const retention = log.retain("move", seq(log.firstSeq - 1), parts.logBytesMax);
    let pages: EngineSnapshot | undefined;
    try {
      await parts.flush();
      pages = await engine.snapshot();
      const [pair] = await pages.page({ gte: META_KEY, lt: CONTENT_RANGE.gte, bytesMax: 1 });
      const meta = pair === undefined ? newMeta() : decodeMeta(intact(pair.key, pair.value, checksum));
      invariant(meta?.installing === false, "a store that is not whole is not copied");
      retention.advance(meta.applied);
      const source = new SlotCopySource(parts, retention, meta.applied);
      source.#snapshot = { pages, meta };
      source.#cleared = meta.cleared;
      return source;
    } catch (error) {
      retention.release();
      await pages?.close();
      throw error;
    }
  }

  /** Only what the log has behind `after`, of a copy that was whole up to there; undefined if that is gone. */
  static resume(parts: SlotCopyParts, after: Seq): SlotCopySource | undefined {
    const { log } = parts;
    if (after > log.lastSeq) return undefined;
    const retention = log.retain("move", after, parts.logBytesMax);
    return retention.dropped ? undefined : new SlotCopySource(parts, retention, after);
  }

  /** Everything up to this entry was written to frames; 0 while the snapshot goes. */
  get sourceSeq(): number {
    return this.#snapshot === undefined ? this.#at : 0;
  }

  /**
   * The frames, one after the other; the next is made when it is asked for. Once only. Throws `MalformedBytes` if store or log are
   * damaged, and what engine and log reject with.
   */
  async *frames(): AsyncGenerator<Uint8Array, SlotCopyEnd> {
    if (this.#snapshot !== undefined) {
      yield* this.#snapshotFrames(this.#snapshot.pages, this.#snapshot.meta.generation);
      if (this.#isClosed) return "closed";
      await this.#closeSnapshot();
      this.#isUrgent = true;
    }
    return yield* this.#tail();
  }

  /** Nothing more is wanted: ends `frames` where they wait. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retention.release();
    this.#wake?.();
    await this.#closeSnapshot();
  }

  async #closeSnapshot(): Promise<void> {
    const pages = this.#snapshot?.pages;
    this.#snapshot = undefined;
    await this.#reading;
    try {
      await pages?.close();
    } catch {
      // The engine was closed, and the snapshot with it: after a disk was full it is opened anew, whoever reads it.
    }
  }

  // The snapshot

  async *#snapshotFrames(pages: EngineSnapshot, generation: number): AsyncGenerator<Uint8Array> {
    for (const [from, to] of this.#parts.slots) {
      const range = { gte: recordKeyAt(generation, from * HIGH), lt: recordKeyAt(generation, (to + 1) * HIGH) };
      for await (const page of this.#pages(pages, range)) {
        for (const pair of page) {
          const pieces = this.#writeRecord(pair);
          if (pieces !== undefined) yield* this.#pieceFrames(pages, generation, pieces);
          if (this.#isFull) yield this.#frame(0);
        }
      }
    }
    if (this.#hasMutations) yield this.#frame(0);
  }

  async *#pages(
    pages: EngineSnapshot,
    { gte, lt }: { readonly gte: Uint8Array; readonly lt: Uint8Array },
  ): AsyncGenerator<readonly EnginePair[]> {
    let page = await this.#page(pages, { gte, lt, bytesMax: PAGE_BYTES });
    while (page.length > 0 && !this.#isClosed) {
      // The next one is read while this one is on its way.
      const next = this.#page(pages, { gt: page.at(-1)!.key, lt, bytesMax: PAGE_BYTES });
      yield page;
      page = await next;
    }
  }

  #page(pages: EngineSnapshot, range: SnapshotRange): Promise<readonly EnginePair[]> {
    const page = pages.page(range);
    // A snapshot is not closed while somebody reads it; a failure is met by whoever waits for the page.
    this.#reading = page.catch(() => undefined);
    return page;
  }

  #writeRecord({ key, value }: EnginePair): PiecesOfKey | undefined {
    const record = intact(key, value, this.#parts.checksum);
    const version = versionOfRecord(record);
    if (version > this.#at) {
      this.#versions.set(new ByteReader(key, NAME_AT).text(key.length - NAME_AT), version);
      this.#newestVersion = Math.max(this.#newestVersion, version);
    }
    return writeRecordMutation(this.#writer, key, record);
  }

  async *#pieceFrames(pages: EngineSnapshot, generation: number, of: PiecesOfKey): AsyncGenerator<Uint8Array> {
    const mutations = new PieceMutations(this.#writer, of);
    for await (const page of this.#pages(pages, pieceRange(generation, of.pieceId))) {
      for (const { key, value } of page) {
        mutations.add(key, intact(key, value, this.#parts.checksum));
        if (this.#isFull) yield this.#frame(0);
      }
    }
    mutations.end();
  }

  // The log

  async *#tail(): AsyncGenerator<Uint8Array, SlotCopyEnd> {
    for (;;) {
      const upTo = this.#committed();
      if (this.#isClosed) return "closed";
      if (upTo > this.#at) {
        const records = await this.#read();
        if (this.#isClosed) return "closed";
        if (records === undefined) return "gone";
        for (const record of records) {
          if (yield* this.#recordFrames(record, upTo)) continue;
          beginFrame(this.#writer);
          yield this.#frame(this.#at, FRAME_RESTART);
          return "restart";
        }
        this.#retention.advance(this.#at);
      }
      const isNew = this.#at > this.#sentSeq;
      const waitMillis = this.#sentAt + NEWS_MILLIS - this.#parts.clock.monotonic();
      if (isNew && (this.#hasMutations || this.#isUrgent || waitMillis <= 0)) yield this.#frame(this.#at);
      else if (this.#committed() <= this.#at) await this.#pause(isNew ? waitMillis : undefined);
    }
  }

  #committed(): Seq {
    return seq(Math.min(this.#parts.commitPoint(), this.#parts.log.lastSeq));
  }

  /** Undefined if the log lacks what comes next. */
  async #read(): Promise<readonly LogRecord[] | undefined> {
    if (this.#retention.dropped) return undefined;
    const read = await this.#parts.log.readFrom(seq(this.#at + 1), READ_BYTES);
    return read.ok ? read.value : undefined;
  }

  /** Writes what a record changes in these slots, up to entry `upTo`; false if it removes every key. */
  *#recordFrames(record: LogRecord, upTo: Seq): Generator<Uint8Array, boolean> {
    this.#view.load(record.bytes, 0);
    const cursor = this.#entries.open(this.#view);
    while (cursor.next()) {
      if (cursor.seq <= this.#at) continue;
      if (cursor.seq > upTo) break;
      if (cursor.seq >= this.#cleared && !(yield* this.#entryFrames(cursor))) return false;
      this.#at = cursor.seq;
      if (this.#at >= this.#newestVersion) this.#versions.clear();
      if (this.#isFull) yield this.#frame(this.#at);
    }
    return true;
  }

  *#entryFrames({ bytes, start, end, seq: at }: EntryCursor): Generator<Uint8Array, boolean> {
    const mutations = this.#mutations;
    const from = at === this.#cleared ? behindLastClear(mutations, new ByteReader(bytes, start, end)) : start;
    mutations.open(new ByteReader(bytes, from, end));
    while (mutations.next()) {
      if (mutations.code === MUTATION_CLEAR) return false;
      if (mutations.code === MUTATION_SLOTS) this.#isUrgent = true;
      else if (this.#isWanted(mutations, bytes, at)) {
        this.#writer.copy(bytes, mutations.start, mutations.end);
        // Nobody may go on in the middle of an entry.
        if (this.#isFull && mutations.end < end) yield this.#frame(this.#at, FRAME_BATCH, false);
      }
    }
    return true;
  }

  #isWanted(mutation: MutationCursor, bytes: Uint8Array, at: Seq): boolean {
    if (this.#wanted[keySlotOfBytes(bytes, mutation.keyStart, mutation.keyEnd)] === 0) return false;
    return this.#versions.size === 0 || at > (this.#versions.get(mutation.key) ?? 0);
  }

  /** Resolves when more is committed, after some time, or when nothing more is wanted. */
  #pause(millis: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = millis === undefined ? undefined : this.#parts.timers.after(Math.max(1, millis), resolve);
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
      this.#parts.moreCommitted(this.#at).then(
        () => this.#committedMore(),
        () => this.#committedMore(),
      );
    });
  }

  /** An owner that knows no more of commits says so at once, and again and again. */
  #committedMore(): void {
    if (this.#committed() > this.#at) this.#wake?.();
    else this.#parts.timers.after(NEWS_MILLIS, () => this.#wake?.());
  }

  // Frames

  get #isFull(): boolean {
    return this.#writer.length >= EMPTY_FRAME_BYTES + this.#frameBytes;
  }

  get #hasMutations(): boolean {
    return this.#writer.length > EMPTY_FRAME_BYTES;
  }

  #frame(sourceSeq: number, kind: FrameFacts["kind"] = FRAME_BATCH, mayBeWhole = kind === FRAME_BATCH): Uint8Array {
    const isWhole = mayBeWhole && this.#snapshot === undefined && sourceSeq >= this.#newestVersion;
    const frame = endFrame(this.#writer, { kind, sourceSeq, isWhole }, this.#parts.checksum);
    beginFrame(this.#writer);
    this.#sentSeq = sourceSeq;
    this.#sentAt = this.#parts.clock.monotonic();
    this.#isUrgent = false;
    return frame;
  }
}

/** Where that begins which an entry did after it removed every key. */
function behindLastClear(mutations: MutationCursor, entry: ByteReader): number {
  let behind = entry.at;
  mutations.open(entry);
  while (mutations.next()) if (mutations.code === MUTATION_CLEAR) behind = mutations.end;
  return behind;
}
