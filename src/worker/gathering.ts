import type { Clock, Timers } from "../ports/clock.ts";

/** So many turns without a new entry are silence: about 150 µs where nothing else is to be done. */
const SILENT_TURNS_MAX = 100;
const WAIT_MICROS_MAX = 1_000;
/** After a wait in which nothing came a record is written at once; after another one twice as many, and so on up to this number. */
const RECORDS_WITHOUT_WAIT_MAX = 8;

/**
 * When to write the next record. Clients that wait for their replies send their next requests when they have them, a few
 * microseconds later; a record that is begun at once misses them, and the clients fall into two halves that wait for each other's
 * records: twice as many writes and syncs, each of which costs the processor as much as some twenty small requests.
 *
 * So the next record waits until as many entries have come as the last one had, but no longer than the last write took, and not when
 * silence shows that the clients have something else to do.
 */
export class Gathering {
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** Entries of the last record, and how long it took to be on disk. */
  #lastEntries = 0;
  #lastMicros = 0;
  #expected = 0;
  #isWaiting = false;
  #recordsWithoutWait = 0;
  /** So many after the next wait in which nothing comes. */
  #nextWithoutWait = 1;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Whether several clients write at the same time, so that another record is likely to follow the last one soon. */
  get expectsMore(): boolean {
    // A client that is alone has no others to wait for.
    return this.#lastEntries > 1 && this.#recordsWithoutWait === 0;
  }

  /** A record of so many entries was begun. */
  began(entries: number): void {
    this.#lastEntries = entries;
    if (this.#recordsWithoutWait > 0) this.#recordsWithoutWait--;
  }

  /** It is on disk after `micros`; its clients will be told now. Meanwhile `gathered` entries of others have come. */
  written(micros: number, gathered: number): void {
    this.#lastMicros = Math.min(micros, WAIT_MICROS_MAX);
    this.#expected = this.#lastEntries + gathered;
  }

  /**
   * Calls `go` when the entries that have come, as `count` tells, are to be written: at once, or at the end of a later turn. While it
   * waits for that it needs no other call, and ignores one.
   */
  wait(count: () => number, go: () => void): void {
    if (this.#isWaiting) return;
    const atFirst = count();
    if (!this.expectsMore || atFirst >= this.#expected) return go();
    this.#isWaiting = true;
    const deadline = this.#clock.micros() + this.#lastMicros;
    let seen = atFirst;
    let silentTurns = 0;
    const look = (): void => {
      const entries = count();
      silentTurns = entries === seen ? silentTurns + 1 : 0;
      seen = entries;
      if (entries < this.#expected && silentTurns < SILENT_TURNS_MAX && this.#clock.micros() < deadline) {
        this.#timers.endOfTurn(look);
        return;
      }
      this.#isWaiting = false;
      go();
      this.#learn(entries > atFirst);
    };
    this.#timers.endOfTurn(look);
  }

  #learn(hasCome: boolean): void {
    if (!hasCome) this.#recordsWithoutWait = this.#nextWithoutWait;
    this.#nextWithoutWait = hasCome ? 1 : Math.min(2 * this.#nextWithoutWait, RECORDS_WITHOUT_WAIT_MAX);
  }
}
