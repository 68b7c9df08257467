import type { Client, Output } from "./client.ts";

interface Held {
  readonly client: Client;
  /** What the replies tell of. */
  readonly dependsOn: number;
  /** What they wait for. */
  readonly seq: number;
  readonly output: Output;
  readonly replies: number;
}

/** Replies that wait for the commit point, in the order in which they were written. */
export class HeldReplies {
  #queue: Held[] = [];
  #first = 0;
  #newestSeq = 0;

  /** A reply never overtakes an earlier one: it waits for at least what that one waits for. */
  add(client: Client, dependsOn: number, output: Output, replies: number): void {
    this.#newestSeq = Math.max(this.#newestSeq, dependsOn);
    client.held++;
    client.heldBytes += output.length;
    this.#queue.push({ client, dependsOn, seq: this.#newestSeq, output, replies });
  }

  /** Sends what depends on nothing newer than `commitPoint`. */
  release(commitPoint: number): void {
    const queue = this.#queue;
    while (this.#first < queue.length && queue[this.#first]!.seq <= commitPoint) {
      const { client, output } = queue[this.#first++]!;
      settle(client, output);
      if (!client.gone) client.sink.send(output);
    }
    if (this.#first === queue.length) {
      this.#queue = [];
      this.#first = 0;
    } else if (this.#first > 1024 && this.#first * 2 > queue.length) {
      this.#queue = queue.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Whose replies wait for entries up to `upTo`. */
  clientsUpTo(upTo: number): Set<Client> {
    const waiting = this.#queue.slice(this.#first).filter(({ seq }) => seq <= upTo);
    return new Set(waiting.map(({ client }) => client));
  }

  /** Nothing behind `after` will be committed: replies that tell of it become errors, and wait for what is before it. */
  refuseBehind(after: number, errors: (replies: number) => Output): Set<Client> {
    const refused = new Set<Client>();
    for (let at = this.#first; at < this.#queue.length; at++) {
      const held = this.#queue[at]!;
      if (held.seq <= after) continue;
      const isRefused = held.dependsOn > after;
      const output = isRefused ? errors(held.replies) : held.output;
      held.client.heldBytes += output.length - held.output.length;
      this.#queue[at] = { ...held, output, dependsOn: Math.min(held.dependsOn, after), seq: after };
      if (isRefused) refused.add(held.client);
    }
    this.#newestSeq = Math.min(this.#newestSeq, after);
    return refused;
  }

  /**
   * Nothing behind `commitPoint` will ever be committed: replies that tell of it are exchanged for those that `errors` makes
   * of their number; those that only waited for them go out. Answers the clients that were refused something.
   */
  refuse(commitPoint: number, errors: (replies: number) => Output): Set<Client> {
    const queue = this.#queue.slice(this.#first);
    this.#queue = [];
    this.#first = 0;
    this.#newestSeq = 0;
    const refused = new Set<Client>();
    for (const { client, dependsOn, output, replies } of queue) {
      settle(client, output);
      if (dependsOn > commitPoint) refused.add(client);
      if (!client.gone) client.sink.send(dependsOn > commitPoint ? errors(replies) : output);
    }
    return refused;
  }
}

function settle(client: Client, output: Output): void {
  client.held--;
  client.heldBytes -= output.length;
}
