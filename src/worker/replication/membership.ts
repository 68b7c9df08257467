import { type Epoch, SEQ_NONE, type Seq } from "../../base/ids.ts";
import { ok, type Result } from "../../base/result.ts";
import type { LogRecord } from "../../core/replica/message.ts";
import type { Timer } from "../../ports/clock.ts";
import { SnapshotInstall } from "../../storage/snapshotInstall.ts";
import type { Node } from "../node.ts";
import type { NodeError } from "../nodeError.ts";
import { GroupAccess } from "./access.ts";
import type { GroupParts } from "./groupParts.ts";
import type { ReplicationOwner } from "./replicator.ts";

const NOT_EXECUTED = "TRYAGAIN The primary has changed; this was not executed";
const UNBLOCKED = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
/** Replies whose entries' fate is still unknown so long after this ceased to be the primary are given up: the connection is closed. */
const FATE_MILLIS = 3_000;
const HAND_OVER_MILLIS = 2_000;
const LEAVE_MILLIS = 1_000;
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
  readonly #node: Node;
  #others: GroupParts | undefined;
  #mustReload = false;
  #opened: () => void = () => undefined;
  #isStopping = false;
  #heldTimer: Timer | undefined;

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
    const access = new GroupAccess({
      replica,
      table: parts.table,
      undecided,
      appliedSeq: () => progress.appliedSeq,
      now: () => parts.clock.monotonic(),
      primaryAddress: () => this.#primaryAddress(),
      eventualByDefault: others.eventualByDefault,
    });
    executor.access = access.judge;
    executor.decidesExpiry = false;
    const links = await others.join(replicator.linkHandler);
    if (!links.ok) return links;
    replicator.attach(links.value);
    this.#heldTimer = parts.timers.every(HELD_MILLIS, () => executor.tryHeld());
    replicator.start();
    return ok(undefined);
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
    if (!this.evaluates) progress.advance(replica.commitPoint);
    executor.committed();
    journal.committed();
    durable.committed();
  }

  roleChanged(): void {
    const { replica, executor } = this.#node;
    if (this.evaluates && replica.role !== "primary") this.#stepDown();
    if (replica.mayEvaluate) this.#opened();
    executor.endWaits();
    executor.tryHeld();
  }

  deposed(): void {
    this.#mustReload = true;
  }

  /** From now on another decides. What was evaluated here and may never be is forgotten; whoever waits hears the truth. */
  #stepDown(): void {
    const { executor, replica, journal, progress, undecided, durable, trouble, parts } = this.#node;
    this.evaluates = false;
    executor.decidesExpiry = false;
    journal.discard();
    executor.refuseBehind(replica.appendedSeq, NOT_EXECUTED);
    executor.endAllWaits(UNBLOCKED);
    undecided.restart(replica.appendedSeq);
    durable.reject("this is not the primary any more");
    if (this.#mustReload) trouble.reload(() => this.#caughtUp());
    else progress.evaluated(replica.commitPoint);
    this.#mustReload = false;
    const { appendedSeq } = replica;
    parts.timers.after(FATE_MILLIS, () => executor.killUndecided(appendedSeq));
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
    await trouble.loaded();
    await replicator.logQueue.ended();
    const applied = progress.appliedSeq;
    progress.advance(replica.appendedSeq);
    await progress.reached();
    if (replica.epoch !== epoch || replica.role !== "primary" || trouble.ended) return;
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
    const { undecided, executor } = this.#node;
    undecided.truncate(after);
    executor.refuseBehind(after, NOT_EXECUTED);
  }

  ownWritesEnded(): Promise<void> {
    return this.#node.journal.drain();
  }

  logFailed(error: unknown): void {
    this.#node.trouble.logFailed(error);
  }

  notice(text: string): void {
    this.#node.parts.onNotice(text);
  }

  // Learning by a snapshot

  fetchSnapshot(_from: string): void {
    void this.#startOver().catch((error: unknown) => this.#node.trouble.end(error));
  }

  /** Takes a snapshot of whoever is the primary, however often that has to be tried. */
  async #startOver(): Promise<void> {
    const { trouble, maintenance, replicator, progress, replica, undecided } = this.#node;
    await trouble.loaded();
    await maintenance.flushEnded();
    await progress.suspend();
    await replicator.logQueue.ended();
    if (!(await this.#becomeAnother())) return;
    while (!this.#isStopping && !trouble.ended) {
      const at = await this.#install();
      if (at !== undefined) {
        if (!this.#node.loadStore()) return;
        undecided.restart(SEQ_NONE);
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
    progress.restart(progress.appliedSeq);
    this.#caughtUp();
    return false;
  }

  async #install(): Promise<{ readonly seq: Seq; readonly epoch: Epoch } | undefined> {
    const { engine, log, state, replica, parts } = this.#node;
    const from = replica.configuration?.primary.id;
    if (from === undefined || from === replica.self.id) return undefined;
    const { checksum } = parts;
    const install = await SnapshotInstall.begin({ engine, log, hashOf: (key) => state.hashOf(key), checksum });
    // A chunk that is no good is told by `finish`.
    const fetched = await this.#others!.fetchSnapshot(from, async (chunk) => void (await install.add(chunk)));
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
    if (replica.role === "primary") await this.#handOver();
    else if (replica.role === "secondary") await this.#leave();
    replicator.stopTicking();
  }

  /** Says nothing more. */
  async stop(): Promise<void> {
    const { replicator } = this.#node;
    this.#isStopping = true;
    this.#heldTimer?.cancel();
    replicator.stop();
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
      await this.#pass(POLL_MILLIS);
      replicator.tick();
    }
  }
}
