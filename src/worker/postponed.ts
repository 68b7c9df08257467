import type { Args } from "../core/command/args.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import type { Client } from "./client.ts";

export interface PostponedParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whether anything is executed at present. */
  readonly isOpen: () => boolean;
  /** Executes the request that the client was made to wait with; it may be made to wait again. */
  readonly goOn: (client: Client, args: Args) => void;
}

/** Clients whose next request waits: for the end of a `CLIENT PAUSE`, or for this replica to be allowed to execute it. */
export class Postponed {
  /** What waits at present: all requests, or those that may write. */
  paused: "all" | "write" | undefined;
  readonly #parts: PostponedParts;
  readonly #waitingForEnd = new Set<Client>();
  readonly #waitingForAccess = new Set<Client>();
  #scheduled = false;

  constructor(parts: PostponedParts) {
    this.#parts = parts;
  }

  remove(client: Client): void {
    this.#waitingForEnd.delete(client);
    this.#waitingForAccess.delete(client);
  }

  /** The request waits for the end of the pause. */
  untilUnpaused(client: Client, args: Args): void {
    client.postponed = args.retain();
    client.waitsBriefly = false;
    this.#waitingForEnd.add(client);
  }

  /** Ends a pause: what waits is executed, in the order of its arrival, when the present request is over. */
  unpause(): void {
    this.paused = undefined;
    if (this.#waitingForEnd.size > 0) this.#parts.timers.endOfTurn(() => this.resume());
  }

  /** Executes what waited for the end of a pause, if that is over. */
  resume(): void {
    if (this.#waitingForEnd.size === 0 || this.paused !== undefined) return;
    this.#run(this.#waitingForEnd);
  }

  /** The request waits for access: for entry `awaits` to be decided, or for the replica to know what it is. */
  untilAllowed(client: Client, args: Args, awaits: number): void {
    client.postponed = args.retain();
    client.waitsBriefly = true;
    client.heldSince ??= this.#parts.clock.monotonic();
    client.awaits = awaits;
    this.#waitingForAccess.add(client);
  }

  /** The request waits for replies to earlier ones, until `told`. */
  untilTold(client: Client, args: Args): void {
    client.postponed = args.retain();
    client.waitsBriefly = true;
  }

  /** The request, which has bytes of its own, is dealt with as if it came when the present turn is over. */
  again(client: Client, args: Args): void {
    client.postponed = args;
    client.waitsBriefly = false;
    this.told(client);
  }

  /** What the client's request waited for has come. */
  told(client: Client): void {
    if (client.postponed === undefined || this.#waitingForEnd.has(client)) return;
    this.#waitingForAccess.add(client);
    this.tryAgain();
  }

  /** What waits for access is tried again when the present turn is over; those that must still wait do. */
  tryAgain(): void {
    if (this.#scheduled || this.#waitingForAccess.size === 0) return;
    this.#scheduled = true;
    this.#parts.timers.endOfTurn(() => {
      this.#scheduled = false;
      this.#run(this.#waitingForAccess);
    });
  }

  #run(clients: Set<Client>): void {
    if (!this.#parts.isOpen()) return;
    const waiting = [...clients];
    clients.clear();
    for (const client of waiting) {
      const args = client.postponed;
      if (args === undefined || client.gone) continue;
      client.postponed = undefined;
      this.#parts.goOn(client, args);
      if (client.postponed !== undefined) continue;
      client.heldSince = undefined;
      client.awaits = 0;
      if (client.session.closing) client.sink.end();
      else client.sink.resume();
    }
  }
}
