import type { Seq } from "../../base/ids.ts";
import type { Result } from "../../base/result.ts";
import { makePath } from "../../coordination/makePath.ts";
import {
  type Configuration,
  encodeConfiguration,
  isMember,
  parseConfiguration,
} from "../../core/replica/configuration.ts";
import type { Effect, Proposal, ProposalOutcome } from "../../core/replica/effect.ts";
import type { GroupReplica } from "../../core/replica/groupReplica.ts";
import type { LogRecord, Message } from "../../core/replica/message.ts";
import { decodeMessage, encodeMessage } from "../../core/replica/messageCodec.ts";
import type { Checksum } from "../../ports/checksum.ts";
import type { Clock, Timer, Timers } from "../../ports/clock.ts";
import type { Coordinator, CoordinatorError } from "../../ports/coordinator.ts";
import type { Link, LinkEndpoint, LinkHandler } from "../../ports/link.ts";
import type { Log } from "../../storage/log/log.ts";
import { RecordView } from "../../storage/log/record.ts";
import { readWire } from "../../storage/log/wireRecord.ts";
import { otherBeginning } from "./checkConfiguration.ts";
import { CommitNotices } from "./commitNotices.ts";
import { LogQueue } from "./logQueue.ts";
import { LongMessages } from "./longMessages.ts";
import { Standstill } from "./standstill.ts";

const TICK_MILLIS = 25;
/** A tick that comes so late shows that the process did not run. */
const STILL_MILLIS = 100;
const MESSAGE_KIND = 1;
/** So much of the log is read at once for a peer that is behind. */
const READ_BYTES = 1 << 20;
/** What a peer asks for may be on its way to the log: it is looked at again so soon. */
const READ_AGAIN_MILLIS = 2;
/** What is read for a peer waits while something long is on its way there. */
const SEND_AGAIN_MILLIS = 10;
/** Who may not write to the coordinator does not try again before. */
const FORBIDDEN_AGAIN_MILLIS = 1_000;

/** What a replicator's owner does when something follows for the state and the clients. */
export interface ReplicationOwner {
  /** The commit point has moved. */
  committed(): void;
  /** The role, its phase, or the configuration has changed. */
  roleChanged(): void;
  /** Reads, and at the primary writes, may be served again: the lease that was missing has come. */
  leased(): void;
  /** A new epoch of this primary: bring the state up to the end of the log, and write a barrier. */
  openEpoch(): void;
  /** A record of the primary's was taken into the log; it is not decided. */
  received(record: LogRecord): void;
  /** Everything behind `after` is cut off the log: it never was. */
  truncated(after: Seq): void;
  /** This is no primary any more; what was evaluated behind the commit point may never be. */
  deposed(): void;
  /** A snapshot of the primary has to take the place of log and store; `snapshotEnded` of the replica when it has, or has not. */
  fetchSnapshot(from: string): void;
  /** Log and store are being replaced by that snapshot: nothing may be written to either. */
  startsOver(): boolean;
  /** Resolves when what this replica wrote as a primary is in the log. */
  ownWritesEnded(): Promise<void>;
  /** Whether another record of this primary's is likely to follow at once. */
  expectsMore(): boolean;
  /** The log takes nothing any more. */
  logFailed(error: unknown): void;
  notice(text: string): void;
}

export interface ReplicatorParts {
  readonly replica: GroupReplica;
  readonly group: string;
  readonly coordinator: Coordinator;
  readonly log: Log;
  readonly checksum: Checksum;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly inMemory: boolean;
  /** The coordinator is this node's own. */
  readonly isAlone: boolean;
  /** The log is that of a node that was alone: a group which was founded without it has no place for it. */
  readonly mustFound: boolean;
  readonly owner: ReplicationOwner;
}

/** The shell around `GroupReplica`: brings it what happens, and does what it says, with coordinator, log and links. */
export class Replicator {
  readonly replica: GroupReplica;
  readonly logQueue: LogQueue;
  /** Messages that could not be understood. */
  malformed = 0;
  readonly #parts: ReplicatorParts;
  readonly #path: string;
  readonly #notices: CommitNotices;
  readonly #long: LongMessages;
  readonly #standstill: Standstill;
  #links: LinkEndpoint | undefined;
  /** When the link with a replica came up last (wall clock). */
  readonly #linkedSince = new Map<string, number>();
  #tick: Timer | undefined;
  #tickedAt = 0;
  #running = false;
  #reading = false;
  /** The znode has changed since the reading began, perhaps. */
  #readAgain = false;
  #stopped = false;
  readonly #view = new RecordView();

