import { type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import { isSame } from "./configuration.ts";
import { type ReplicaContext, send } from "./context.ts";
import type { EpochRun } from "./epochRuns.ts";
import type { Append, LogRecord, Mismatch } from "./message.ts";
import type { Peer } from "./peer.ts";

/** Sends a primary's log to its peers: what is new as it comes, and what they lack as it is read. */
export class Feeder {
  readonly #context: ReplicaContext;
  readonly #peers: Map<string, Peer>;
  /** Who was told to fetch a snapshot, when, and what is committed in it at least: it will want what follows. */
  readonly #snapshots = new Map<string, { readonly commitPoint: Seq; readonly at: number }>();

  /** `peers` are the primary's; who lacks too much is taken out of them. */
  constructor(context: ReplicaContext, peers: Map<string, Peer>) {
    this.#context = context;
    this.#peers = peers;
  }

  /** A learner has asked for what follows the log that it describes, of which it cannot go back behind `applied`. */
  begin(peer: Peer, runs: readonly EpochRun[], lastSeq: Seq, applied: Seq, now: number): void {
    this.#snapshots.delete(peer.member.id);
    const common = this.#context.log.runs.commonWith(runs, lastSeq);
    if (common === undefined || common < applied) return this.#lacksTooMuch(peer);
    peer.rewind(seq(common + 1), now);
    this.probe(peer);
    this.feed(peer);
  }

  /** Sends again what was not acknowledged in time. */
  tick(now: number): void {
    const { log, times } = this.#context;
    for (const [id, { at }] of this.#snapshots) if (now - at > times.learnerMillis) this.#snapshots.delete(id);
    for (const peer of this.#peers.values()) {
      if (peer.confirmed && peer.match >= log.lastSeq) peer.progressAt = now;
      else if (now - Math.max(peer.progressAt, peer.triedAt) >= times.resendMillis && !peer.reading) {
        this.#sendAgain(peer, now);
      }
    }
  }

  /** A record of the primary's own was handed to its log. */
  appended(record: LogRecord): void {
    for (const peer of this.#peers.values()) {
      if (peer.next === record.firstSeq && !peer.reading && peer.mayBeSentMore) this.#sendRecord(peer, record);
      else peer.keep(record);
    }
  }

  #sendRecord(peer: Peer, record: LogRecord): void {
    this.#send(peer, seq(record.firstSeq - 1), record);
    peer.sent(record.lastSeq, record.bytes.length);
  }

  /** Asks whether the peer's log goes as far as what was sent. */
  probe(peer: Peer): void {
    this.#send(peer, seq(peer.next - 1), undefined);
  }

  #send(peer: Peer, prevSeq: Seq, record: LogRecord | undefined): void {
    const { configuration, log } = this.#context;
    const prevEpoch = log.runs.epochAt(prevSeq);
    invariant(prevEpoch !== undefined, "the entry before what is sent is known");
    const message: Append = {
      kind: "append",
      epoch: configuration.epoch,
      attempt: peer.attempt,
      prevSeq,
      prevEpoch,
      record,
      commitPoint: log.commitPoint,
      configuration: peer.confirmed ? undefined : configuration,
    };
    send(this.#context, peer.member.id, message);
  }

  /** Sends what the peer lacks, or has it read from the log, unless that is under way or enough is on its way. */
  feed(peer: Peer): void {
    if (peer.reading) return;
    while (peer.mayBeSentMore) {
      const record = peer.takeKept();
      if (record === undefined) break;
      this.#sendRecord(peer, record);
    }
    if (peer.next > this.#context.log.lastSeq || !peer.mayBeSentMore) return;
    peer.reading = true;
    peer.ticket = this.#context.nextTicket();
    this.#context.effects.push({ kind: "readLog", to: peer.member.id, from: peer.next, ticket: peer.ticket });
  }

  /** What was read for a peer, whole records; `undefined`: the log does not go back so far any more. */
  recordsRead(to: string, ticket: number, records: readonly LogRecord[] | undefined): void {
    const peer = this.#peers.get(to);
    if (peer === undefined || peer.ticket !== ticket || !peer.reading) return;
    peer.reading = false;
    if (records === undefined) return this.#lacksTooMuch(peer);
    for (const record of records) {
      if (record.lastSeq < peer.next) continue;
      if (record.firstSeq - 1 < this.#context.log.runs.baseSeq) return this.#lacksTooMuch(peer);
      this.#sendRecord(peer, record);
    }
    this.feed(peer);
  }

  /** The log should not be cut behind this entry: somebody is being sent what follows. */
  get neededBehind(): Seq {
    let needed: number = this.#context.log.lastSeq;
    for (const { match, next } of this.#peers.values()) needed = Math.min(needed, match === 0 ? next - 1 : match);
    for (const at of this.#snapshots.values()) needed = Math.min(needed, at.commitPoint);
    return seq(needed);
  }

  /** The end of the log was cut off. */
  logWasCut(): void {
    for (const peer of this.#peers.values()) peer.forgetKept();
  }

  #lacksTooMuch(peer: Peer): void {
    const { configuration, proposals } = this.#context;
    // Whoever may be a member keeps what it has acknowledged.
    if (peer.attempt === 0 || proposals.members.some((member) => isSame(member, peer.member))) return;
    send(this.#context, peer.member.id, { kind: "needSnapshot", epoch: configuration.epoch, attempt: peer.attempt });
    this.#snapshots.set(peer.member.id, { commitPoint: this.#context.log.commitPoint, at: peer.progressAt });
    this.#peers.delete(peer.member.id);
  }

  /**
   * The peer lacks what an append was to follow. Everything that was under way behind a lost message says the same: it is
   * answered once, or what is sent for each of them would beget more of them (RELIABILITY.md 6.2, bug 1).
   */
  mismatched(peer: Peer, { runs, lastSeq }: Mismatch, now: number): void {
    const common = this.#context.log.runs.commonWith(runs, lastSeq);
    if (common === undefined) return this.#lacksTooMuch(peer);
    if (common < peer.match || peer.wasRewound(seq(common + 1), now - this.#context.times.resendMillis)) return;
    peer.rewind(seq(common + 1), now);
    if (peer.next > this.#context.log.lastSeq) this.probe(peer);
    else this.feed(peer);
  }

  /** The link to a peer is new: what was on its way is lost. */
  linkUp(id: string, now: number): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) this.#sendAgain(peer, now);
  }

  #sendAgain(peer: Peer, now: number): void {
    const { log } = this.#context;
    peer.triedAt = now;
    const next = peer.match === 0 ? log.lastSeq + 1 : peer.match + 1;
    peer.rewind(seq(Math.max(next, log.runs.baseSeq + 1)), now);
    if (peer.next > log.lastSeq) this.probe(peer);
    else this.feed(peer);
  }
}
