import { type Seq, seq } from "../base/ids.ts";
import type { Random } from "../base/random.ts";
import type { GroupReplica } from "../core/replica/groupReplica.ts";
import type { KeySpace } from "../core/state/keySpace.ts";
import type { Clock, Timer, Timers } from "../ports/clock.ts";
import type { EngineStore } from "../storage/engineStore.ts";
import type { Flusher } from "../storage/flusher.ts";
import type { Log } from "../storage/log/log.ts";
import type { Executor } from "./executor.ts";
import { expireDue } from "./expiry.ts";

const TICK_MILLIS = 100;
/** Expired keys that are on disk only are looked for this often, so many at a time. */
const COLD_EXPIRY_MILLIS = 1_000;
const COLD_EXPIRY_KEYS = 256;
/** A flush begins when the log has become long, or nothing has changed for so long, … */
const FLUSH_IDLE_MILLIS = 1_000;
/** … or the last one is this old: each rewrites what changed since, so what changes all the time is better brought once than often. */
const FLUSH_AGE_MILLIS = 120_000;
/** Copies read up to this part of the log's length that makes a flush begin. */
const COPY_LOG_PART = 32;
const EVICTION_TRIES = 64;
const EVICTION_TRIES_A_TICK = 10_000;
/** So much log is kept for a replica that is behind; one that is further behind needs a snapshot. */
const LOG_FOR_OTHERS_BYTES_MAX = 512 << 20;
/** Memory may go beyond its limit by so much while changes wait to be flushed; then requests wait. */
const MEMORY_OVERRUN = 1.25;

export interface MaintenanceParts {
  readonly state: KeySpace;
  readonly store: EngineStore;
  readonly flusher: Flusher;
  readonly log: Log;
  readonly replica: GroupReplica;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly memoryBytesMax: () => number;
  readonly flushLogBytes: number;
  readonly onFlushFailure: (error: unknown) => void;
}

/** What a node does by the clock: expiry, flushing, cutting the log, keeping memory within its limit. */
export class Maintenance {
  readonly #parts: MaintenanceParts;
  #timer: Timer | undefined;
  #flush: Promise<void> | undefined;
  #lastFlushAt: number;
  #lastSeq: Seq;
  /** Ticks in a row before which nothing had changed: time in which the process did not run is none of quiet. */
  #quietTicks = 0;
  #coldExpiryAt = 0;
  #coldExpiryAfter: Uint8Array | undefined;
  #overMemory = false;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    this.#lastSeq = parts.replica.lastSeq;
    this.#lastFlushAt = parts.clock.monotonic();
  }

  start(): void {
    this.#timer = this.#parts.timers.every(TICK_MILLIS, () => this.tick());
  }

  /** One round of everything that is due. */
  tick(): void {
    const { executor, clock } = this.#parts;
    const now = clock.monotonic();
    expireDue(executor, this.#parts.state, clock);
    if (now - this.#coldExpiryAt >= COLD_EXPIRY_MILLIS) this.#expireCold(now);
    if (this.#isFlushDue(now)) this.startFlush();
    this.#keepMemory();
  }

  #expireCold(now: number): void {
    const { store, state, executor, clock } = this.#parts;
    this.#coldExpiryAt = now;
    if (state.coldKeys === 0 || executor.halted || executor.writesRefused !== undefined) return;
    const { keys, last } = store.expired(clock.wall(), COLD_EXPIRY_KEYS, this.#coldExpiryAfter);
    this.#coldExpiryAfter = keys.length < COLD_EXPIRY_KEYS ? undefined : last;
    executor.deleteExpired(keys);
  }

  #isFlushDue(now: number): boolean {
    const { replica, store, log, state, executor } = this.#parts;
    this.#quietTicks = replica.lastSeq === this.#lastSeq ? this.#quietTicks + 1 : 0;
    this.#lastSeq = replica.lastSeq;
    if (this.#flush !== undefined || executor.halted || executor.writesRefused !== undefined) return false;
    if (replica.commitPoint <= store.flushedSeq) return false;
    if (state.memoryUsed > this.#parts.memoryBytesMax()) return true;
    if (log.bytesAfter(store.flushedSeq) >= this.#parts.flushLogBytes) return true;
    return this.#quietTicks * TICK_MILLIS >= FLUSH_IDLE_MILLIS || now - this.#lastFlushAt >= FLUSH_AGE_MILLIS;
  }

  /** When the last flush ended, or the node began: milliseconds of the monotonic clock. */
  get lastFlushAt(): number {
    return this.#lastFlushAt;
  }

  get flushing(): boolean {
    return this.#flush !== undefined;
  }

  /** Begins a flush unless one is under way; resolves when it is over. */
  startFlush(): Promise<void> {
    this.#flush ??= this.#runFlush().finally(() => {
      this.#flush = undefined;
    });
    return this.#flush;
  }

  /**
   * Brings what has changed to the engine if a copy of that had better not read it in the log: when that is long, or when every key was
   * removed behind what the engine has, as such a copy would have to begin anew. A flush for each copy of a few slots would rewrite much more
   * than those, and its writing is what clients feel of a copy.
   */
  async flushForCopy(): Promise<void> {
    const { store, log, state } = this.#parts;
    const isLong = log.bytesAfter(store.flushedSeq) > this.#parts.flushLogBytes / COPY_LOG_PART;
    if (this.#flush !== undefined || state.clearPending || isLong) await this.startFlush();
  }

  /** Resolves when no flush is under way. */
  async flushEnded(): Promise<void> {
    await this.#flush;
  }

  async #runFlush(): Promise<void> {
    const { flusher, log, replica, clock, onFlushFailure } = this.#parts;
    try {
      await flusher.run();
      await log.cut(this.#mayBeCut());
      replica.cut(seq(log.firstSeq - 1));
    } catch (error) {
      onFlushFailure(error);
    }
    this.#lastFlushAt = clock.monotonic();
    this.#coldExpiryAfter = undefined;
  }

  /** What the store has, but for what another replica still lacks, if that is not too much. */
  #mayBeCut(): Seq {
    const { store, log, replica } = this.#parts;
    const { neededBehind } = replica;
    const isTooMuch = log.bytesAfter(neededBehind) > LOG_FOR_OTHERS_BYTES_MAX;
    return isTooMuch ? store.flushedSeq : seq(Math.min(store.flushedSeq, neededBehind));
  }

  /** Takes some values that the engine has out of memory, if that is over its limit. */
  reclaim(tries = EVICTION_TRIES): void {
    const { state, store, random, memoryBytesMax } = this.#parts;
    const limit = memoryBytesMax();
    if (state.memoryUsed > limit) state.evict(limit, store.flushedSeq, random, tries);
  }

  #keepMemory(): void {
    const { state, executor, memoryBytesMax } = this.#parts;
    const limit = memoryBytesMax();
    this.reclaim(EVICTION_TRIES_A_TICK);
    const isOver = state.memoryUsed > limit * MEMORY_OVERRUN && this.#flush !== undefined;
    if (isOver === this.#overMemory) return;
    this.#overMemory = isOver;
    executor.holdBack(isOver);
  }

  /** Stops the clock's work; a flush that is under way is waited for. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#flush;
  }
}
