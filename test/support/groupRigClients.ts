import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint } from "./historyRecorderConnections.ts";
import { RespClient } from "./respClient.ts";

const CONNECT_MILLIS_MAX = 1_000;
const REQUEST_MILLIS_MAX = 10_000;
const RETRY_MILLIS = 2;
const TRIES_MAX = 2_000;
/** Not executed, so that every cluster client sends it again by itself. */
const TRY_AGAIN = /^(TRYAGAIN|CLUSTERDOWN|LOADING|ASK)\b/;

/**
 * Clients as libraries for Redis Cluster are: they go where `MOVED` points, and send again what was certainly not executed. A
 * request fails when its connection ends before the reply, or when the reply is any other error.
 */
export class ClusterClients {
  readonly failures: string[] = [];
  requests = 0;
  /** The longest time that one request took, with all its attempts, in ms. */
  slowestMillis = 0;
  readonly #endpoints: readonly Endpoint[];
  readonly #loops: readonly Promise<void>[];
  #primary: number;
  #isStopped = false;

  constructor(endpoints: readonly Endpoint[], count: number, prefix: string, primary: string) {
    this.#endpoints = endpoints;
    this.#primary = endpoints.findIndex(({ name }) => name === primary);
    this.#loops = Array.from({ length: count }, (_, index) => this.#run(`${prefix}:${index}`));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #run(key: string): Promise<void> {
    const connections = new Map<number, RespClient>();
    for (let count = 0; !this.#isStopped; count++) {
      const began = performance.now();
      await this.#request(connections, count % 2 === 0 ? ["SET", key, String(count)] : ["GET", key]);
      this.requests++;
      this.slowestMillis = Math.max(this.slowestMillis, performance.now() - began);
      await sleep(1);
    }
    await Promise.all([...connections.values()].map((client) => client.close()));
  }

  async #request(connections: Map<number, RespClient>, command: readonly string[]): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const at = this.#primary;
      const client = await this.#connection(connections, at);
      if (client === undefined) {
        if (this.#primary === at) this.#primary = (at + 1) % this.#endpoints.length;
        await sleep(RETRY_MILLIS);
        continue;
      }
      const sentAt = performance.now();
      try {
        const reply = await client.callWithin(REQUEST_MILLIS_MAX, ...command);
        if (reply.type !== "error") return;
        if (!this.#follow(reply.text)) {
          if (!TRY_AGAIN.test(reply.text)) return void this.failures.push(reply.text);
          await sleep(RETRY_MILLIS);
        }
      } catch (error) {
        const after = Math.round(performance.now() - sentAt);
        return void this.failures.push(`${(error as Error).message} (${command[0]}, ${after} ms after it was sent)`);
      }
    }
    this.failures.push("no attempt succeeded");
  }

  async #connection(connections: Map<number, RespClient>, at: number): Promise<RespClient | undefined> {
    const old = connections.get(at);
    if (old?.isOpen) return old;
    try {
      const client = await RespClient.connect({ ...this.#endpoints[at]!, deadlineMillis: CONNECT_MILLIS_MAX });
      connections.set(at, client);
      await client.callWithin(CONNECT_MILLIS_MAX, "PING");
      return client;
    } catch {
      return undefined;
    }
  }

  #follow(error: string): boolean {
    const target = /^MOVED \d+ (\S+):(\d+)/.exec(error);
    const at = this.#endpoints.findIndex(({ host, port }) => host === target?.[1] && port === Number(target?.[2]));
    if (at >= 0) this.#primary = at;
    return at >= 0;
  }
}
