import type { Seq } from "../base/ids.ts";
import { LogWriteError } from "../storage/log/logError.ts";
import type { Node } from "./node.ts";

const DISK_FULL =
  "MISCONF Errors writing to the log: no space left on the disk. Commands that may modify the data set are refused until there is room.";
const SAID_CHARS_MAX = 300;
const PROBE_MILLIS = 500;

/**
 * What a node does when its disk refuses. Alone, it refuses writes, throws away what was not committed, and tries again until there
 * is room. One of several ends: the others go on without it, and what it could not write they may have.
 */
export class DiskTrouble {
  readonly #node: Node;
  #reloading: Promise<void> | undefined;
  #probing: Promise<void> = Promise.resolve();
  /** What a client is told whose write is refused. */
  #refusal = DISK_FULL;
  #engineFailed = false;
  #ended = false;
  /** Why the node cannot begin. */
  failure: string | undefined;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Nothing is served any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when everything up to `upTo` may go to the store. */
  durable(upTo: Seq): Promise<void> {
    // What is in memory now may come from entries that were refused: it goes on with others of the same seqs.
    if (this.#reloading !== undefined) return Promise.reject(new Error("the state is being loaded anew"));
    return this.#node.durable.wait(upTo);
  }

  logFailed(error: unknown): void {
    const { executor, parts } = this.#node;
    if (this.#ended) return;
    const mayGoOn = error instanceof LogWriteError && error.code !== "poisoned" && parts.others === undefined;
    if (!mayGoOn) return this.end(error);
    this.#refusal = refusalOf("the log", error);
    if (executor.writesRefused !== undefined && this.#reloading === undefined) {
      // A probe has failed; nothing but its barrier was evaluated since the state was loaded.
      this.#refuseWrites();
      this.#scheduleProbe();
      return;
    }
    parts.onNotice(`the log refuses entries (${error.message}): writes are refused until it takes them again`);
    this.#refuseWrites();
    this.reload(() => this.#scheduleProbe());
  }

  /** Nothing may be served any more. */
  end(error: unknown): void {
    if (this.#ended) return;
    const { journal, executor, replicator, membership, parts } = this.#node;
    this.#ended = true;
    journal.stop();
    executor.halt();
    replicator.stop();
    if (membership.isStarting) {
      this.failure = textOf(error);
      membership.refused();
    } else parts.onFatal(error);
  }

  stop(): void {
    this.#ended = true;
  }

  #refuseWrites(): void {
    const { executor, durable, membership } = this.#node;
    executor.writesRefused = this.#refusal;
    executor.refuseUncommitted(this.#refusal);
    durable.reject("the entries were refused by the log");
    membership.refused();
  }

  flushFailed(error: unknown): void {
    const { executor, journal, parts } = this.#node;
    if (this.#ended || this.#reloading !== undefined) return;
    if (error instanceof LogWriteError) return this.logFailed(error);
    if (parts.others !== undefined) return this.end(error);
    parts.onNotice(`changes cannot be brought to the store (${textOf(error)})`);
    this.#refusal = refusalOf("the store", error);
    this.#engineFailed = true;
    if (executor.writesRefused === undefined) void journal.drain().then(() => this.#refuseUnlessEnded());
    this.reload(() => this.#scheduleProbe());
  }

  /** A log that has failed meanwhile has entries of which nobody knows whether they will be there after the restart. */
  #refuseUnlessEnded(): void {
    if (!this.#ended) this.#refuseWrites();
  }

  /** Memory may hold what never came to be: it is thrown away and read again from engine and log. */
  reload(then: () => void): void {
    this.#reloading ??= this.#reload(then)
      .catch((error: unknown) => this.end(error))
      .finally(() => {
        this.#reloading = undefined;
      });
  }

  /** Resolves when the state is loaded and no probe is under way. */
  async settled(): Promise<void> {
    await this.#reloading;
    await this.#probing;
  }

  /** Resolves when the state is loaded. */
  async loaded(): Promise<void> {
    await this.#reloading;
  }

  async #reload(then: () => void): Promise<void> {
    const { executor, journal, maintenance, progress } = this.#node;
    executor.halt();
    await journal.drain();
    await maintenance.flushEnded();
    await progress.suspend();
    if (!(await this.#loadAnew())) return;
    executor.resume();
    then();
  }

  /** Reads the state again from the engine and what the log has behind it; false when the node has to end. */
  async #loadAnew(): Promise<boolean> {
    const { replica, progress, membership } = this.#node;
    if (!this.#node.loadStore()) return false;
    progress.advance(replica.commitPoint);
    await progress.reached();
    if (membership.evaluates) progress.evaluated(replica.commitPoint);
    return !this.#ended;
  }

  #scheduleProbe(): void {
    this.#node.parts.timers.after(PROBE_MILLIS, () => {
      if (!this.#ended) this.#probing = this.#probe().catch((error: unknown) => this.end(error));
    });
  }

  /** Tries whether the log takes an entry again, and then whether the engine can be opened anew, if it was that which failed. */
  async #probe(): Promise<void> {
    const { replica, executor, journal, parts } = this.#node;
    const before = replica.commitPoint;
    executor.writeBarrier();
    await journal.drain();
    if (replica.commitPoint === before || this.#reloading !== undefined || this.#ended) return;
    if (this.#engineFailed && !(await this.#reopenEngine())) {
      this.#scheduleProbe();
      return;
    }
    executor.writesRefused = undefined;
    const isRoom = this.#refusal === DISK_FULL;
    parts.onNotice(`${isRoom ? "there is room again" : "the disk works again"}: writes are accepted`);
  }

  /** An engine whose write has failed takes no more until it is opened again. Requests wait meanwhile. */
  async #reopenEngine(): Promise<boolean> {
    const { executor, journal, parts, progress } = this.#node;
    executor.halt();
    await journal.drain();
    await progress.suspend();
    try {
      await this.#node.engine.close();
    } catch {
      // It is closed because it failed.
    }
    const engine = await parts.openEngine();
    if (!engine.ok) return false;
    this.#node.engine = engine.value;
    this.#engineFailed = false;
    if (!(await this.#loadAnew())) return false;
    executor.resume();
    return true;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As Redis begins it; then what the disk has said, in one line of ASCII. */
function refusalOf(place: string, error: unknown): string {
  const text = textOf(error);
  const isFull =
    (error instanceof LogWriteError && error.code === "disk_full") || /no space left|ENOSPC|EDQUOT/i.test(text);
  if (isFull) return DISK_FULL;
  const said = text.replace(/[^ -~]+/g, " ").slice(0, SAID_CHARS_MAX);
  return `MISCONF Errors writing to ${place}: ${said}. Commands that may modify the data set are refused until it works again.`;
}
