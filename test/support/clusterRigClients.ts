import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster } from "ioredis";
import type { ClusterRig } from "./clusterRig.ts";
import type { Endpoint } from "./historyRecorderConnections.ts";
import { tagOfSlot } from "./slotKeys.ts";

export type PauseKind = "write" | "read";

const BETWEEN_MILLIS = 4;
const BLOCK_SECONDS = 1;
const QUEUE_PAUSE_MILLIS = 10;
const FAILURES_MAX = 20;
const KEYS = Array.from({ length: 1_000 }, (_, number) => number);
/** Of all groups. */
const SLOTS = [1, 5_000, 9_000, 16_000];
const REQUESTS_MIN = 50;
const WHOLE_MILLIS_MAX = 60_000;

let instances = 0;

/**
 * Clients of ioredis in cluster mode, as anybody uses it, on one key in each of some slots: writes, reads at the primary and at all
 * replicas, transactions, and a queue with a reader that blocks. Every failed request counts, and so does every reply that is older
 * than what was acknowledged before.
 */
export class RedisClusterClients {
  readonly failures: string[] = [];
  requests = 0;
  readonly #slots: readonly number[];
  readonly #writes: Cluster;
  readonly #reads: Cluster;
  readonly #queue: Cluster;
  readonly #acknowledged = new Map<number, number>();
  /** By slot, since the last `takeLongest`. */
  readonly #longest: Readonly<Record<PauseKind, Map<number, number>>> = { write: new Map(), read: new Map() };
  readonly #loops: readonly Promise<void>[];
  /** Nobody before has used its keys. */
  readonly #name = `c${instances++}`;
  #isStopped = false;

  /** Begins at once. The first two slots also have the transactions and the queue. */
  constructor(endpoints: readonly Endpoint[], slots: readonly number[]) {
    const nodes = endpoints.map(({ host, port }) => ({ host, port }));
    this.#slots = slots;
    this.#writes = new Cluster(nodes);
    this.#reads = new Cluster(nodes, { scaleReads: "all" });
    this.#queue = new Cluster(nodes);
    for (const cluster of [this.#writes, this.#reads, this.#queue]) cluster.on("error", this.#failed("connection"));
    this.#loops = [
      ...slots.flatMap((slot) => [this.#write(slot), this.#read(slot, this.#writes), this.#read(slot, this.#reads)]),
      this.#transactions(this.#key(slots[0]!)),
      this.#push(`${this.#key(slots[1]!)}:queue`),
      this.#pop(`${this.#key(slots[1]!)}:queue`),
    ];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    for (const cluster of [this.#writes, this.#reads, this.#queue]) cluster.disconnect();
  }

  /** The longest that one request took for each slot since the last call, in ms. */
  takeLongest(kind: PauseKind): readonly number[] {
    const longest = this.#slots.map((slot) => this.#longest[kind].get(slot) ?? 0);
    this.#longest[kind].clear();
    return longest;
  }

  async #write(slot: number): Promise<void> {
    const key = this.#key(slot);
    for (let count = 1; !this.#isStopped; count++) {
      await this.#timed("write", slot, async () => {
        await this.#writes.set(key, count);
        this.#acknowledged.set(slot, count);
      });
    }
  }

  async #read(slot: number, cluster: Cluster): Promise<void> {
    const key = this.#key(slot);
    while (!this.#isStopped) {
      const least = this.#acknowledged.get(slot) ?? 0;
      await this.#timed("read", slot, async () => {
        const found = Number((await cluster.get(key)) ?? 0);
        if (found < least) throw new Error(`a read of ${key} gave ${found}, and ${least} was acknowledged before it`);
      });
    }
  }

  async #timed(kind: PauseKind, slot: number, request: () => Promise<void>): Promise<void> {
    const began = performance.now();
    await request().catch(this.#failed(`${kind} of slot ${slot}`));
    const longest = this.#longest[kind];
    longest.set(slot, Math.max(longest.get(slot) ?? 0, performance.now() - began));
    this.requests++;
    await sleep(BETWEEN_MILLIS);
  }

  async #transactions(key: string): Promise<void> {
    for (let count = 1; !this.#isStopped; count++, this.requests++) {
      const done = await this.#writes
        .multi()
        .incr(`${key}:count`)
        .rpush(`${key}:list`, count)
        .exec()
        .catch(this.#failed("transaction"));
      const replies = done?.map(([error, reply]) => error?.message ?? reply);
      if (JSON.stringify(replies) !== `[${count},${count}]`) {
        this.#failed("transaction")(new Error(`${JSON.stringify(replies)} as number ${count}`));
        return;
      }
      await sleep(QUEUE_PAUSE_MILLIS);
    }
  }

  async #push(key: string): Promise<void> {
    for (let count = 1; !this.#isStopped; count++, this.requests++) {
      await this.#writes.rpush(key, count).catch(this.#failed("push"));
      await sleep(QUEUE_PAUSE_MILLIS);
    }
  }

  async #pop(key: string): Promise<void> {
    for (let next = 1; !this.#isStopped; this.requests++) {
      const popped = await this.#queue.blpop(key, BLOCK_SECONDS).catch(this.#failed("blocking pop"));
      if (popped === null || popped === undefined) continue;
      if (popped[1] !== String(next)) this.#failed("blocking pop")(new Error(`${popped[1]} in place of ${next}`));
      next = Number(popped[1]) + 1;
    }
  }

  #key(slot: number): string {
    return `{${tagOfSlot(slot)}}${this.#name}`;
  }

  #failed(what: string): (error: Error) => void {
    return ({ message }) => {
      if (this.failures.length < FAILURES_MAX) this.failures.push(`${what}: ${message}`);
    };
  }
}

/** Writes keys all over the slots, for `assertUnharmed`. */
export function writeKeys({ endpoints }: ClusterRig): Promise<void> {
  return withCluster(endpoints, async (cluster) => {
    await Promise.all(KEYS.map((number) => cluster.set(`key:${number}`, number)));
  });
}

/** All that `writeKeys` has written is there. */
export async function assertKeys({ endpoints }: ClusterRig): Promise<void> {
  await withCluster(endpoints, async (cluster) => {
    const found = await Promise.all(KEYS.map((number) => cluster.get(`key:${number}`)));
    const lost = KEYS.filter((number) => found[number] !== String(number));
    assert.deepEqual(lost, []);
  });
}

/** While `run` does something with the cluster no request of a client fails, and afterwards all keys are there. */
export async function assertUnharmed(rig: ClusterRig, run: () => Promise<void>): Promise<void> {
  const clients = new RedisClusterClients(rig.endpoints, SLOTS);
  try {
    await run();
  } finally {
    await clients.stop();
  }
  assert.deepEqual(clients.failures, [], rig.notices());
  assert.ok(clients.requests > REQUESTS_MIN, `only ${clients.requests} requests`);
  await rig.whole(WHOLE_MILLIS_MAX);
  await assertKeys(rig);
}

async function withCluster<T>(endpoints: readonly Endpoint[], use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = new Cluster(endpoints.map(({ host, port }) => ({ host, port })));
  try {
    return await use(cluster);
  } finally {
    cluster.disconnect();
  }
}
