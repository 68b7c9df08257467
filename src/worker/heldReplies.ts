import type { Client } from "./client.ts";

interface Held {
  readonly client: Client;
  /** What the replies tell of. */
  readonly dependsOn: number;
  /** What they wait for. */
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly replies: number;
}

/** Replies that wait for the commit point, in the order in which they were written. */
export class HeldReplies {
  #queue: Held[] = [];
  #first = 0;
  #newestSeq = 0;

  /** A reply never overtakes an earlier one: it waits for at least what that one waits for. */
  add(client: Client, dependsOn: number, bytes: Uint8Array, replies: number): void {
    this.#newestSeq = Math.max(this.#newestSeq, dependsOn);
    client.held++;
    client.heldBytes += bytes.length;
    this.#queue.push({ client, dependsOn, seq: this.#newestSeq, bytes, replies });
  }

  /** Sends what depends on nothing newer than `commitPoint`. */
  release(commitPoint: number): void {
    const queue = this.#queue;
    while (this.#first < queue.length && queue[this.#first]!.seq <= commitPoint) {
      const { client, bytes } = queue[this.#first++]!;
      settle(client, bytes);
      if (!client.gone) client.sink.send(bytes);
    }
    if (this.#first === queue.length) {
      this.#queue = [];
      this.#first = 0;
    } else if (this.#first > 1024 && this.#first * 2 > queue.length) {
      this.#queue = queue.slice(this.#first);
      this.#first = 0;
    }
  }

  /**
   * Nothing behind `commitPoint` will ever be committed: replies that tell of it are exchanged for those that `errors` makes
   * of their number; those that only waited for them go out. Answers the clients that were refused something.
   */
  refuse(commitPoint: number, errors: (replies: number) => Uint8Array): Set<Client> {
    const queue = this.#queue.slice(this.#first);
    this.#queue = [];
    this.#first = 0;
    this.#newestSeq = 0;
    const refused = new Set<Client>();
    for (const { client, dependsOn, bytes, replies } of queue) {
      settle(client, bytes);
      if (dependsOn > commitPoint) refused.add(client);
      if (!client.gone) client.sink.send(dependsOn > commitPoint ? errors(replies) : bytes);
    }
    return refused;
  }
}

function settle(client: Client, bytes: Uint8Array): void {
  client.held--;
  client.heldBytes -= bytes.length;
}
