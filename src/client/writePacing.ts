/** Writes wait for others only where a round trip takes no more than this part of the time in which a write is answered. */
const ROUND_TRIP_PART_MAX = 1 / 4;
/** And only where there are more than so many under way, in the mean: two or three that wait for each other would gain nothing. */
const CROWD_MIN = 2.5;
const OVERDUE_MILLIS_MIN = 5;
/** Weights of samples in means. */
const TIME_WEIGHT = 1 / 8;
const CROWD_WEIGHT = 1 / 16;

/**
 * Decides whether writes to a node wait for the answers to those before them, to go in one message: what RFC 896 (J. Nagle) does with
 * segments. A log takes what has gathered when its last record is durable, so a write that is sent meanwhile waits there. One that
 * waits here instead comes later by a round trip at most, and with others: fewer messages, records and syncs for as many writes.
 * With many under way, batches of all of them, in a round trip and a sync each, are more than batches of half of them in a sync each, if
 * a round trip is much less than a sync. Where it is not, nothing waits (docs/adr/0019).
 */
export class WritePacing {
  /** The last write of a message that has no answer; 0: there is none. */
  #awaited = 0;
  #awaitedAt = 0;
  #writeMillis = 0;
  #underWay = 0;
  #crowd = 0;

  /** There is one write more. */
  began(): void {
    this.#underWay++;
    this.#crowd += (this.#underWay - this.#crowd) * CROWD_WEIGHT;
  }

  /** There is one less, answered or not. */
  ended(): void {
    this.#underWay--;
  }

  /** Whether there is an answer to wait for, and it is worth it. */
  waits(roundTripMillis: number): boolean {
    return this.#awaited !== 0 && this.isWorthIt(roundTripMillis);
  }

  isWorthIt(roundTripMillis: number): boolean {
    return this.#crowd >= CROWD_MIN && roundTripMillis <= this.#writeMillis * ROUND_TRIP_PART_MAX;
  }

  /** A message has gone; `id` is its last write's. */
  sent(id: number, now: number): void {
    if (this.#awaited !== 0) return;
    this.#awaited = id;
    this.#awaitedAt = now;
  }

  /** Whether writes that waited for this answer may go. */
  answered(id: number, now: number): boolean {
    if (id !== this.#awaited) return false;
    const sample = now - this.#awaitedAt;
    this.#writeMillis += (sample - this.#writeMillis) * (this.#writeMillis === 0 ? 1 : TIME_WEIGHT);
    this.#awaited = 0;
    return true;
  }

  /** Nobody wants that answer any more, and none may come. */
  forget(id: number): void {
    if (id === this.#awaited) this.giveUp();
  }

  /** No answer comes, or not soon. */
  giveUp(): void {
    this.#awaited = 0;
  }

  /** Whether the answer takes so long that nobody should wait for it: the node stands still, or that write waits for something of its own. */
  isOverdue(now: number): boolean {
    return this.#awaited !== 0 && now - this.#awaitedAt >= Math.max(OVERDUE_MILLIS_MIN, 2 * this.#writeMillis);
  }
}
