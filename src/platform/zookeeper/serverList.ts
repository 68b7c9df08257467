import { below, type Random } from "../../base/random.ts";
import type { ServerAddress } from "./connectString.ts";

const PAUSE_MILLIS_MIN = 50;
const PAUSE_MILLIS_MAX = 1000;
const BETWEEN_SERVERS_MILLIS = 20;

/** Which server to try next, and when: all in turn, shuffled, for ever, with pauses that grow with every round in vain. */
export class ServerList {
  readonly #random: Random;
  readonly #servers: ServerAddress[];
  #at = 0;
  /** Rounds in vain since there was a connection. */
  rounds = 0;
  #attempts = 0;

  constructor(servers: readonly ServerAddress[], random: Random) {
    this.#random = random;
    this.#servers = [...servers];
    this.#shuffle();
  }

  get count(): number {
    return this.#servers.length;
  }

  next(): ServerAddress {
    const server = this.#servers[this.#at]!;
    this.#at = (this.#at + 1) % this.#servers.length;
    return server;
  }

  succeeded(): void {
    this.rounds = 0;
    this.#attempts = 0;
  }

  /** How long to wait before the next attempt; at random, so that not all clients come at once. */
  pauseMillis(): number {
    // The first attempt after a connection was lost is at another server: it need not wait.
    if (this.#attempts++ === 0 && this.#servers.length > 1) return below(this.#random, BETWEEN_SERVERS_MILLIS);
    if (this.#attempts % this.#servers.length !== 0) return below(this.#random, BETWEEN_SERVERS_MILLIS);
    this.rounds++;
    const pause = Math.min(PAUSE_MILLIS_MAX, PAUSE_MILLIS_MIN * 2 ** Math.min(this.rounds, 10));
    return Math.floor(pause / 2) + below(this.#random, Math.floor(pause / 2));
  }

  /** Fisher and Yates. */
  #shuffle(): void {
    const servers = this.#servers;
    for (let last = servers.length - 1; last > 0; last--) {
      const other = below(this.#random, last + 1);
      [servers[last], servers[other]] = [servers[other]!, servers[last]!];
    }
  }
}
