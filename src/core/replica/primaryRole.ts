import { type Seq, seq } from "../../base/ids.ts";
import { type Configuration, isMember, isSame, type Member, minReplicasFor, without } from "./configuration.ts";
import { propose, type ReplicaContext, send } from "./context.ts";
import { Feeder } from "./feeder.ts";
import type { Appended, BeaconAck, Grant, Join, LogRecord, Message, Mismatch } from "./message.ts";
import { Peer } from "./peer.ts";

const COMMIT = { kind: "commit" } as const;

/**
 * `waiting`: promises may still bind it, or its barrier is not committed; `active`: serves; `resigning`: takes no writes and lets
 * the log drain; `resigned`: serves nothing more in this epoch unless the hand-over comes to nothing.
 */
export type PrimaryPhase = "waiting" | "active" | "resigning" | "resigned";

/** The primary's part: sends entries, counts acknowledgements, commits, gives and holds leases, changes the members. */
export class PrimaryRole {
  phase: PrimaryPhase = "waiting";
  /** The entry that opens the epoch; none before it was written. */
  barrier: Seq | undefined;
  readonly #context: ReplicaContext;
  readonly #peers = new Map<string, Peer>();
  readonly #feeder: Feeder;
  /** Nothing is committed before (own clock). */
  #blockedUntil: number;
  #beaconAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #handOver: { readonly to: string | undefined; readonly stay: boolean } | undefined;

  constructor(context: ReplicaContext, blockedUntil: number, now: number) {
    this.#context = context;
    this.#feeder = new Feeder(context, this.#peers);
    this.#blockedUntil = blockedUntil;
    for (const member of context.configuration.secondaries) this.#meet(member, now);
    context.effects.push({ kind: "openEpoch" });
    this.#sendBeacons(now);
  }