  constructor(parts: ReplicatorParts) {
    this.#parts = parts;
    this.replica = parts.replica;
    this.#path = `/groups/${parts.group}/config`;
    this.#notices = new CommitNotices(parts.timers, (to, notice) => this.#sendNow(to, notice));
    this.#long = new LongMessages(parts.timers);
    this.#standstill = new Standstill(parts.clock);
    this.logQueue = new LogQueue({
      log: parts.log,
      inMemory: parts.inMemory,
      ownWritesEnded: () => parts.owner.ownWritesEnded(),
      onPersisted: (upTo, generation) => this.persisted(upTo, generation),
      onFailure: (error) => parts.owner.logFailed(error),
    });
  }

  /** Asks the coordinator what this replica is, and goes on from there. */
  start(): void {
    this.replica.start(this.now());
    this.#tickedAt = this.now();
    this.#tick = this.#parts.timers.every(TICK_MILLIS, () => this.#tickUnlessLate());
    this.run();
  }

  /** There is nothing to be done by the clock, or nothing is to be begun any more. */
  stopTicking(): void {
    this.#tick?.cancel();
  }

  /** Says and does nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#notices.stop();
    this.#tick?.cancel();
  }

  now(): number {
    return this.#parts.clock.monotonic();
  }

  /** The time at which something is to be answered: before that, leases of a clock that stood still are given up. */
  servingNow(): number {
    const millis = this.#standstill.look();
    if (millis > 0) this.#stoodStill(millis);
    return this.now();
  }

