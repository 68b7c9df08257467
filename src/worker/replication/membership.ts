import { type Epoch, SEQ_NONE, type Seq } from "../../base/ids.ts";
import { ok, type Result } from "../../base/result.ts";
import type { LogRecord } from "../../core/replica/message.ts";
import type { Timer } from "../../ports/clock.ts";
import { newMeta } from "../../storage/meta.ts";
import { SnapshotInstall } from "../../storage/snapshotInstall.ts";
import type { Node } from "../node.ts";
import type { NodeError } from "../nodeError.ts";
import type { ClusterView } from "../slots/clusterView.ts";
import { FirstAssignment } from "../slots/firstAssignment.ts";
import { LostWaits } from "../slots/lostWaits.ts";
import { SlotAccess } from "../slots/slotAccess.ts";
import { GroupAccess } from "./access.ts";
import type { GroupParts } from "./groupParts.ts";
import type { ReplicationOwner } from "./replicator.ts";

const UNBLOCKED = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
/** Replies whose entries' fate is still unknown so long after this ceased to be the primary are given up: the connection is closed. */
const FATE_MILLIS = 3_000;
const HAND_OVER_MILLIS = 2_000;
const LEAVE_MILLIS = 1_000;
/** Who has left the group goes on sending clients to the primary until none has asked for so long, … */
const CLIENTS_QUIET_MILLIS = 50;
/** … but no longer than this. */
const CLIENTS_GONE_MILLIS = 500;
const POLL_MILLIS = 5;
/** How often requests that wait for access are looked at when nothing else calls for it. */
const HELD_MILLIS = 25;
const SNAPSHOT_AGAIN_MILLIS = 500;