  get hasPeers(): boolean {
    return this.#peers.size > 0;
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  #meet(member: Member, now: number): void {
    const peer = new Peer(member, 0, seq(this.#context.log.lastSeq + 1), now);
    this.#peers.set(member.id, peer);
    this.#feeder.probe(peer);
  }

  // Leases

  /**
   * Until when nobody else can be the primary (own clock): members, and those that may be members already, have promised not to take
   * over. Alone it is for ever: nobody else is electable. It is asked for every request, so nothing is allocated.
   */
  horizon(): number {
    const { configuration, proposals, rules } = this.#context;
    let horizon = Number.POSITIVE_INFINITY;
    for (const member of configuration.secondaries) horizon = Math.min(horizon, this.#promiseOf(member));
    if (!rules.leaseByUnion || !proposals.any) return horizon;
    for (const member of proposals.members) horizon = Math.min(horizon, this.#promiseOf(member));
    return horizon;
  }

  #promiseOf(member: Member): number {
    if (isSame(member, this.#context.self)) return Number.POSITIVE_INFINITY;
    const peer = this.#peerOf(member);
    return peer === undefined ? Number.NEGATIVE_INFINITY : this.#promiseUntil(peer);
  }

  /** Asks everybody for a new promise with the next tick. */
  stoodStill(): void {
    this.#beaconAt = Number.NEGATIVE_INFINITY;
  }

  /** How long a peer's promise counts (own clock). */
  #promiseUntil({ promisedAt }: Peer): number {
    const { times, stoodStillAt } = this.#context;
    return promisedAt > stoodStillAt ? promisedAt + times.leaseMillis : Number.NEGATIVE_INFINITY;
  }

  /** Until when somebody may hold a lease that was given in this reign, and was not given back (own clock). */
  get leasesUntil(): number {
    let until = this.#blockedUntil;
    for (const { released, grantedUntil } of this.#peers.values()) {
      if (!released) until = Math.max(until, grantedUntil + this.#context.times.slackMillis);
    }
    return until;
  }

  /** Whether reads may be answered now. */
  mayServe(now: number): boolean {
    const { rules } = this.#context;
    const isReady = this.phase === "active" || this.phase === "resigning" || !rules.serveBehindBarrier;
    return isReady && this.phase !== "resigned" && (!rules.primaryLease || now < this.horizon());
  }

  #peerOf(member: Member): Peer | undefined {
    const peer = this.#peers.get(member.id);
    return peer !== undefined && isSame(peer.member, member) ? peer : undefined;
  }

  #sendBeacons(now: number): void {
    const { configuration, log } = this.#context;
    this.#beaconAt = now;
    for (const peer of this.#peers.values()) {
      send(this.#context, peer.member.id, {
        kind: "beacon",
        epoch: configuration.epoch,
        attempt: peer.attempt,
        sentAt: now,
        commitPoint: log.commitPoint,
        grant: this.#grant(peer, now),
        configuration,
      });
    }
  }

  /** A lease within the primary's own, counted from when it was asked for. */
  #grant(peer: Peer, now: number): Grant | undefined {
    const { configuration, proposals, times, rules } = this.#context;
    const { asked } = peer;
    if (this.phase !== "active" || this.barrier === undefined || asked === undefined || peer.leaving) return undefined;
    if (!isMember(configuration, peer.member)) return undefined;
    if (proposals.any && !proposals.members.some((member) => isSame(member, peer.member))) return undefined;
    const own = rules.subLeaseBounded ? this.horizon() : Number.POSITIVE_INFINITY;
    const until = Math.min(own, now + times.leaseMillis);
    const validMillis = until - asked.heardAt;
    if (validMillis <= 0) return undefined;
    peer.grantedUntil = Math.max(peer.grantedUntil, until);
    peer.grantedAt = now;
    peer.released = false;
    return { askedAt: asked.askedAt, validMillis, barrier: this.barrier };
  }

  #promised(from: Member, { sentAt, askedAt }: BeaconAck, now: number): void {
    const peer = this.#peerOf(from);
    if (peer === undefined || sentAt > now) return;
    const since = this.#context.rules.leaseFromAsking ? sentAt : now;
    peer.promisedAt = Math.max(peer.promisedAt, since);
    peer.confirmed = true;
    if (askedAt >= (peer.asked?.askedAt ?? Number.NEGATIVE_INFINITY)) peer.asked = { askedAt, heardAt: now };
  }

  // The log

  /** The epoch's first entry has its place. */
  epochOpened(barrier: Seq): void {
    this.barrier = barrier;
  }

  /** A record of the primary's own was handed to its log. */
  appended(record: LogRecord): void {
    this.#feeder.appended(record);
  }

  recordsRead(to: string, ticket: number, records: readonly LogRecord[] | undefined): void {
    this.#feeder.recordsRead(to, ticket, records);
  }

  get neededBehind(): Seq {
    return this.#feeder.neededBehind;
  }

  logWasCut(): void {
    this.#feeder.logWasCut();
  }

  linkUp(id: string, now: number): void {
    this.#feeder.linkUp(id, now);
  }

  #acknowledged(from: Member, { attempt, durable }: Appended, now: number): void {
    const peer = this.#peerOf(from);
    if (peer === undefined || (peer.attempt !== 0 && peer.attempt !== attempt)) return;
    // More than there is, is nonsense.
    peer.acknowledged(seq(Math.min(durable, this.#context.log.lastSeq)), now);
    this.#feeder.feed(peer);
    this.tryCommit(now);
  }

  #mismatched(from: Member, message: Mismatch, now: number): void {
    const peer = this.#peerOf(from);
    if (peer === undefined || (peer.attempt !== 0 && peer.attempt !== message.attempt)) return;
    this.#feeder.mismatched(peer, message, now);
  }

  // Committing

  /** Who has to have an entry before it is committed, besides the primary itself. */
  #required(): Member[] {
    const { configuration, proposals, rules, self } = this.#context;
    const members = rules.commitByUnion
      ? [...configuration.secondaries, ...proposals.members]
      : configuration.secondaries;
    return members.filter((member) => !isSame(member, self));
  }

