import type { Client, Output } from "./client.ts";
import type { Lane, Place } from "./forwarding/lane.ts";

interface Held {
  readonly client: Client;
  /** What the replies tell of: they wait for it, and for what those before them wait for. */
  readonly dependsOn: number;
  /** Of that entry, if another decides what becomes of it. */
  readonly epoch: number | undefined;
  readonly output: Output;
  readonly replies: number;
  /** Among replies from other nodes; undefined when there were none before it. */
  readonly place: Place | undefined;
}

/** What became of an entry whose primary was deposed: it is committed, never will be, or nobody knows yet. */
export type Fate = "kept" | "lost" | "open";
/** The client may ask again, here or elsewhere. */
const NOT_EXECUTED = "-TRYAGAIN The primary has changed; this was not executed\r\n";
export type FateOf = (seq: number, epoch: number) => Fate;

/** Replies that wait for the commit point, in the order in which they were written: none overtakes an earlier one. */
export class HeldReplies {
  readonly #onFilled: (lane: Lane) => void;
  #queue: Held[] = [];
  #first = 0;

  /** `onFilled`: a request that counts as forwarded has its reply, since it was executed here in the end. */
  constructor(onFilled: (lane: Lane) => void = () => undefined) {
    this.#onFilled = onFilled;
  }

  add(client: Client, dependsOn: number, output: Output, replies: number, place?: Place): void {
    client.held++;
    client.heldBytes += output.length;
    if (place === undefined) client.heldDirect++;
    this.#queue.push({ client, dependsOn, epoch: undefined, output, replies, place });
  }

  /**
   * Sends what depends on nothing newer than `commitPoint`, and, of what was in doubt, what is decided. Answers the clients that were
   * refused something.
   */
  release(commitPoint: number, fateOf: FateOf): readonly Client[] {
    const queue = this.#queue;
    const refused: Client[] = [];
    while (this.#first < queue.length) {
      const held = queue[this.#first]!;
      const { client, dependsOn, epoch, output, replies } = held;
      if (epoch === undefined && dependsOn > commitPoint) break;
      const fate = epoch === undefined ? "kept" : fateOf(dependsOn, epoch);
      if (fate === "open") break;
      this.#first++;
      if (fate === "lost") refused.push(client);
      this.#settle(held, fate === "lost" ? NOT_EXECUTED.repeat(replies) : output);
    }
    if (this.#first === queue.length) {
      this.#queue = [];
      this.#first = 0;
    } else if (this.#first > 1024 && this.#first * 2 > queue.length) {
      this.#queue = queue.slice(this.#first);
      this.#first = 0;
    }
    return refused;
  }

  /**
   * Another decides from now on. What is behind `appended` was told to nobody: replies that tell of it become errors, and wait for
   * what is before. What tells of entries behind `commitPoint` is in doubt: `epochAt` says of which epoch those are.
   */
  doubt(commitPoint: number, appended: number, epochAt: (seq: number) => number | undefined): readonly Client[] {
    const refused: Client[] = [];
    for (let at = this.#first; at < this.#queue.length; at++) {
      const held = this.#queue[at]!;
      const isRefused = held.dependsOn > appended;
      const output = isRefused ? NOT_EXECUTED.repeat(held.replies) : held.output;
      const dependsOn = Math.min(held.dependsOn, appended);
      held.client.heldBytes += output.length - held.output.length;
      const epoch = held.epoch ?? (dependsOn > commitPoint ? epochAt(dependsOn) : undefined);
      this.#queue[at] = { ...held, output, dependsOn, epoch };
      if (isRefused) refused.push(held.client);
    }
    return refused;
  }

  /** Whose replies tell of entries in doubt. */
  clientsInDoubt(): Set<Client> {
    const inDoubt = this.#queue.slice(this.#first).filter(({ epoch }) => epoch !== undefined);
    return new Set(inDoubt.map(({ client }) => client));
  }

  /**
   * Nothing behind `commitPoint` will ever be committed: replies that tell of it are exchanged for those that `errors` makes
   * of their number; those that only waited for them go out. Answers the clients that were refused something.
   */
  refuse(commitPoint: number, errors: (replies: number) => Output): Set<Client> {
    const queue = this.#queue.slice(this.#first);
    this.#queue = [];
    this.#first = 0;
    const refused = new Set<Client>();
    for (const held of queue) {
      const isRefused = held.dependsOn > commitPoint;
      if (isRefused) refused.add(held.client);
      this.#settle(held, isRefused ? errors(held.replies) : held.output);
    }
    return refused;
  }

  /** Lets `output` go, in its place where the client's replies have places. */
  #settle(held: Held, output: Output): void {
    const { client, place } = held;
    const { lane } = client;
    client.held--;
    client.heldBytes -= held.output.length;
    if (place !== undefined) lane!.fill(place, output);
    else {
      client.heldDirect--;
      if (!client.gone) client.sink.send(output);
    }
    lane?.drain();
    if (place?.isRemote) this.#onFilled(lane!);
  }
}
