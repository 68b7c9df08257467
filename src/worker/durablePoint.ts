import { SEQ_NONE, type Seq } from "../base/ids.ts";
import type { Timer, Timers } from "../ports/clock.ts";
import type { Log } from "../storage/log/log.ts";

const SYNC_MILLIS = 1_000;

export interface DurablePointParts {
  readonly log: Log;
  readonly timers: Timers;
  /** Entries are committed when they are written, and synced later. */
  readonly inMemory: boolean;
  readonly commitPoint: () => Seq;
  /** What was evaluated in this turn is not even written yet: writes it. */
  readonly endTurn: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** Up to where entries are committed and on disk: only what they made may go to the store. */
export class DurablePoint {
  readonly #parts: DurablePointParts;
  readonly #waiters: { readonly seq: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];
  #reached: number;
  #timer: Timer | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: DurablePointParts, reached: Seq) {
    this.#parts = parts;
    this.#reached = reached;
    if (parts.inMemory) this.#timer = parts.timers.every(SYNC_MILLIS, () => void this.sync());
  }

  /** The commit point has moved. */
  committed(): void {
    if (!this.#parts.inMemory) this.#advance(this.#parts.commitPoint());
    else this.#syncIfAwaited();
  }

  /** Somebody waits. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** What somebody waits for may be committed by now, and not synced. */
  #syncIfAwaited(): void {
    if (this.isAwaited && this.#waiters[0]!.seq <= this.#parts.commitPoint()) void this.sync();
  }

  #advance(upTo: number): void {
    this.#reached = Math.max(this.#reached, upTo);
    while (this.#waiters.length > 0 && this.#waiters[0]!.seq <= this.#reached) this.#waiters.shift()!.resolve();
  }

  /** Resolves when everything up to `upTo` is there; rejects when some of it may never be. */
  wait(upTo: Seq): Promise<void> {
    // A snapshot moves the commit point without a commit.
    this.committed();
    if (upTo <= this.#reached) return Promise.resolve();
    const reached = new Promise<void>((resolve, reject) => this.#waiters.push({ seq: upTo, resolve, reject }));
    if (this.#parts.inMemory) {
      this.#parts.endTurn();
      this.#syncIfAwaited();
    }
    return reached;
  }

  /** What is waited for behind `after` will not come: other entries may take its place. */
  reject(reason: string, after: Seq = SEQ_NONE): void {
    while (this.#waiters.length > 0 && this.#waiters.at(-1)!.seq > after) {
      this.#waiters.pop()!.reject(new Error(reason));
    }
  }

  /** Syncs what is committed and was only written. */
  async sync(): Promise<void> {
    const upTo = this.#parts.commitPoint();
    if (upTo <= this.#reached) return;
    this.#syncing = this.#syncing.then(async () => {
      if (upTo <= this.#reached || this.#stopped) return;
      try {
        await this.#parts.log.sync();
        this.#advance(upTo);
      } catch (error) {
        this.reject("the log cannot be synced");
        this.#parts.onFailure(error);
      }
    });
    await this.#syncing;
  }

  /** Nothing is synced from now on; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#syncing;
    this.#stopped = true;
  }
}
