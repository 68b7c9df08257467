import type { Committed } from "../../core/replica/message.ts";
import type { Timer, Timers } from "../../ports/clock.ts";

/** A notice that no record has carried for so long goes out by itself. */
const HELD_MILLIS = 2;

/**
 * Notices of the commit point, held back for a moment while writes follow each other: the next record says the same. A notice of its
 * own costs each secondary a turn, and the primary two writes to sockets at the time at which it has the most to do.
 */
export class CommitNotices {
  readonly #timers: Timers;
  readonly #send: (to: string, notice: Committed) => void;
  readonly #held = new Map<string, Committed>();
  #timer: Timer | undefined;

  constructor(timers: Timers, send: (to: string, notice: Committed) => void) {
    this.#timers = timers;
    this.#send = send;
  }

  hold(to: string, notice: Committed): void {
    this.#held.set(to, notice);
    this.#timer ??= this.#timers.after(HELD_MILLIS, () => this.#sendAll());
  }

  /** A record goes out that carries the commit point. */
  carried(to: string): void {
    if (this.#held.delete(to) && this.#held.size === 0) this.stop();
  }

  /** Sends none of them any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held.clear();
  }

  #sendAll(): void {
    const held = [...this.#held];
    this.stop();
    for (const [to, notice] of held) this.#send(to, notice);
  }
}
