import { ByteWriter } from "../base/byteWriter.ts";
import { type Seq, seq } from "../base/ids.ts";
import type { GroupReplica } from "../core/replica/groupReplica.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Clock, Timer, Timers } from "../ports/clock.ts";
import type { Log } from "../storage/log/log.ts";
import { RECORD_HEADER_BYTES, type RecordFacts, sealRecord } from "../storage/log/record.ts";
import { Gathering } from "./gathering.ts";
import { MicrosHistogram } from "./microsHistogram.ts";

/** A buffer that one big record made larger than this is not kept. */
const KEPT_BUFFER_BYTES_MAX = 1 << 20;

/**
 * So long after this replica has a record the next one waits for the others to have it too. Its clients have no replies yet and so
 * send nothing: what would be written meanwhile is the first few of the others'.
 */
const PATIENCE_MILLIS = 2;

export type Durability = "sync" | "memory";

export interface JournalParts {
  readonly log: Log;
  readonly replica: GroupReplica;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checksum: Checksum;
  readonly durability: Durability;
  /** A record is about to be written: others may be given it too. Its payload stays as it is until it is written. */
  readonly onSealed: (record: Uint8Array, facts: RecordFacts) => void;
  /** The log has everything up to a seq, as far as nothing was cut off since `generation`. */
  readonly onPersisted: (upTo: Seq, generation: number) => void;
  /** The log refuses: what is not committed is lost, or (after a failed sync) nothing may go on. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Between the primary's evaluation and its log: entries gather in one buffer while the last record is being written and synced,
 * and become the next record together. One write and one sync serve everything that arrived meanwhile.
 */
export class Journal {
  /** How long records took to be written and synced. */
  readonly commits = new MicrosHistogram();
  /** Told of each of them, in microseconds. */
  onWritten: (micros: number) => void = () => undefined;
  readonly #parts: JournalParts;
  #gathering = new ByteWriter(64 * 1024);
  #spare = new ByteWriter(64 * 1024);
  readonly #gatherer: Gathering;
  #entries = 0;
  #writing = false;
  #writeStarted = 0;
  /** The last entry of a record that is written here and not committed: the next record waits for it. */
  #uncommitted: Seq | undefined;
  /** Records that were begun and whose entries are not known to be committed, in order; their bytes together. */
  #undecided: { readonly lastSeq: Seq; readonly bytes: number }[] = [];
  #undecidedBytes = 0;
  #patience: Timer | undefined;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#gatherer = new Gathering(parts.clock, parts.timers);
    this.#gathering.reset(RECORD_HEADER_BYTES);
  }

  /** Where entries are written now. Changes with every `endTurn` that starts a write. */
  get writer(): ByteWriter {
    return this.#gathering;
  }

  /** Bytes that wait for the log. */
  get pendingBytes(): number {
    return this.#gathering.length - RECORD_HEADER_BYTES + (this.#writing ? this.#spare.length : 0);
  }

