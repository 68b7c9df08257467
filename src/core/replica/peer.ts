import { type Seq, seq } from "../../base/ids.ts";
import type { Member } from "./configuration.ts";
import type { LogRecord } from "./message.ts";

/** So much may be on its way to a peer, unacknowledged; what comes then is read from the log when it can be sent. */
const IN_FLIGHT_BYTES_MAX = 16 << 20;

/** A link and a disk together take at least so much in a millisecond. */
const SLOW_BYTES_A_MILLI = 20_000;

interface Sent {
  readonly lastSeq: Seq;
  readonly bytes: number;
}

/** What a primary knows of one secondary or learner. */
export class Peer {
  readonly member: Member;
  /** The learner's attempt; 0 for members. */
  attempt: number;
  /** Up to here its log is on disk and was compared with the primary's, in this epoch. */
  match: Seq = seq(0);
  /** The next entry to send; everything before it was sent. */
  next: Seq;
  /** It has answered in this epoch. */
  confirmed = false;
  /** Records for it are being read: those of this ticket, which is never given out twice, are wanted. */
  reading = false;
  ticket = 0;
  /** The sending time (own clock) of the newest beacon that it has acknowledged: from then on its promise counts. */
  promisedAt = Number.NEGATIVE_INFINITY;
  /** When it asked for a read lease (its clock), and when that was heard (own clock). */
  asked: { readonly askedAt: number; readonly heardAt: number } | undefined;
  /** Until when it may answer reads, at most (own clock). */
  grantedUntil = Number.NEGATIVE_INFINITY;
  /** When it was last given a lease (own clock). */
  grantedAt = Number.NEGATIVE_INFINITY;
  /** It has given its lease back. */
  released = false;
  /** It has asked to leave. */
  leaving = false;
  /** When it became a peer, last acknowledged something new, or lacked nothing. */
  progressAt: number;
  /** When what it lacked was last sent again. */
  triedAt = Number.NEGATIVE_INFINITY;
  readonly since: number;
  #sent: Sent[] = [];
  #inFlightBytes = 0;
  /** Records that were appended while earlier ones were read for it, without a gap up to the newest. */
  #kept: LogRecord[] = [];
  #keptBytes = 0;
  #rewoundTo: Seq | undefined;
  #rewoundAt = Number.NEGATIVE_INFINITY;

  constructor(member: Member, attempt: number, next: Seq, now: number) {
    this.member = member;
    this.attempt = attempt;
    this.next = next;
    this.progressAt = now;
    this.since = now;
  }

  /** How long it may take to acknowledge something new: what is on its way to it may be large. */
  patienceMillis(least: number): number {
    return least + this.#inFlightBytes / SLOW_BYTES_A_MILLI;
  }

  get mayBeSentMore(): boolean {
    return this.#inFlightBytes < IN_FLIGHT_BYTES_MAX;
  }

  /**
   * A record comes too early for it. It is sent when what is before it was: a reading of the log ends behind its newest entry
   * whenever there are writes, so a peer that is only fed by reading never catches up.
   */
  keep(record: LogRecord): void {
    if (this.#keptBytes + record.bytes.length > IN_FLIGHT_BYTES_MAX) this.forgetKept();
    this.#kept.push(record);
    this.#keptBytes += record.bytes.length;
  }

  /** The next record to send, if it was kept. */
  takeKept(): LogRecord | undefined {
    while (this.#kept.length > 0 && this.#kept[0]!.lastSeq < this.next) this.#shiftKept();
    return this.#kept[0]?.firstSeq === this.next ? this.#shiftKept() : undefined;
  }

  #shiftKept(): LogRecord {
    const record = this.#kept.shift()!;
    this.#keptBytes -= record.bytes.length;
    return record;
  }

  forgetKept(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  sent(lastSeq: Seq, bytes: number): void {
    this.#sent.push({ lastSeq, bytes });
    this.#inFlightBytes += bytes;
    this.next = seq(lastSeq + 1);
  }

  /** Everything up to `durable` has arrived. */
  acknowledged(durable: Seq, now: number): void {
    this.confirmed = true;
    if (durable <= this.match) return;
    this.match = durable;
    this.progressAt = now;
    if (durable >= this.next) this.next = seq(durable + 1);
    let first = 0;
    while (first < this.#sent.length && this.#sent[first]!.lastSeq <= durable) {
      this.#inFlightBytes -= this.#sent[first]!.bytes;
      first++;
    }
    if (first > 0) this.#sent.splice(0, first);
  }

  /** What was sent behind `next` may not have arrived: it is sent again from there. */
  rewind(next: Seq, now: number): void {
    this.next = next;
    this.#rewoundTo = next;
    this.#rewoundAt = now;
    this.#sent = [];
    this.#inFlightBytes = 0;
    this.reading = false;
  }

  /** Whether what comes from `next` on was sent again since `since` (own clock). */
  wasRewound(next: Seq, since: number): boolean {
    return this.#rewoundTo === next && this.#rewoundAt > since;
  }

  /** A new epoch: nothing that was acknowledged before counts. */
  newEpoch(next: Seq, now: number): void {
    this.match = seq(0);
    this.confirmed = false;
    this.progressAt = now;
    this.rewind(next, Number.NEGATIVE_INFINITY);
  }
}
