import { type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import { isMember, isSame, type Member, without } from "./configuration.ts";
import { propose, type ReplicaContext, send } from "./context.ts";
import type { Append, Beacon, Grant, Message, Revoke } from "./message.ts";

/**
 * The part of everybody who is not the primary. A member follows the primary's log, promises not to take over, reads under a
 * lease, and takes over when the primary is silent. Who is no member asks to join, and follows as a learner.
 */
export class SecondaryRole {
  readonly isMember: boolean;
  readonly #context: ReplicaContext;
  /** Up to here the log was compared with the primary's in this epoch, and is the same. */
  #verified: Seq;
  /** The commit point that the primary has told. A learner may be far behind it. */
  #told: Seq = seq(0);
  /** When the primary was last heard of. */
  #heardAt: number;
  #readUntil = Number.NEGATIVE_INFINITY;
  /** Leases that were asked for before are not taken (own clock). */
  #revokedAt = Number.NEGATIVE_INFINITY;
  #leaving = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** A learner's attempt: what belongs to another is not for it. */
  #attempt: number;
  #fetching = false;
  /** Told so that others know which attempt was the last. */
  readonly #nextAttempt: () => number;

  constructor(context: ReplicaContext, nextAttempt: () => number, now: number) {
    this.#context = context;
    this.#nextAttempt = nextAttempt;
    this.#attempt = nextAttempt();
    this.#verified = context.log.commitPoint;
    this.#heardAt = now;
    this.isMember = isMember(context.configuration, context.self);
  }

  get verified(): Seq {
    return this.#verified;
  }

  /** Until when reads may be answered (own clock). */
  get readUntil(): number {
    return this.#readUntil;
  }

  /** Whether reads may be answered from what is committed now. */
  mayServe(now: number): boolean {
    return this.isMember && (now < this.#readUntil || !this.#context.rules.secondaryLease);
  }

  /** Takes the lease of an earlier epoch over: only to see what comes of it. */
  inherit(earlier: SecondaryRole): void {
    if (earlier.#fetching && !this.isMember) {
      // Its log and store are being replaced: it may not ask for what follows the old ones.
      this.#fetching = true;
      this.#attempt = earlier.#attempt;
    }
    if (!this.#context.rules.leasePerEpoch) this.#readUntil = earlier.#readUntil;
  }

  // Messages

  receive(from: Member, message: Message, now: number): void {
    const { configuration } = this.#context;
    if (!isSame(from, configuration.primary)) return;
    switch (message.kind) {
      case "append":
        return this.#append(message, now);
      case "committed":
        return this.#advance(message.commitPoint);
      case "beacon":
        return this.#beacon(message, now);
      case "revoke":
        return this.#revoke(message, now);
      case "needSnapshot":
        return this.#needSnapshot(message.attempt);
      default:
        return;
    }
  }

  /** Whether the message belongs to what this replica is now: a member's stream, or the learner's present attempt. */
  #isMine(attempt: number): boolean {
    return !this.#fetching && (this.isMember || attempt === this.#attempt);
  }

  #append({ attempt, prevSeq, prevEpoch, record, commitPoint }: Append, now: number): void {
    if (!this.#isMine(attempt)) return;
    const { log, configuration } = this.#context;
    this.#heardAt = now;
    if (prevSeq > this.#verified) {
      if (log.runs.epochAt(prevSeq) !== prevEpoch) return this.#mismatch(attempt);
      this.#verified = prevSeq;
    }
    if (record !== undefined && record.lastSeq > this.#verified) {
      if (!this.#take(record)) return this.#needSnapshot(attempt);
      this.#verified = record.lastSeq;
    }
    this.#advance(commitPoint);
    if (this.#acknowledgeable() < this.#verified) return;
    send(this.#context, configuration.primary.id, {
      kind: "appended",
      epoch: configuration.epoch,
      attempt,
      durable: this.#acknowledgeable(),
    });
  }

  /** Writes the record unless it is there; false: it can only be taken by somebody who starts anew. */
  #take(record: NonNullable<Append["record"]>): boolean {
    const { log, rules, effects } = this.#context;
    const isThere = log.lastSeq >= record.lastSeq && log.runs.epochAt(record.lastSeq) === record.epoch;
    if (isThere) return true;
    const after = seq(record.firstSeq - 1);
    if (log.lastSeq > after) {
      if (after < log.commitPoint) {
        invariant(!this.isMember, "a member never lacks what is committed");
        return false;
      }
      if (!rules.cutDivergedTail) return true;
      log.truncate(after);
      effects.push({ kind: "truncate", after });
    }
    log.runs.append(record.epoch, record.lastSeq);
    log.proposedSeq = record.lastSeq;
    effects.push({ kind: "write", record, generation: log.generation });
    return true;
  }

  /** Up to where this replica may say that it has everything. */
  #acknowledgeable(): Seq {
    const { log, rules } = this.#context;
    const durable = rules.acknowledgeDurable ? log.durableSeq : log.lastSeq;
    return rules.acknowledgeVerified ? seq(Math.min(durable, this.#verified)) : durable;
  }

  /** More of the log is on disk. */
  persisted(): void {
    this.#advance(this.#told);
    const { configuration } = this.#context;
    const attempt = this.isMember ? 0 : this.#attempt;
    send(this.#context, configuration.primary.id, {
      kind: "appended",
      epoch: configuration.epoch,
      attempt,
      durable: this.#acknowledgeable(),
    });
  }

  #mismatch(attempt: number): void {
    const { log, configuration } = this.#context;
    const { runs, lastSeq } = log.runs;
    send(this.#context, configuration.primary.id, {
      kind: "mismatch",
      epoch: configuration.epoch,
      attempt,
      runs,
      lastSeq,
    });
  }

  /** What the primary says is committed, as far as the log is known to be the same, and is on disk. */
  #advance(commitPoint: Seq): void {
    const { log, effects } = this.#context;
    this.#told = seq(Math.max(this.#told, commitPoint));
    const point = Math.min(this.#told, this.#verified, log.durableSeq);
    if (point <= log.commitPoint) return;
    log.commitPoint = seq(point);
    effects.push({ kind: "commit" });
  }

  // Leases

  #beacon({ attempt, sentAt, commitPoint, grant, epoch }: Beacon, now: number): void {
    if (!this.#isMine(attempt)) return;
    this.#heardAt = now;
    this.#advance(commitPoint);
    // What is committed a member has acknowledged, perhaps before it was restarted: the primary does not send it again by itself.
    if (this.isMember && this.#told > this.#verified) this.#mismatch(attempt);
    if (grant !== undefined) this.#takeLease(grant, now);
    // Who has proposed itself as the primary does not put off the day on which it may begin.
    if (this.#context.proposals.inFlight) return;
    this.#context.promisedAt = now;
    send(this.#context, this.#context.configuration.primary.id, { kind: "beaconAck", epoch, sentAt, askedAt: now });
  }

  #takeLease({ askedAt, validMillis, barrier }: Grant, now: number): void {
    const { times, rules, stoodStillAt } = this.#context;
    if (!this.isMember || this.#leaving || this.#verified < barrier) return;
    if (askedAt <= this.#revokedAt || askedAt <= stoodStillAt) return;
    const from = rules.grantFromAsking ? askedAt : now;
    this.#readUntil = Math.max(this.#readUntil, from + validMillis * (1 - 2 * times.driftRate));
  }

  stoodStill(): void {
    this.#readUntil = Number.NEGATIVE_INFINITY;
  }

  #revoke({ epoch, sentAt }: Revoke, now: number): void {
    this.#revokedAt = now;
    this.#readUntil = Number.NEGATIVE_INFINITY;
    send(this.#context, this.#context.configuration.primary.id, { kind: "released", epoch, sentAt });
    this.#context.effects.push({ kind: "role" });
  }

  /** Gives the lease up and asks to be removed, again and again until it is. */
  leave(): void {
    this.#leaving = true;
    this.#readUntil = Number.NEGATIVE_INFINITY;
    this.#sayLeave();
  }

  #sayLeave(): void {
    const { configuration } = this.#context;
    send(this.#context, configuration.primary.id, { kind: "leave", epoch: configuration.epoch });
  }

  // Time

  tick(now: number): void {
    if (this.isMember) this.#watchPrimary(now);
    else if (!this.#leaving) this.#watchAttempt(now);
  }

  #watchPrimary(now: number): void {
    const { times, proposals } = this.#context;
    if (this.#leaving) {
      if (now - this.#askedAt < times.beaconMillis) return;
      this.#askedAt = now;
      return this.#sayLeave();
    }
    if (proposals.inFlight || now - this.#heardAt <= times.suspectMillis + this.#rank() * times.suspectStaggerMillis)
      return;
    if (now - this.#askedAt < times.askMillis) return;
    this.#askedAt = now;
    if (proposals.any) this.#context.effects.push({ kind: "readConfiguration" });
    else this.takeOver();
  }

  /** The later in the configuration, the longer it leaves it to the others. */
  #rank(): number {
    const { configuration, self } = this.#context;
    return configuration.secondaries.findIndex((member) => isSame(member, self));
  }

  takeOver(): void {
    const { configuration, self } = this.#context;
    const secondaries = without(configuration.secondaries, [self]);
    const replicas = secondaries.length + 1;
    const eligible =
      replicas < configuration.minReplicas
        ? [...configuration.eligible, configuration.primary]
        : configuration.eligible;
    const reason = `${configuration.primary.id} was silent`;
    propose(this.#context, { primary: self, secondaries, eligible, reason });
  }

  #watchAttempt(now: number): void {
    const { times, configuration, log, effects, self, rules } = this.#context;
    if (this.#fetching || now - this.#heardAt <= times.suspectMillis || now - this.#askedAt < times.askMillis) return;
    this.#askedAt = now;
    effects.push({ kind: "readConfiguration" });
    if (!rules.successorIsMember) this.takeOver();
    if (configuration.primary.id === self.id) return;
    this.#attempt = this.#nextAttempt();
    const { runs, lastSeq } = log.runs;
    send(this.#context, configuration.primary.id, {
      kind: "join",
      attempt: this.#attempt,
      runs,
      lastSeq,
      applied: log.commitPoint,
    });
  }

  /** The learner can begin at once to ask. */
  joinSoon(): void {
    this.#heardAt = Number.NEGATIVE_INFINITY;
  }

  #needSnapshot(attempt: number): void {
    if (this.isMember || this.#fetching || attempt !== this.#attempt) return;
    this.#fetching = true;
    this.#context.effects.push({ kind: "fetchSnapshot", from: this.#context.configuration.primary.id, attempt });
  }

  /** A member has acknowledged what it has, and never puts anything in its place. */
  wantsSnapshot(attempt: number): boolean {
    return this.#fetching && !this.isMember && attempt === this.#attempt;
  }

  /** A snapshot is being fetched: nothing else is taken. */
  beginFetching(): void {
    this.#fetching = true;
  }

  /** Log and store begin behind a snapshot now, or (it could not be fetched) are as they were. */
  snapshotEnded(): void {
    this.#fetching = false;
    this.#verified = this.#context.log.commitPoint;
    this.joinSoon();
  }
}
