import { setTimeout as sleep } from "node:timers/promises";
import type { Prng } from "../../src/base/prng.ts";
import { RespClient } from "./respClient.ts";

/** A replica under its name in the history. */
export type Endpoint = { readonly name: string; readonly host: string; readonly port: number };

/** Where all clients of a load believe that the writes go: an index into `endpoints`. */
export type Routes = { readonly endpoints: readonly Endpoint[]; primary: number };

/** Errors that say that the command was not executed and will not be. Any other error leaves the outcome open. */
const REFUSALS = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS|READONLY|MASTERDOWN)\b/;
const CONNECT_MILLIS_MAX = 1_000;
const RETRY_MILLIS_MAX = 30;

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

  /** A connection to any replica (for reads) or to the primary; `undefined`, after a moment, when there is none now. */
  async get(toAnyReplica: boolean): Promise<Connected | undefined> {
    const { endpoints, primary } = this.#routes;
    const at = toAnyReplica ? this.#random.below(endpoints.length) : primary;
    const endpoint = endpoints[at]!;
    try {
      return { endpoint, connection: await this.#connectionTo(endpoint, toAnyReplica) };
    } catch {
      if (!toAnyReplica && this.#routes.primary === at) this.#routes.primary = (at + 1) % endpoints.length;
      await this.#waitAMoment();
      return undefined;
    }
  }

  /** Goes where `MOVED` points; otherwise gives the servers a moment. */
  async follow(error: string): Promise<void> {
    const target = /^MOVED \d+ (\S+):(\d+)/.exec(error);
    const at = this.#routes.endpoints.findIndex((it) => it.host === target?.[1] && it.port === Number(target?.[2]));
    if (at >= 0) this.#routes.primary = at;
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