  /** Nobody else has to have anything: the usual case of a node by itself, which should cost nothing. */
  #isAlone(): boolean {
    const { configuration, proposals } = this.#context;
    return configuration.secondaries.length === 0 && !proposals.any;
  }

  tryCommit(now: number): void {
    const { log, rules, configuration } = this.#context;
    if (now < this.#blockedUntil) return;
    if (rules.minReplicas && configuration.secondaries.length + 1 < configuration.minReplicas) return;
    if (this.#peers.size === 0 && rules.acknowledgeDurable && this.#isAlone()) {
      if (log.durableSeq > log.commitPoint) this.#commit(log.durableSeq);
      return;
    }
    const required = this.#required();
    const points: number[] = [rules.acknowledgeDurable ? log.durableSeq : log.lastSeq];
    for (const member of required) points.push(this.#peerOf(member)?.match ?? 0);
    points.sort((a, b) => a - b);
    const point = points[rules.everyMemberAcknowledges ? 0 : (points.length - 1) >> 1]!;
    if (point <= log.commitPoint) return;
    this.#commit(seq(point));
  }

  #commit(point: Seq): void {
    const { log, effects, configuration } = this.#context;
    log.commitPoint = point;
    effects.push(COMMIT);
    for (const peer of this.#peers.values()) {
      if (peer.confirmed)
        send(this.#context, peer.member.id, { kind: "committed", epoch: configuration.epoch, commitPoint: point });
    }
    if (this.phase !== "waiting" || this.barrier === undefined || point < this.barrier) return;
    this.phase = "active";
    effects.push({ kind: "role" });
  }

  // The members

  /**
   * A newer configuration with this replica as the primary: what follows is derived from the difference, however it became known
   * (REPLICATION.md C17).
   */
  reconfigured(previous: Configuration, now: number, fromReply: boolean): void {
    const { configuration, log, times, rules } = this.#context;
    for (const member of without(previous.secondaries, configuration.secondaries)) {
      const peer = this.#peerOf(member);
      if (peer === undefined) continue;
      const mustWait = rules.waitAfterRemoval && (rules.waitHoweverLearned || fromReply) && !peer.released;
      if (mustWait) this.#blockedUntil = Math.max(this.#blockedUntil, peer.grantedUntil + times.slackMillis);
      this.#peers.delete(member.id);
    }
    for (const member of configuration.secondaries) {
      const peer = this.#peerOf(member);
      if (peer === undefined) this.#meet(member, now);
      else this.#enterEpoch(peer, log.lastSeq, now);
    }
    for (const peer of this.#peers.values()) if (peer.attempt !== 0) this.#enterEpoch(peer, log.lastSeq, now);
    this.barrier = undefined;
    this.#context.effects.push({ kind: "openEpoch" });
    this.#sendBeacons(now);
  }

  #enterEpoch(peer: Peer, lastSeq: Seq, now: number): void {
    if (isMember(this.#context.configuration, peer.member)) peer.attempt = 0;
    const { match } = peer;
    peer.newEpoch(seq(lastSeq + 1), now);
    if (!this.#context.rules.acknowledgementsPerEpoch) peer.match = match;
    this.#feeder.probe(peer);
  }

  #joined(from: Member, { attempt, runs, lastSeq, applied }: Join, now: number): void {
    const { configuration, log, self, proposals } = this.#context;
    if (isMember(configuration, from) || from.id === self.id || this.barrier === undefined) return;
    // A dead incarnation of it is still a member: it has to be removed first.
    if (configuration.secondaries.some((member) => member.id === from.id)) return;
    const known = this.#peers.get(from.id);
    if (known !== undefined && isSame(known.member, from) && known.attempt === attempt) return;
    // Its admission was proposed, and what became of that is not known: it may be a member already.
    if (proposals.members.some((member) => isSame(member, from))) return;
    const peer = new Peer(from, attempt, seq(log.lastSeq + 1), now);
    this.#peers.set(from.id, peer);
    this.#feeder.begin(peer, runs, lastSeq, applied, now);
  }

  #evict(now: number): boolean {
    const { configuration, times } = this.#context;
    const gone = configuration.secondaries.filter((member) => {
      const peer = this.#peerOf(member);
      if (peer === undefined || peer.leaving) return true;
      // One that lives and writes nothing any more holds all writes up.
      return (
        now - Math.max(peer.promisedAt, peer.since) > times.evictMillis ||
        now - peer.progressAt > peer.patienceMillis(times.learnerMillis)
      );
    });
    if (gone.length === 0) return false;
    const left = gone.every((member) => this.#peerOf(member)?.leaving === true);
    const secondaries = without(configuration.secondaries, gone);
    const replicas = secondaries.length + 1;
    const minReplicas = left
      ? Math.min(configuration.minReplicas, minReplicasFor(replicas))
      : configuration.minReplicas;
    const eligible =
      replicas < minReplicas ? [...without(configuration.eligible, gone), ...gone] : configuration.eligible;
    const names = gone.map((member) => member.id).join(", ");
    const reason = left ? `${names} left` : `${names} did not answer`;
    propose(this.#context, { primary: configuration.primary, secondaries, minReplicas, eligible, reason });
    return true;
  }

  /**
   * Whoever has everything becomes a member. A group below its minimum cannot commit its barrier before: then the wait for
   * earlier leases has to be over, as it would be by the first commit, and the barrier is what has to be there.
   */
  #admit(now: number): void {
    const { configuration, log, times, rules } = this.#context;
    const { barrier } = this;
    if (barrier === undefined || (rules.admitAfterWait && now < this.#blockedUntil)) return;
    const needed = this.phase === "active" ? log.commitPoint : barrier;
    for (const peer of this.#peers.values()) {
      if (peer.attempt === 0) continue;
      if (now - peer.progressAt > peer.patienceMillis(times.learnerMillis)) {
        this.#peers.delete(peer.member.id);
        continue;
      }
      const isCaughtUp = peer.match >= needed && peer.match > 0;
      const hasPromised = !rules.leaseByUnion || now < this.#promiseUntil(peer);
      if (!hasPromised || (rules.admitCaughtUp && !isCaughtUp)) continue;
      const secondaries = [...configuration.secondaries, peer.member];
      const replicas = secondaries.length + 1;
      const minReplicas = Math.max(configuration.minReplicas, minReplicasFor(replicas));
      const eligible = replicas >= minReplicas ? [] : without(configuration.eligible, [peer.member]);
      const reason = `${peer.member.id} has caught up`;
      propose(this.#context, { primary: configuration.primary, secondaries, minReplicas, eligible, reason });
      return;
    }
  }

  // Hand-over

  /** Lets somebody else be the primary: `to`, or whoever is up to date. `stay`: as a secondary. No write may be proposed now. */
  resign(to: string | undefined, stay: boolean): boolean {
    if (this.phase !== "active" || this.#context.configuration.secondaries.length === 0) return false;
    this.#handOver = { to, stay };
    this.phase = "resigning";
    return true;
  }

  /** Goes on as the primary, unless somebody may be told already that it is free to begin. */
  withdraw(): boolean {
    if (this.phase !== "resigning" && this.phase !== "resigned") return true;
    if (this.#context.proposals.any) return false;
    this.phase = "active";
    this.#handOver = undefined;
    this.#context.effects.push({ kind: "role" });
    return true;
  }

  #progressHandOver(now: number): void {
    const { log, configuration, rules, times } = this.#context;
    // Whoever was to take over may have gone, or may want to go, too: then this replica goes on.
    if (this.phase === "resigned" && this.#successor() === undefined) return void this.withdraw();
    if (configuration.secondaries.length === 0) return void this.withdraw();
    if (this.phase === "resigning") {
      // An epoch that is not open yet may have to wait for leases of members that were removed: nobody else knows of them.
      const isOpen = this.barrier !== undefined && log.commitPoint >= this.barrier && now >= this.#blockedUntil;
      if (rules.handOverWhenOpen && !isOpen) return;
      if (log.commitPoint < log.proposedSeq || this.#successor() === undefined) return;
      this.phase = "resigned";
      this.#context.effects.push({ kind: "role" });
    }
    const isFree = (peer: Peer) => peer.attempt !== 0 || peer.released || now >= peer.grantedUntil + times.slackMillis;
    if (rules.releaseBeforeHandOver && ![...this.#peers.values()].every(isFree)) {
      for (const peer of this.#peers.values()) {
        if (!isFree(peer))
          send(this.#context, peer.member.id, { kind: "revoke", epoch: configuration.epoch, sentAt: now });
      }
      return;
    }
    this.#proposeSuccessor();
  }

  #proposeSuccessor(): void {
    const { configuration, self } = this.#context;
    const successor = this.#successor();
    if (successor === undefined) return;
    const others = without(configuration.secondaries, [successor]);
    const { stay } = this.#handOver!;
    const replicas = configuration.secondaries.length;
    propose(this.#context, {
      primary: successor,
      secondaries: stay ? [...others, self] : others,
      minReplicas: stay ? configuration.minReplicas : Math.min(configuration.minReplicas, minReplicasFor(replicas)),
      released: true,
      reason: `${self.id} handed over`,
    });
  }

  /** The member that is to be the primary: it has everything and has answered lately. */
  #successor(): Member | undefined {
    const { configuration, log } = this.#context;
    const ready = configuration.secondaries.filter((member) => {
      const peer = this.#peerOf(member);
      return peer !== undefined && peer.match >= log.lastSeq && !peer.leaving;
    });
    return ready.find((member) => member.id === this.#handOver?.to) ?? ready[0];
  }

  // Time and messages

  tick(now: number): void {
    const { times, proposals } = this.#context;
    if (now - this.#beaconAt >= times.beaconMillis) this.#sendBeacons(now);
    this.#feeder.tick(now);
    if (proposals.any) {
      if (!proposals.inFlight && now - this.#askedAt >= times.askMillis) {
        this.#askedAt = now;
        this.#context.effects.push({ kind: "readConfiguration" });
      }
    } else if (this.phase === "resigned") this.#progressHandOver(now);
    else if (!this.#evict(now)) {
      if (this.phase === "resigning") this.#progressHandOver(now);
      else this.#admit(now);
    }
    this.tryCommit(now);
  }

  /**
   * The coordinator still has the present configuration, while a proposal's fate is unknown: it may yet be installed. Another
   * proposal settles it, as only one of them can replace what is there.
   */
  unchanged(now: number): void {
    const { proposals, configuration } = this.#context;
    if (!proposals.any || proposals.inFlight) return;
    if (this.phase === "resigned" && this.#successor() !== undefined) return this.#progressHandOver(now);
    if (this.#evict(now)) return;
    const { primary, secondaries } = configuration;
    propose(this.#context, { primary, secondaries, reason: "to settle what became of an earlier proposal" });
  }

  receive(from: Member, message: Message, now: number): void {
    switch (message.kind) {
      case "appended":
        return this.#acknowledged(from, message, now);
      case "mismatch":
        return this.#mismatched(from, message, now);
      case "beaconAck":
        return this.#promised(from, message, now);
      case "join":
        return this.#joined(from, message, now);
      case "released":
        return this.#released(from, message.sentAt, now);
      case "leave":
        return this.#left(from);
      default:
        return;
    }
  }

  /** A release counts for the leases that were given before it was asked for. */
  #released(from: Member, sentAt: number, now: number): void {
    const peer = this.#peerOf(from);
    if (peer === undefined || sentAt <= peer.grantedAt || sentAt > now) return;
    peer.released = true;
    if (this.phase === "resigned" && !this.#context.proposals.any) this.#progressHandOver(now);
  }

  #left(from: Member): void {
    const peer = this.#peerOf(from);
    if (peer === undefined) return;
    peer.leaving = true;
    peer.released = true;
  }
}