  /** Bytes of entries that were added and are not committed: they are in memory for whoever lacks them, and so are their replies. */
  get uncommittedBytes(): number {
    const undecided = this.#undecided;
    while (undecided.length > 0 && undecided[0]!.lastSeq <= this.#parts.replica.commitPoint)
      this.#undecidedBytes -= undecided.shift()!.bytes;
    return this.#undecidedBytes + this.#gathering.length - RECORD_HEADER_BYTES;
  }

  /** Whether another record is likely to follow the last one soon. */
  get expectsMore(): boolean {
    return this.#gatherer.expectsMore;
  }

  /** One entry stands whole in the writer. */
  entryAdded(): void {
    this.#entries++;
  }

  /**
   * Everything that was ready to be evaluated has been: what gathered goes to the log, unless a write is under way or more is about
   * to come (`Gathering`).
   */
  endTurn(): void {
    if (this.#writing || this.#uncommitted !== undefined || this.#entries === 0 || this.#stopped) return;
    if (this.#parts.durability === "memory") this.#begin();
    else
      this.#gatherer.wait(
        () => this.#entries,
        () => this.#begin(),
      );
  }

  #begin(): void {
    if (this.#writing || this.#entries === 0 || this.#stopped) return;
    this.#forgetUncommitted();
    const record = this.#gathering;
    const lastSeq = this.#parts.replica.lastSeq;
    this.#seal(record, lastSeq);
    if (this.#parts.durability === "memory") this.#writeNow(record, lastSeq);
    else this.#write(record, lastSeq);
  }

  #seal(record: ByteWriter, lastSeq: Seq): void {
    const { replica, clock, checksum, onSealed } = this.#parts;
    const count = this.#entries;
    this.#gatherer.began(count);
    const facts = { epoch: replica.epoch, firstSeq: seq(lastSeq - count + 1), count, time: clock.wall() };
    sealRecord(record, facts, checksum);
    this.#entries = 0;
    onSealed(record.view(), facts);
  }

  #writeNow(record: ByteWriter, lastSeq: Seq): void {
    this.#writeStarted = this.#parts.clock.micros();
    try {
      this.#parts.log.writeNow(record.view());
    } catch (error) {
      this.#parts.onFailure(error);
      return;
    }
    const bytes = record.length;
    this.#restart(record);
    this.#measure();
    this.#parts.onPersisted(lastSeq, this.#parts.replica.generation);
    // Alone it is committed now.
    if (this.#parts.replica.commitPoint < lastSeq) this.#await(lastSeq, bytes);
  }

  #write(record: ByteWriter, lastSeq: Seq): void {
    this.#writing = true;
    this.#writeStarted = this.#parts.clock.micros();
    this.#gathering = this.#spare;
    this.#spare = record;
    this.#gathering.reset(RECORD_HEADER_BYTES);
    this.#await(lastSeq, record.length);
    const { generation } = this.#parts.replica;
    this.#parts.log.write(record.view()).then(
      () => this.#written(lastSeq, generation),
      (error: unknown) => {
        this.#writing = false;
        if (!this.#stopped) this.#parts.onFailure(error);
        this.#wakeIdle();
      },
    );
  }

  #await(lastSeq: Seq, bytes: number): void {
    this.#undecided.push({ lastSeq, bytes });
    this.#undecidedBytes += bytes;
  }

  #measure(): void {
    const micros = this.#parts.clock.micros() - this.#writeStarted;
    this.commits.add(micros);
    this.onWritten(micros);
  }

  #written(lastSeq: Seq, generation: number): void {
    this.#writing = false;
    this.#measure();
    if (this.#spare.bytes.length > KEPT_BUFFER_BYTES_MAX) this.#spare = new ByteWriter(64 * 1024);
    this.#uncommitted = lastSeq;
    this.#parts.onPersisted(lastSeq, generation);
    this.committed();
    if (this.#uncommitted !== undefined)
      this.#patience = this.#parts.timers.after(PATIENCE_MILLIS, () => this.#ended());
    if (!this.#writing) this.#wakeIdle();
  }

  /** The commit point may have moved. */
  committed(): void {
    if (this.#uncommitted !== undefined && this.#uncommitted <= this.#parts.replica.commitPoint) this.#ended();
  }

  /** The last record is committed, or is waited for no longer. */
  #ended(): void {
    this.#forgetUncommitted();
    this.#gatherer.written(this.#parts.clock.micros() - this.#writeStarted, this.#entries);
    this.endTurn();
  }

  #forgetUncommitted(): void {
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#uncommitted = undefined;
  }

  #restart(record: ByteWriter): void {
    if (record.bytes.length > KEPT_BUFFER_BYTES_MAX) this.#gathering = new ByteWriter(64 * 1024);
    this.#gathering.reset(RECORD_HEADER_BYTES);
  }

  /** Forgets what has gathered: it will never be in the log. What is being written will. */
  discard(): void {
    this.#entries = 0;
    this.#undecided = [];
    this.#undecidedBytes = 0;
    this.#forgetUncommitted();
    this.#restart(this.#gathering);
  }

  /** Resolves when all that was added is committed, or refused. */
  async drain(): Promise<void> {
    this.#begin();
    while (this.#writing) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Nothing is written from now on. */
  stop(): void {
    this.#stopped = true;
    this.#patience?.cancel();
  }

  #wakeIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
