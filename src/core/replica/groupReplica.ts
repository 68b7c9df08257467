import { type Epoch, epoch, type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import { Attempts } from "./attempts.ts";
import {
  type Configuration,
  type ConfigurationData,
  isMember,
  isSame,
  type Member,
  membersOf,
  without,
} from "./configuration.ts";
import { propose, type ReplicaContext, send } from "./context.ts";
import type { Effect, ProposalOutcome } from "./effect.ts";
import type { EpochRun, EpochRuns } from "./epochRuns.ts";
import { LogPosition } from "./logPosition.ts";
import type { LogRecord, Message } from "./message.ts";
import { PrimaryRole } from "./primaryRole.ts";
import { Proposals } from "./proposals.ts";
import { ALL_RULES, type ReplicaRules } from "./rules.ts";
import { SecondaryRole } from "./secondaryRole.ts";
import { graceMillis, type ReplicaTimes } from "./times.ts";

export interface ReplicaOptions {
  readonly self: Member;
  readonly times: ReplicaTimes;
  readonly rules?: ReplicaRules;
  /** What the log has, from the entry before the first one kept. */
  readonly runs: readonly EpochRun[];
  readonly lastSeq: Seq;
  /** Up to here the entries are known to be committed: what the store has. */
  readonly applied: Seq;
  /** Different at each start of a process. */
  readonly bootName: string;
  /** Whether to make the group's first configuration when there is none. */
  readonly mayFound: boolean;
  /** There never was another replica that it could have promised anything to. */
  readonly isAlone?: boolean;
}

/** What a replica is to its group at the moment. */
export type Role = "starting" | "outside" | "secondary" | "primary";

const NOTHING: readonly Effect[] = [];
const NO_CONFIGURATION: Configuration = {
  epoch: epoch(0),
  primary: { id: "", incarnation: 0 },
  secondaries: [],
  minReplicas: 1,
  eligible: [],
  nonce: "",
  released: false,
  reason: "",
  logEnd: 0,
  version: 0,
};

/**
 * One replica of a group: PacificA with log matching, and leases between primary and secondaries (REPLICATION.md, R1 to R16).
 * Pure: whatever happens comes in as a call with the time at which it does, and what follows lies in `takeEffects`.
 */
export class GroupReplica {
  readonly #context: ReplicaContext;
  readonly #mayFound: boolean;
  #effects: Effect[] = [];
  #primary: PrimaryRole | undefined;
  #secondary: SecondaryRole | undefined;
  /** What the names of this process's own proposals begin with. */
  readonly #noncePrefix: string;
  #nonces = 0;
  readonly #attempts: Attempts;
  #tickets = 0;
  /** Leases that this replica gave as an earlier primary may last until then: its successor may have waited for none of them. */
  #ownLeasesUntil = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReplicaOptions, now: number) {
    const { self, times, rules = ALL_RULES, runs, lastSeq, applied, bootName, mayFound, isAlone = false } = options;
    this.#mayFound = mayFound;
    this.#noncePrefix = `${self.id}/${self.incarnation}/${bootName}/`;
    this.#attempts = new Attempts(this.#noncePrefix);
    this.#context = {
      self,
      times,
      rules,
      log: new LogPosition(runs, lastSeq, applied),
      proposals: new Proposals(),
      effects: this.#effects,
      configuration: NO_CONFIGURATION,
      promisedAt: rules.promiseSurvivesRestart && !isAlone ? now : Number.NEGATIVE_INFINITY,
      stoodStillAt: Number.NEGATIVE_INFINITY,
      nextNonce: () => `${this.#noncePrefix}${++this.#nonces}`,
      nextTicket: () => ++this.#tickets,
    };
  }

  // What others may ask

  get role(): Role {
    if (this.#primary !== undefined) return "primary";
    if (this.#secondary === undefined) return "starting";
    return this.#secondary.isMember ? "secondary" : "outside";
  }

  get primary(): PrimaryRole | undefined {
    return this.#primary;
  }

  get secondary(): SecondaryRole | undefined {
    return this.#secondary;
  }

  /** Undefined as long as none was read. */
  get configuration(): Configuration | undefined {
    return this.#context.configuration.epoch === 0 ? undefined : this.#context.configuration;
  }

  get self(): Member {
    return this.#context.self;
  }

  get epoch(): Epoch {
    return this.#context.configuration.epoch;
  }

  /** Seq of the newest entry that was evaluated, committed or not. */
  get lastSeq(): Seq {
    return this.#context.log.proposedSeq;
  }

  get nextSeq(): Seq {
    return seq(this.#context.log.proposedSeq + 1);
  }

  /** Seq of the newest entry that was handed to the log. */
  get appendedSeq(): Seq {
    return this.#context.log.lastSeq;
  }

  get durableSeq(): Seq {
    return this.#context.log.durableSeq;
  }

  get commitPoint(): Seq {
    return this.#context.log.commitPoint;
  }

  get logRuns(): EpochRuns {
    return this.#context.log.runs;
  }

  /** Whether commands may be evaluated: this is the primary, and its epoch is open. */
  get mayEvaluate(): boolean {
    return this.#primary?.phase === "active" && this.#primary.barrier !== undefined;
  }

  /** Whether a read may be answered from what is committed, at this moment. */
  mayServe(now: number): boolean {
    return this.#primary?.mayServe(now) ?? this.#secondary?.mayServe(now) ?? false;
  }

  /** What has to be done, in this order; each is told once. */
  takeEffects(): readonly Effect[] {
    return this.#effects.length === 0 ? NOTHING : this.#effects.splice(0);
  }

  // Configurations

  /** The process has recovered its log: the configuration decides what it is. */
  start(now: number): void {
    this.#askedAt = now;
    this.#effects.push({ kind: "readConfiguration" });
  }

  /** What a synced read of the coordinator has shown; undefined: the group has no configuration. */
  configurationRead(configuration: Configuration | undefined, now: number): void {
    if (configuration === undefined) {
      if (this.role === "starting" && this.#mayFound && !this.#context.proposals.inFlight) this.#found();
      return;
    }
    if (configuration.epoch > this.epoch || this.role === "starting") this.configurationSeen(configuration, now);
    else if (configuration.epoch === this.epoch) {
      this.confirmed(configuration);
      this.#unchanged(now);
    }
  }

  /** The present configuration's znode was written once more, to say how far the log had come. */
  confirmed(configuration: Configuration): void {
    const { configuration: present } = this.#context;
    if (configuration.nonce === present.nonce && configuration.version > present.version)
      this.#context.configuration = configuration;
  }

  #unchanged(now: number): void {
    this.#primary?.unchanged(now);
    const { proposals } = this.#context;
    if (this.#secondary?.isMember === true && proposals.any && !proposals.inFlight) this.#secondary.takeOver();
  }

  #found(): void {
    const { self, log, proposals } = this.#context;
    const configuration: ConfigurationData = {
      epoch: epoch(log.runs.lastEpoch + 1),
      primary: self,
      secondaries: [],
      minReplicas: 1,
      eligible: [],
      nonce: this.#context.nextNonce(),
      released: true,
      reason: `${self.id} founded the group`,
      logEnd: log.lastSeq,
    };
    proposals.add(configuration);
    this.#effects.push({ kind: "propose", proposal: { configuration, version: undefined } });
  }

  /** A configuration is known, from wherever: the coordinator, a watch, a peer, the answer to a proposal. */
  configurationSeen(configuration: Configuration, now: number, fromReply = false): void {
    const { self, proposals, rules, log } = this.#context;
    if (configuration.epoch < this.epoch || (configuration.epoch === this.epoch && this.role !== "starting")) return;
    // The log knows of a later epoch: this is what a coordinator said that lags behind.
    if (this.role === "starting" && configuration.epoch < log.runs.lastEpoch) return;
    proposals.seen(configuration);
    const isOwn = configuration.nonce.startsWith(this.#noncePrefix);
    if (this.role === "starting" && isSame(configuration.primary, self) && !isOwn && rules.newEpochAfterRestart) {
      this.#proposeRestart(configuration);
      return;
    }
    this.#install(configuration, now, fromReply);
  }

  /** A primary that was restarted opens a new epoch before anything else: what it sent and had not logged is another's now. */
  #proposeRestart(configuration: Configuration): void {
    this.#context.configuration = configuration;
    if (this.#context.proposals.inFlight) return;
    const { primary, secondaries } = configuration;
    propose(this.#context, { primary, secondaries, reason: `${primary.id} was restarted` });
  }

  proposalEnded(proposal: ConfigurationData, version: number, outcome: ProposalOutcome, now: number): void {
    this.#context.proposals.ended(proposal.nonce, outcome);
    if (outcome === "installed") this.configurationSeen({ ...proposal, version }, now, true);
    else this.#effects.push({ kind: "readConfiguration" });
  }

  #install(configuration: Configuration, now: number, fromReply: boolean): void {
    const { self, log, times, rules } = this.#context;
    const previous = this.#context.configuration;
    this.#context.configuration = configuration;
    if (isSame(configuration.primary, self)) {
      if (this.#primary !== undefined) {
        this.#primary.reconfigured(previous, now, fromReply);
        this.#tell(without(previous.secondaries, configuration.secondaries));
      } else {
        this.#secondary = undefined;
        const mustWait = rules.waitAtActivation && !configuration.released;
        const promisedUntil = mustWait ? this.#context.promisedAt + graceMillis(times) : Number.NEGATIVE_INFINITY;
        this.#primary = new PrimaryRole(this.#context, Math.max(promisedUntil, this.#ownLeasesUntil), now);
      }
    } else {
      if (this.#primary !== undefined) {
        if (rules.waitForOwnLeases) this.#ownLeasesUntil = this.#primary.leasesUntil;
        this.#primary = undefined;
        // Evaluated and perhaps even sent, but not committed: what comes of it is the new primary's matter.
        if (log.proposedSeq > log.commitPoint) this.#effects.push({ kind: "discard", after: log.commitPoint });
        log.forgetProposed();
        this.#tell(membersOf(configuration));
      }
      const earlier = this.#secondary;
      this.#secondary = new SecondaryRole(this.#context, () => this.#attempts.next(), now);
      if (earlier !== undefined) this.#secondary.inherit(earlier);
      if (!this.#secondary.isMember) this.#secondary.joinSoon();
    }
    this.#effects.push({ kind: "role" });
  }

  /** Lets others know the configuration that they do not know yet. */
  #tell(members: readonly Member[]): void {
    const { configuration, self } = this.#context;
    for (const { id } of members) {
      if (id !== self.id) send(this.#context, id, { kind: "stale", epoch: configuration.epoch, configuration });
    }
  }

  // The log

  /** An entry was evaluated. Only where `mayEvaluate`, and for the barrier. */
  propose(): Seq {
    const { log } = this.#context;
    log.proposedSeq = seq(log.proposedSeq + 1);
    return log.proposedSeq;
  }

  /** The entry that opens the epoch was proposed, with this seq. */
  epochOpened(barrier: Seq, now: number): void {
    this.#primary?.epochOpened(barrier);
    this.#primary?.tryCommit(now);
  }

  /** A record of entries proposed here was handed to the log. */
  appended(record: LogRecord): void {
    invariant(this.#primary !== undefined, "only the primary appends on its own");
    this.#context.log.runs.append(record.epoch, record.lastSeq);
    this.#primary.appended(record);
  }

  get generation(): number {
    return this.#context.log.generation;
  }

  /** The log is on disk up to `upTo`, as far as it was not cut since `generation`. */
  persisted(upTo: Seq, generation: number, now: number): void {
    const { log, rules } = this.#context;
    if (generation !== log.generation && rules.writesByGeneration) return;
    if (upTo <= log.durableSeq) return;
    log.durableSeq = seq(Math.min(upTo, log.lastSeq));
    this.#primary?.tryCommit(now);
    this.#secondary?.persisted();
  }

  /** The log could not take what is not committed, and nobody else has it: those entries never were. */
  discardUncommitted(): Seq {
    const { log } = this.#context;
    if (log.lastSeq > log.commitPoint) log.truncate(log.commitPoint);
    this.#primary?.logWasCut();
    log.forgetProposed();
    return log.lastSeq;
  }

  /** What was evaluated and not handed to the log is forgotten. */
  forgetProposed(): void {
    this.#context.log.forgetProposed();
  }

  /** The log can be cut up to here at most without making somebody fetch a snapshot who is being sent what is behind it. */
  get neededBehind(): Seq {
    return this.#primary?.neededBehind ?? this.#context.log.lastSeq;
  }

  /** The log begins behind `upTo` now. */
  cut(upTo: Seq): void {
    this.#context.log.runs.cut(upTo);
  }

  recordsRead(to: string, ticket: number, records: readonly LogRecord[] | undefined): void {
    this.#primary?.recordsRead(to, ticket, records);
  }

  /**
   * Log and store are about to be emptied for a snapshot: from now on this is another member, so that no configuration that names the
   * one which had the data can mean it. False: this is a member, and keeps what it has acknowledged.
   */
  startOver(incarnation: number, now: number): boolean {
    if (this.#primary !== undefined || this.isMember) return false;
    const { self } = this.#context;
    this.#context.self = { id: self.id, incarnation };
    this.#secondary = new SecondaryRole(this.#context, () => this.#attempts.next(), now);
    this.#secondary.beginFetching();
    return true;
  }

  /** Whether a snapshot that was fetched for this attempt may take the place of log and store: to be asked at the last moment. */
  wantsSnapshot(attempt: number): boolean {
    return this.#secondary?.wantsSnapshot(attempt) ?? false;
  }

  /** A snapshot has taken the place of log and store (its position), or could not be fetched (undefined). */
  snapshotEnded(at: { readonly seq: Seq; readonly epoch: Epoch } | undefined): void {
    if (at !== undefined) this.#context.log.restart(at.seq, at.epoch);
    this.#secondary?.snapshotEnded();
  }

  // Messages and time

  receive(from: Member, message: Message, now: number): void {
    if (this.role === "starting") return;
    const { configuration, rules } = this.#context;
    if (message.kind === "join") return this.#primary?.receive(from, message, now);
    if (message.epoch > configuration.epoch) {
      const theirs = "configuration" in message ? message.configuration : undefined;
      if (theirs === undefined) return;
      this.configurationSeen(theirs, now);
      if (this.epoch !== message.epoch) return;
    } else if (message.epoch < configuration.epoch) {
      if (message.kind === "beacon" || message.kind === "append") {
        send(this.#context, from.id, { kind: "stale", epoch: configuration.epoch, configuration });
      }
      if (rules.refuseOldEpochs || (rules.acknowledgementsPerEpoch && message.kind === "appended")) return;
    }
    if (message.kind === "stale") return;
    this.#primary?.receive(from, message, now);
    this.#secondary?.receive(from, message, now);
  }

  linkUp(id: string, now: number): void {
    this.#primary?.linkUp(id, now);
  }

  /**
   * This replica's clock stood still for a while, as that of a suspended machine does: what it may answer until when counted by it, is
   * over. What it has promised, and what it waits for, lasts the longer.
   */
  stoodStill(now: number): void {
    if (!this.#context.rules.leasesEndWithStandstill) return;
    this.#context.stoodStillAt = now;
    this.#primary?.stoodStill();
    this.#secondary?.stoodStill();
  }

  tick(now: number): void {
    if (this.role === "starting") return this.#askAgain(now);
    this.#primary?.tick(now);
    this.#secondary?.tick(now);
  }

  #askAgain(now: number): void {
    if (now - this.#askedAt < this.#context.times.askMillis || this.#context.proposals.inFlight) return;
    this.#askedAt = now;
    this.#effects.push({ kind: "readConfiguration" });
  }

  // What an operator or a stopping process wants

  /** Hands over to `to` or to whoever is ready; `stay`: as a secondary. False when there is nobody, or this is not the primary. */
  handOver(to: string | undefined, stay: boolean): boolean {
    return this.#primary?.resign(to, stay) ?? false;
  }

  /** Ends a hand-over that takes too long; false when the successor may have begun. */
  withdrawHandOver(): boolean {
    return this.#primary?.withdraw() ?? true;
  }

  /** Asks the primary to be removed. */
  leave(): void {
    this.#secondary?.leave();
  }

  /** Whether a member of the configuration. */
  get isMember(): boolean {
    const { configuration, self } = this.#context;
    return isMember(configuration, self);
  }
}
