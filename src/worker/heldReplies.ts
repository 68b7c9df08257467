import type { Client } from "./client.ts";

interface Held {
  readonly client: Client;
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
  add(client: Client, seq: number, bytes: Uint8Array, replies: number): void {
    this.#newestSeq = Math.max(this.#newestSeq, seq);
    client.held++;
    client.heldBytes += bytes.length;
    this.#queue.push({ client, seq: this.#newestSeq, bytes, replies });
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

  /** Answers what waits with `errorLine`, once for each reply: its entries will never be committed. */
  refuse(errorLine: (replies: number) => Uint8Array): void {
    const queue = this.#queue.slice(this.#first);
    this.#queue = [];
    this.#first = 0;
    this.#newestSeq = 0;
    for (const { client, bytes, replies } of queue) {
      settle(client, bytes);
      if (!client.gone) client.sink.send(errorLine(replies));
    }
  }
}

function settle(client: Client, bytes: Uint8Array): void {
  client.held--;
  client.heldBytes -= bytes.length;
}
