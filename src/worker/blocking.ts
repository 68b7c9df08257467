import { ByteWriter } from "../base/byteWriter.ts";
import type { Args } from "../core/command/args.ts";
import type { BlockRequest } from "../core/command/call.ts";
import { BLOCKED, HELD, type Outcome } from "../core/command/dispatch.ts";
import { Reply } from "../core/command/reply.ts";
import type { Timers } from "../ports/clock.ts";
import type { Client, Output } from "./client.ts";
import { outputOf } from "./output.ts";
import { skipOne } from "./replyMode.ts";
import { withTimeLeft } from "./timeLeft.ts";
import { WaitingClients } from "./waitingClients.ts";

export interface BlockingParts {
  readonly timers: Timers;
  /** Monotonic clock, milliseconds. */
  readonly now: () => number;
  /** The type of what a key holds, 0 for none. */
  readonly typeOf: (key: string) => number;
  /** Evaluates a parked request again because `key` has become ready. */
  readonly evaluate: (client: Client, args: Args, reply: Reply, key: string) => Outcome;
  readonly deliver: (client: Client, output: Output) => void;
  /** Deals with a request as if it came now, when the present turn is over. */
  readonly again: (client: Client, args: Args) => void;
  readonly clients: ReadonlySet<Client>;
  /** Who waits for what has changed. */
  readonly onChange: () => void;
  readonly mayServe: () => boolean;
}

/** Clients that are parked by a blocking command, and what ends their wait. */
export class Blocking {
  readonly waiting: WaitingClients;
  readonly reply: Reply;
  readonly #parts: BlockingParts;
  readonly #aside = new ByteWriter(1024);
  #isServing = false;
  #awake: Client[] = [];

  constructor(parts: BlockingParts) {
    this.#parts = parts;
    this.waiting = new WaitingClients(parts.typeOf);
    this.reply = new Reply(this.#aside);
  }

  park(client: Client, args: Args, request: BlockRequest): void {
    const { timeoutMillis } = request;
    const timer = timeoutMillis > 0 ? this.#parts.timers.after(timeoutMillis, () => this.timeOut(client)) : undefined;
    client.parked = { args, request, timer, since: this.#parts.now() };
    client.session.blocked = true;
    this.waiting.add(client, request);
    this.#parts.onChange();
  }

  unpark(client: Client): void {
    const { parked } = client;
    if (parked === undefined) return;
    parked.timer?.cancel();
    this.waiting.remove(client, parked.request);
    client.parked = undefined;
    client.session.blocked = false;
    this.#parts.onChange();
  }

  timeOut(client: Client): void {
    const { parked } = client;
    if (parked === undefined) return;
    this.endWait(client, (reply) => parked.request.onTimeout(reply));
  }

  /** Ends a client's wait with a reply that tells, at most, that there was nothing to be had. */
  endWait(client: Client, write: (reply: Reply) => void): void {
    this.unpark(client);
    this.#aside.reset();
    this.reply.protocol = client.session.protocol;
    write(this.reply);
    this.#answer(client);
  }

  /** Ends all waits: those for keys begin anew, and are sent to where the keys are now; others are answered with an error. */
  endAll(error: string): void {
    this.startOver(() => true);
    for (const client of [...this.#parts.clients])
      if (client.parked !== undefined) this.endWait(client, (reply) => reply.error(error));
  }

  /** Waits for a key that `concerns` begin anew, as if their commands came now with the time that is left. */
  startOver(concerns: (key: string) => boolean): void {
    for (const client of this.#parts.clients) {
      const { parked } = client;
      if (parked === undefined || !parked.request.keys.some(concerns)) continue;
      this.unpark(client);
      this.#parts.again(client, withTimeLeft(parked.args, this.#parts.now() - parked.since));
    }
  }

  #answer(client: Client): void {
    const { session } = client;
    if (session.replyMode === "on") {
      client.replies++;
      this.#parts.deliver(client, outputOf(this.#aside));
    } else skipOne(session);
    this.#wake(client);
  }

  /** The client's next requests are executed soon: now they would write among the replies of the present one. */
  #wake(client: Client): void {
    if (this.#awake.length === 0) this.#parts.timers.endOfTurn(() => this.#resumeAwake());
    this.#awake.push(client);
  }

  #resumeAwake(): void {
    const awake = this.#awake;
    this.#awake = [];
    for (const client of awake) if (!client.gone) client.sink.resume();
  }

  /**
   * Serves the clients that wait for keys which have become ready, key by key, in Redis's order (`handleClientsBlockedOnKeys`).
   * What one of them is given may make further keys ready: it goes on until there is none.
   */
  serve(): void {
    if (this.#isServing || !this.#parts.mayServe()) return;
    this.#isServing = true;
    while (this.waiting.anyReady) for (const key of this.waiting.takeReady()) this.#serveFrom(key);
    this.#isServing = false;
  }

  /** First come, first served, as long as the key has something to give. */
  #serveFrom(key: string): void {
    for (const client of this.waiting.clientsOf(key)) {
      const type = this.#parts.typeOf(key);
      if (type === 0) return;
      if (client.parked?.request.valueType === type) this.#retry(client, client.parked.args, key);
    }
  }

  #retry(client: Client, args: Args, key: string): void {
    this.#aside.reset();
    this.reply.protocol = client.session.protocol;
    const outcome = this.#parts.evaluate(client, args, this.reply, key);
    if (outcome === BLOCKED || outcome === HELD) return;
    this.unpark(client);
    this.#answer(client);
  }
}
