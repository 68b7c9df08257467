/** While much is committed, watches are woken so often; what came in between they read at once. */
const PAUSE_MILLIS = 5;

/** Wakes the watches of a node when more is committed. While nothing is, nothing runs. */
export class WatchBell {
  /** Another one each time something is committed. */
  commits = 0;
  #waiting = new Set<() => void>();
  #rungAt = Number.NEGATIVE_INFINITY;
  #isDue = false;

  /** More is committed, or may be. */
  committed(): void {
    this.commits++;
    if (this.#waiting.size > 0) this.#ringSoon();
  }

  /** Calls `wake` once, when more is committed than there was at `commits`. */
  wait(commits: number, wake: () => void): void {
    this.#waiting.add(wake);
    if (commits !== this.commits) this.#ringSoon();
  }

  leave(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  #ringSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const pause = this.#rungAt + PAUSE_MILLIS - performance.now();
    if (pause > 0) setTimeout(() => this.#ring(), pause);
    else setImmediate(() => this.#ring());
  }

  #ring(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    this.#isDue = false;
    this.#rungAt = performance.now();
    for (const wake of waiting) wake();
  }
}