  #stoodStill(millis: number): void {
    this.replica.stoodStill(this.now());
    this.#parts.owner.notice(
      `this machine stood still for ${Math.round(millis)} ms, or its time was set: nothing is answered before the others confirm it`,
    );
  }

  /** What the others said while this process stood still waits to be read: nobody is blamed for silence before it is. */
  #tickUnlessLate(): void {
    const late = this.servingNow() - this.#tickedAt > STILL_MILLIS;
    this.#tickedAt = this.now();
    if (!late) this.tick();
  }

  tick(): void {
    if (this.#stopped) return;
    this.replica.tick(this.now());
    this.run();
  }

  /** The log has more on disk. */
  persisted(upTo: Seq, generation: number): void {
    if (this.#stopped) return;
    this.replica.persisted(upTo, generation, this.now());
    this.run();
  }

  /** Does what follows from the last calls of the replica. */
  run(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    for (let effects = this.replica.takeEffects(); effects.length > 0; effects = this.replica.takeEffects()) {
      for (const effect of effects) this.#see(effect);
    }
    this.#running = false;
  }

  #see(effect: Effect): void {
    const { owner } = this.#parts;
    switch (effect.kind) {
      case "send":
        return this.#send(effect.to, effect.message);
      case "write":
        owner.received(effect.record);
        return this.logQueue.add(effect);
      case "truncate":
        owner.truncated(effect.after);
        return this.logQueue.add(effect);
      case "readLog":
        return this.#beginReading(effect.to, effect.from, effect.ticket);
      case "propose":
        return void this.#propose(effect.proposal);
      case "readConfiguration":
        return void this.#readConfiguration();
      case "commit":
        return owner.committed();
      case "role":
        return owner.roleChanged();
      case "openEpoch":
        owner.openEpoch();
        // A new primary asks for its leases at once, and not when the clock ticks next.
        return this.replica.tick(this.now());
      case "fetchSnapshot":
        return owner.fetchSnapshot(effect.from);
      case "discard":
        return owner.deposed();
    }
  }

  // Links

  /** Links are there: what the peers send is heard from now on. */
  attach(links: LinkEndpoint): void {
    this.#links = links;
  }

  /** For `LinkNetwork.join`. */
  readonly linkHandler: LinkHandler = {
    onUp: (link) => {
      this.#linkedSince.set(link.peer.replica, this.#parts.clock.wall());
      this.replica.linkUp(link.peer.replica, this.now());
      this.run();
    },
    onFrame: (link, kind, bytes) => this.#frame(link, kind, bytes),
    onDown: () => undefined,
    onRefusal: ({ by, code, address, message }) => {
      // It is usual while the workers of a group come to know each other.
      if (code === "unexpected" || code === "wrong_direction") return;
      const text = by === "us" ? `a link from ${address} was refused` : `${address} refused a link`;
      this.#parts.owner.notice(`${text}: ${message}`);
    },
  };

  /** The link with a replica; undefined when there is none. */
  linkWith(id: string): { readonly since: number; readonly bufferedBytes: number } | undefined {
    const link = this.#links?.link(id);
    if (link === undefined) return undefined;
    return { since: this.#linkedSince.get(id) ?? 0, bufferedBytes: link.bufferedBytes };
  }

  #send(to: string, message: Message): void {
    if (message.kind === "committed" && this.#parts.owner.expectsMore()) return this.#notices.hold(to, message);
    if (message.kind === "append") this.#notices.carried(to);
    this.#sendNow(to, message);
  }

  #sendNow(to: string, message: Message): void {
    const link = this.#links?.link(to);
    if (link === undefined) return;
    const parts = encodeMessage(message);
    if (!this.#long.take(link, MESSAGE_KIND, parts, message.kind === "append")) link.send(MESSAGE_KIND, parts);
    // Others wait for these, and in this turn there is little else to say.
    if (message.kind === "append" || message.kind === "appended") link.flush();
  }

  #frame(link: Link, kind: number, bytes: Uint8Array): void {
    if (!LongMessages.isPart(kind)) return this.#received(link, kind, bytes);
    const whole = this.#long.gather(link, kind, bytes);
    if (whole !== undefined) this.#received(link, MESSAGE_KIND, whole);
  }

  #received(link: Link, kind: number, bytes: Uint8Array): void {
    if (this.#stopped) return;
    const message = kind === MESSAGE_KIND ? decodeMessage(bytes) : undefined;
    if (message === undefined || (message.kind === "append" && !this.#isWhole(message.record))) {
      this.malformed++;
      if (this.malformed === 1)
        this.#parts.owner.notice(`${link.peer.replica} sent something that is no message; it was passed over`);
      return;
    }
    // A later epoch may have made it ask for what follows a log that is about to go.
    if (message.kind === "append" && this.#parts.owner.startsOver()) return;
    const { replica: id, incarnation } = link.peer;
    const now = this.now();
    const mayBring = message.kind === "beacon" || message.kind === "beaconAck";
    const lacked = mayBring && !this.replica.mayServe(now);
    this.replica.receive({ id, incarnation }, message, now);
    this.run();
    if (lacked && this.replica.mayServe(now)) this.#parts.owner.leased();
  }

  /** A record that was damaged on its way, or is not what it is said to be, is not taken. */
  #isWhole(record: LogRecord | undefined): boolean {
    if (record === undefined) return true;
    const view = this.#view;
    if (!readWire(record.bytes, this.#parts.checksum, view)) return false;
    return view.epoch === record.epoch && view.firstSeq === record.firstSeq && view.lastSeq === record.lastSeq;
  }

  async #readLog(to: string, from: Seq, ticket: number): Promise<void> {
    const { log, owner, timers } = this.#parts;
    // What an earlier primary sent may not have taken the place of what is in the log yet.
    await this.logQueue.ended();
    if (this.#stopped || !this.#isAwaited(to, ticket)) return;
    if (this.#long.isSending(to)) {
      timers.after(SEND_AGAIN_MILLIS, () => this.#beginReading(to, from, ticket));
      return;
    }
    const read = await log.readFrom(from, READ_BYTES);
    if (this.#stopped) return;
    if (read.ok && read.value.length === 0) {
      timers.after(READ_AGAIN_MILLIS, () => this.#beginReading(to, from, ticket));
      return;
    }
    if (!read.ok && read.error.code !== "gone") {
      owner.notice(`the log cannot be read for ${to}: ${read.error.message}`);
      return;
    }
    this.replica.recordsRead(to, ticket, read.ok ? read.value : undefined);
    this.run();
  }

  #beginReading(to: string, from: Seq, ticket: number): void {
    this.#readLog(to, from, ticket).catch((error: unknown) => {
      // A log that was closed or has failed says so to everybody.
      if (!this.#stopped) this.#parts.owner.logFailed(error);
    });
  }

  /** Whether a peer still waits for what is read. */
  #isAwaited(to: string, ticket: number): boolean {
    for (const peer of this.replica.primary?.peers ?? []) {
      if (peer.member.id === to) return peer.reading && peer.ticket === ticket;
    }
    return false;
  }

  // Coordinator

  async #propose({ configuration, version }: Proposal): Promise<void> {
    const text = encodeConfiguration(configuration);
    const result =
      version === undefined
        ? await this.#create(text)
        : await this.#parts.coordinator.replace(this.#path, text, version);
    if (this.#stopped) return;
    const outcome = outcomeOf(result);
    if (outcome === "unknown" && this.#parts.isAlone && !result.ok) {
      // It is a file of this node's own, and nobody knows what the disk has of it.
      this.#parts.owner.logFailed(new Error(`the configuration cannot be written: ${describe(result.error)}`));
      return;
    }
    if (result.ok || isUsual(result.error)) this.#troubles.delete("proposal");
    else this.#tellTrouble("proposal", `${this.#path} cannot be changed: ${describe(result.error)}`);
    if (!result.ok && result.error.code === "no_auth") {
      // It stays so until an operator does something; asked at once, the replica would propose the same again.
      await new Promise<void>((resolve) => this.#parts.timers.after(FORBIDDEN_AGAIN_MILLIS, resolve));
      if (this.#stopped) return;
    }
    this.replica.proposalEnded(configuration, result.ok ? result.value : 0, outcome, this.now());
    this.run();
    // Whoever made the znode has not read it yet, and would not hear when somebody else replaces it.
    if (outcome === "installed" && version === undefined && !this.#parts.isAlone) void this.#readConfiguration();
  }

  async #create(text: string): Promise<Result<number, CoordinatorError>> {
    const { coordinator, group } = this.#parts;
    const made = await makePath(coordinator, `/groups/${group}`);
    if (!made.ok && made.error.code === "no_auth") return { ok: false, error: made.error };
    if (!made.ok)
      return {
        ok: false,
        error: { code: "unavailable", message: `/groups/${group} cannot be made: ${made.error.code}` },
      };
    const created = await coordinator.create(this.#path, text, { kind: "durable" });
    return created.ok ? { ok: true, value: 0 } : created;
  }

  async #readConfiguration(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const read = await this.#parts.coordinator.get(this.#path, { sync: true, watch: this.#changed });
    this.#reading = false;
    if (this.#readAgain) {
      this.#readAgain = false;
      this.#changed();
    }
    if (this.#stopped) return;
    if (read.ok) {
      const configuration = parseConfiguration(read.value.data, read.value.version);
      if (configuration === undefined) {
        this.#tellTrouble("reading", `${this.#path} holds nonsense: ${read.value.data.slice(0, 200)}`);
        return;
      }
      this.#troubles.delete("reading");
      const { mustFound, group, owner } = this.#parts;
      if (mustFound && this.replica.role === "starting" && !isMember(configuration, this.replica.self)) {
        owner.logFailed(new Error(otherBeginning(group)));
        return;
      }
      this.replica.configurationRead(configuration, this.now());
    } else if (read.error.code === "no_node") {
      this.#troubles.delete("reading");
      this.replica.configurationRead(undefined, this.now());
    } else this.#tellTrouble("reading", `${this.#path} cannot be read: ${describe(read.error)}`);
    this.run();
  }

  /** The znode may be another: a hint, so it is read. Always the same function, so that it is left once, however often it is read. */
  readonly #changed = (): void => {
    if (this.#reading) this.#readAgain = true;
    else if (!this.#stopped) void this.#readConfiguration();
  };

  /** What was told of a trouble that lasts: once, until it is over. */
  readonly #troubles = new Map<"reading" | "proposal", string>();

  #tellTrouble(what: "reading" | "proposal", text: string): void {
    if (text === this.#troubles.get(what)) return;
    this.#troubles.set(what, text);
    this.#parts.owner.notice(text);
  }

  /** Writes down in the configuration how far the log has come, so that a later loss of its end is seen. Alone only. */
  async confirm(logEnd: Seq): Promise<Result<void, CoordinatorError>> {
    const { configuration } = this.replica;
    if (configuration === undefined) return { ok: true, value: undefined };
    const confirmed: Configuration = { ...configuration, logEnd };
    const replaced = await this.#parts.coordinator.replace(
      this.#path,
      encodeConfiguration(confirmed),
      configuration.version,
    );
    if (!replaced.ok) return replaced;
    this.replica.confirmed({ ...confirmed, version: replaced.value });
    return { ok: true, value: undefined };
  }
}

function describe(error: CoordinatorError): string {
  return "message" in error ? `${error.code} (${error.message})` : error.code;
}

/** Somebody else was faster. */
function isUsual({ code }: CoordinatorError): boolean {
  return code === "bad_version" || code === "exists";
}

function outcomeOf(result: Result<number, CoordinatorError>): ProposalOutcome {
  if (result.ok) return "installed";
  return result.error.code === "unknown" ? "unknown" : "refused";
}