/** What a node does as the configuration makes it the primary, a secondary, or nothing of the group. */
export class Membership implements ReplicationOwner {
  /** The state is ahead of what is decided: this node evaluates. */
  evaluates = false;
  /** A node that is alone opens its epoch. */
  isStarting = false;
  /** Which commands one of several executes now. */
  access: GroupAccess | undefined;
  readonly #node: Node;
  #others: GroupParts | undefined;
  #mustReload = false;
  /** Resolves when nothing of the log's undecided end is being read. */
  #ahead: Promise<void> = Promise.resolve();
  #opened: () => void = () => undefined;
  #isStopping = false;
  #startsOver = false;
  #learning: Promise<void> = Promise.resolve();
  #wasMember = false;
  #heldTimer: Timer | undefined;
  #first: FirstAssignment | undefined;
  #unfollow: () => void = () => undefined;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Begins as the only replica there is; resolves when the epoch is open, or the disk refuses its first entry. */
  async startAlone(): Promise<void> {
    const { replicator } = this.#node;
    this.isStarting = true;
    const opened = new Promise<void>((resolve) => {
      this.#opened = () => {
        this.isStarting = false;
        resolve();
      };
    });
    replicator.start();
    await opened;
    replicator.stopTicking();
  }

  /** Begins as one of several. */
  async join(others: GroupParts): Promise<Result<void, NodeError>> {
    const { replicator, executor, replica, undecided, progress, parts } = this.#node;
    this.#others = others;
    const { cluster } = others;
    const now = (): number => replicator.servingNow();
    const { group, table } = parts;
    const state = this.#node.state;
    const heat = () => executor.heat;
    const isCounted = (): boolean => executor.heat?.wantsSlot() === true;
    const slots = cluster && new SlotAccess({ group, slots: () => state.slots, view: cluster, table, now, isCounted });
    if (cluster !== undefined) this.#follow(cluster);
    const access = new GroupAccess({
      replica,
      table,
      slots,
      ...(slots !== undefined && { heat }),
      undecided,
      appliedSeq: () => progress.appliedSeq,
      now,
      primaryAddress: () => this.#primaryAddress(),
      eventualByDefault: others.eventualByDefault,
    });
    this.access = access;
    executor.access = access.judge;
    executor.decidesExpiry = false;
    const links = await others.join(replicator.linkHandler);
    if (!links.ok) return links;
    replicator.attach(links.value);
    this.#heldTimer = parts.timers.every(HELD_MILLIS, () => {
      executor.tryHeld();
      this.#first?.begin();
      this.#node.moves?.look();
    });
    replicator.start();
    return ok(undefined);
  }

  /** Who waits hears when slots come and go, and when it is known who has them. */
  #follow(cluster: ClusterView): void {
    const { executor } = this.#node;
    this.#first = new FirstAssignment(this.#node, cluster);
    const lost = new LostWaits(executor);
    const look = (): void => {
      lost.look();
      executor.tryHeld();
    };
    executor.onSlots = look;
    this.#unfollow = cluster.onChange(look);
  }

  #primaryAddress(): string | undefined {
    const { configuration, self } = this.#node.replica;
    if (configuration === undefined || configuration.primary.id === self.id) return undefined;
    return this.#others?.clientAddress(configuration.primary.id);
  }

  #pass(millis: number): Promise<void> {
    return new Promise((resolve) => this.#node.parts.timers.after(millis, resolve));
  }

  // ReplicationOwner

  committed(): void {
    const { executor, replica, progress, durable, journal } = this.#node;
    if (!this.evaluates) progress.advanceSoon(replica.commitPoint);
    executor.committed();
    journal.committed();
    durable.committed();
    this.#node.moveHost?.waits.committed(replica.commitPoint);
    this.#node.onSettled();
  }

  roleChanged(): void {
    const { replica, executor, undecided } = this.#node;
    if (replica.role !== "primary") this.#movesEnd();
    if (replica.role !== "primary" && this.evaluates) this.#stepDown();
    else if (replica.role !== "primary" && this.#mustReload) this.#stepBack();
    // What it was given as a store is of no one instant, but of none behind what it has now.
    if (replica.role === "secondary" && !this.#wasMember) undecided.blindUpTo = replica.appendedSeq;
    this.#wasMember = replica.isMember;
    if (replica.mayEvaluate) {
      this.#others?.founded?.();
      this.#opened();
      this.#first?.begin();
    }
    this.#node.moves?.look();
    // Who waits for replicas may have them now.
    executor.committed();
    executor.tryHeld();
    this.#node.onSettled();
  }

  /** Another decides from now on, or nobody here. */
  #movesEnd(): void {
    const { moves, moveHost } = this.#node;
    moves?.end();
    moveHost?.waits.lost();
    moveHost?.load.stop();
  }

  leased(): void {
    this.#node.executor.tryHeld();
  }

  deposed(): void {
    this.#mustReload = true;
    this.#movesEnd();
  }

  /** From now on another decides. What was evaluated here and may never be is forgotten; whoever waits hears the truth. */
  #stepDown(): void {
    const { executor, replica, journal, progress, undecided, durable, trouble, parts } = this.#node;
    this.evaluates = false;
    executor.decidesExpiry = false;
    journal.discard();
    executor.deposed();
    executor.endAllWaits(UNBLOCKED);
    undecided.restart(replica.appendedSeq);
    durable.reject("this is not the primary any more", replica.commitPoint);
    if (this.#mustReload) trouble.reload(() => this.#caughtUp());
    else progress.evaluated(replica.commitPoint);
    this.#mustReload = false;
    parts.timers.after(FATE_MILLIS, () => executor.killUndecided());
  }

  /** Another decides before this node has evaluated anything: its state may have entries of the log's end that never come to be. */
  #stepBack(): void {
    const { replica, undecided, durable, trouble } = this.#node;
    this.#mustReload = false;
    undecided.restart(replica.appendedSeq);
    durable.reject("this is not the primary any more", replica.commitPoint);
    trouble.reload(() => this.#caughtUp());
  }

  #caughtUp(): void {
    const { progress, replica, executor } = this.#node;
    if (!this.evaluates) progress.advance(replica.commitPoint);
    executor.tryHeld();
  }

  openEpoch(): void {
    if (this.evaluates) this.#writeBarrier();
    else void this.#becomePrimary().catch((error: unknown) => this.#node.trouble.end(error));
  }

  async #becomePrimary(): Promise<void> {
    const { replica, replicator, trouble, progress, executor, undecided } = this.#node;
    const { epoch } = replica;
    const isOver = (): boolean => replica.epoch !== epoch || replica.role !== "primary" || trouble.ended;
    await trouble.loaded();
    await replicator.logQueue.ended();
    if (isOver()) return;
    const applied = progress.appliedSeq;
    progress.advance(replica.appendedSeq);
    this.#ahead = progress.reached();
    await this.#ahead;
    if (isOver()) return;
    this.#node.recovered(replica.appendedSeq - applied);
    this.evaluates = true;
    undecided.restart(SEQ_NONE);
    executor.decidesExpiry = true;
    this.#writeBarrier();
    // Writes may be refused from the beginning; reads are served meanwhile.
    if (executor.writesRefused !== undefined) this.#opened();
  }

  /** The log has refused what would have opened the epoch. */
  refused(): void {
    this.#opened();
  }

  #writeBarrier(): void {
    const { replica, executor, replicator } = this.#node;
    replica.epochOpened(replica.nextSeq, replicator.now());
    executor.writeBarrier();
    replicator.run();
  }

  received(record: LogRecord): void {
    this.#node.undecided.add(record);
  }

  truncated(after: Seq): void {
    this.#node.undecided.truncate(after);
  }

  async ownWritesEnded(): Promise<void> {
    await this.#node.journal.drain();
    await this.#ahead;
  }

  expectsMore(): boolean {
    return this.#node.journal.expectsMore;
  }

  logFailed(error: unknown): void {
    this.#node.trouble.logFailed(error);
  }

  notice(text: string): void {
    this.#node.parts.onNotice(text);
  }

  // Learning by a snapshot

  /** One that is under way serves every attempt: whoever is the primary then is asked, until there is a snapshot. */
  fetchSnapshot(_from: string): void {
    if (this.#startsOver) return;
    this.#startsOver = true;
    this.#learning = this.#startOver().catch((error: unknown) => this.#node.trouble.end(error));
  }

  /** Log and store are being replaced: nothing may be written to either. */
  startsOver(): boolean {
    return this.#startsOver;
  }

  /** Takes a snapshot of whoever is the primary, however often that has to be tried. */
  async #startOver(): Promise<void> {
    const { trouble, maintenance, replicator, progress, replica, undecided, executor } = this.#node;
    await trouble.loaded();
    await progress.suspend();
    await replicator.logQueue.ended();
    if (!(await this.#becomeAnother())) return;
    // The log that could have told what became of their entries goes.
    executor.killUndecided();
    await maintenance.flushEnded();
    this.#forgetStore();
    while (!this.#isStopping && !trouble.ended) {
      const at = await this.#install();
      if (at !== undefined) {
        if (!this.#node.loadStore()) return;
        undecided.restart(SEQ_NONE);
        this.#startsOver = false;
        replica.snapshotEnded(at);
        replicator.run();
        return;
      }
      await this.#pass(SNAPSHOT_AGAIN_MILLIS);
    }
  }

  /** Who throws away what it has acknowledged is another member from then on; false: it is a member by now, and keeps all. */
  async #becomeAnother(): Promise<boolean> {
    const { replica, replicator, log, store, progress } = this.#node;
    if (log.lastSeq === 0 && store.meta.applied === 0) return true;
    if (!replica.isMember && replica.startOver(await this.#others!.renew(), replicator.now())) {
      const links = await this.#others!.rejoin(replicator.linkHandler);
      if (links.ok) replicator.attach(links.value);
      else this.#node.trouble.end(new Error(links.error.message));
      return links.ok;
    }
    this.#startsOver = false;
    progress.restart(progress.appliedSeq);
    this.#caughtUp();
    return false;
  }

  /** A flush that comes between finds no changes, and says of the store what is true: it is not whole. */
  #forgetStore(): void {
    const { state, store } = this.#node;
    state.reset();
    store.meta = { ...newMeta(), installing: true };
  }

  async #install(): Promise<{ readonly seq: Seq; readonly epoch: Epoch } | undefined> {
    const { engine, log, state, replica, parts } = this.#node;
    const from = replica.configuration?.primary.id;
    if (from === undefined || from === replica.self.id) return undefined;
    const { checksum } = parts;
    const install = await SnapshotInstall.begin({ engine, log, hashOf: (key) => state.hashOf(key), checksum });
    // A chunk that is no good is told by `finish`.
    const take = async (chunk: Uint8Array): Promise<void> => {
      if (this.#isStopping) throw new Error("this node is stopping");
      await install.add(chunk);
    };
    const fetched = await this.#others!.fetchSnapshot(from, take).catch((error: unknown) => {
      if (!this.#isStopping) throw error;
    });
    if (fetched === undefined || this.#isStopping) return undefined;
    if (!fetched.ok) return this.#snapshotFailed(fetched.error);
    const finished = await install.finish();
    return finished.ok ? finished.value : this.#snapshotFailed(finished.error.message);
  }

  #snapshotFailed(message: string): undefined {
    this.#node.parts.onNotice(`the snapshot could not be taken: ${message}; it is tried again`);
    return undefined;
  }

  // Stopping

  /** Lets another be the primary, or leaves the group, as far as the others allow it in time. */
  async retire(): Promise<void> {
    const { replica, replicator, trouble } = this.#node;
    this.#isStopping = true;
    if (this.#others === undefined || trouble.ended) return;
    // From here on it ticks for what it waits for only: who has left must not ask to be let in again.
    replicator.stopTicking();
    if (replica.role === "primary") await this.#handOver();
    else if (replica.role === "secondary") await this.#leave();
    await this.#learningEnded();
    if (replica.role === "outside") await this.#clientsGone();
  }

  /**
   * Clients are sent to the new primary, and back as long as it does not know of its part: whoever asks here while connections
   * are being closed would not be answered. So that waits until nobody has asked for a moment.
   */
  async #clientsGone(): Promise<void> {
    const { executor, replicator } = this.#node;
    const end = replicator.now() + CLIENTS_GONE_MILLIS;
    let before = -1;
    let quietSince = replicator.now();
    while (
      executor.clients.size > 0 &&
      replicator.now() < end &&
      replicator.now() - quietSince < CLIENTS_QUIET_MILLIS
    ) {
      let asked = 0;
      for (const { session } of executor.clients) asked += session.commandsProcessed;
      if (asked !== before) quietSince = replicator.now();
      before = asked;
      await this.#pass(POLL_MILLIS);
    }
  }

  /** A snapshot that is being installed is broken off where that can be done. */
  async #learningEnded(): Promise<void> {
    await Promise.race([this.#learning, this.#pass(LEAVE_MILLIS)]);
  }

  /** Says nothing more. */
  async stop(): Promise<void> {
    const { replicator } = this.#node;
    this.#isStopping = true;
    this.#node.moves?.stop();
    this.#movesEnd();
    this.#heldTimer?.cancel();
    this.#first?.stop();
    this.#unfollow();
    replicator.stop();
    await this.#learningEnded();
    await replicator.logQueue.ended();
  }

  /** Hands over and leaves. */
  async #handOver(): Promise<void> {
    const { replica, replicator } = this.#node;
    if (!replica.handOver(undefined, false)) return;
    replicator.run();
    await this.#until(() => replica.role !== "primary", HAND_OVER_MILLIS);
  }

  async #leave(): Promise<void> {
    const { replica, replicator } = this.#node;
    replica.leave();
    replicator.run();
    await this.#until(() => replica.role !== "secondary", LEAVE_MILLIS);
  }

  async #until(isTrue: () => boolean, millisMax: number): Promise<void> {
    const { replicator } = this.#node;
    const end = replicator.now() + millisMax;
    while (!isTrue() && replicator.now() < end) {
      replicator.tick();
      await this.#pass(POLL_MILLIS);
    }
  }
}
