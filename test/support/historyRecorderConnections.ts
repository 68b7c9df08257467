import { setTimeout as sleep } from "node:timers/promises";
import { keySlot } from "../../src/base/crc16.ts";
import type { Prng } from "../../src/base/prng.ts";
import { RespClient } from "./respClient.ts";

/** A replica under its name in the history; all are of one group if it is not said. */
export type Endpoint = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly group?: string;
};

/** Where all clients of a load believe that the requests of a slot go. */
export class Routes {
  readonly endpoints: readonly Endpoint[];
  /** Indexes into `endpoints`. */
  readonly #byGroup = new Map<string, readonly number[]>();
  readonly #primaries = new Map<string, number>();
  readonly #groups = new Map<number, string>();

  constructor(endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints;
    for (const [at, endpoint] of endpoints.entries()) {
      const group = groupOf(endpoint);
      this.#byGroup.set(group, [...(this.#byGroup.get(group) ?? []), at]);
    }
  }

  /** The replicas of the slot's group. */
  replicas(slot: number): readonly number[] {
    return this.#byGroup.get(this.#group(slot))!;
  }

  primary(slot: number): number {
    return this.#primaries.get(this.#group(slot)) ?? this.replicas(slot)[0]!;
  }

  #group(slot: number): string {
    return this.#groups.get(slot) ?? groupOf(this.endpoints[0]!);
  }

  /** Nobody answers there: the next replica will be tried. */
  failed(slot: number, at: number): void {
    if (this.primary(slot) !== at) return;
    const replicas = this.replicas(slot);
    this.#primaries.set(this.#group(slot), replicas[(replicas.indexOf(at) + 1) % replicas.length]!);
  }

  /** A replica has told who has the slot. */
  moved(slot: number, at: number): void {
    const group = groupOf(this.endpoints[at]!);
    this.#groups.set(slot, group);
    this.#primaries.set(group, at);
  }
}

function groupOf({ group = "" }: Endpoint): string {
  return group;
}

/** Errors that say that the command was not executed and will not be. Any other error leaves the outcome open. */
const REFUSALS = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS|READONLY|MASTERDOWN)\b/;
const CONNECT_MILLIS_MAX = 1_000;
const RETRY_MILLIS_MAX = 30;
const STRAY_ONE_IN = 5;

export function isRefusal(error: string): boolean {
  return REFUSALS.test(error);
}

/** Since this process began, so that fractions of a microsecond keep their place in a number. */
export function nowMicros(): number {
  return Number(process.hrtime.bigint() - START_NANOS) / 1000;
}

const START_NANOS = process.hrtime.bigint();

export type Connected = { readonly endpoint: Endpoint; readonly connection: RespClient };

/** One client's connections: one for writes and one for reads at each replica, made when they are needed. */
export class ReplicaConnections {
  readonly #routes: Routes;
  readonly #random: Prng;
  readonly #open = new Map<string, RespClient>();

  constructor(routes: Routes, random: Prng) {
    this.#routes = routes;
    this.#random = random;
  }

  /**
   * A connection to the primary of the key's group, or for a read to any of its replicas, and sometimes to any at all;
   * `undefined`, after a moment, when there is none now.
   */
  async get(key: string, toAnyReplica: boolean): Promise<Connected | undefined> {
    const { endpoints } = this.#routes;
    const slot = keySlot(key);
    const at = toAnyReplica ? this.#anyReplica(slot) : this.#routes.primary(slot);
    const endpoint = endpoints[at]!;
    try {
      return { endpoint, connection: await this.#connectionTo(endpoint, toAnyReplica) };
    } catch {
      if (!toAnyReplica) this.#routes.failed(slot, at);
      await this.#waitAMoment();
      return undefined;
    }
  }

  #anyReplica(slot: number): number {
    const replicas = this.#routes.replicas(slot);
    const { length } = this.#routes.endpoints;
    // Whoever has had the slot, or will have it, must not answer what is old either.
    const isStray = replicas.length < length && this.#random.chance(1, STRAY_ONE_IN);
    return isStray ? this.#random.below(length) : this.#random.pick(replicas);
  }

  /** Goes where `MOVED` points; otherwise gives the servers a moment. */
  async follow(error: string): Promise<void> {
    const target = /^MOVED (\d+) (\S+):(\d+)/.exec(error);
    const at = this.#routes.endpoints.findIndex((it) => it.host === target?.[2] && it.port === Number(target?.[3]));
    if (at >= 0) this.#routes.moved(Number(target![1]), at);
    else await this.#waitAMoment();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((it) => it.close()));
  }

  async #connectionTo(endpoint: Endpoint, isForReads: boolean): Promise<RespClient> {
    const name = `${endpoint.name}${isForReads ? " reads" : ""}`;
    const old = this.#open.get(name);
    if (old?.isOpen) return old;
    const client = await RespClient.connect({ ...endpoint, deadlineMillis: CONNECT_MILLIS_MAX });
    // Behind a proxy a connection may be there while nobody is at its other end.
    await client.callWithin(CONNECT_MILLIS_MAX, "PING");
    this.#open.set(name, client);
    // A server that is no replica refuses this, and serves reads anyway.
    if (isForReads) await client.callWithin(CONNECT_MILLIS_MAX, "READONLY");
    return client;
  }

  async #waitAMoment(): Promise<void> {
    await sleep(this.#random.between(1, RETRY_MILLIS_MAX));
  }
}
