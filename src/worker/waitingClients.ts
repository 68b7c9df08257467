import type { Client } from "./client.ts";

/** Who waits for which key (`BLPOP` and the like), first come, first served. */
export class WaitingClients {
  readonly #waiting = new Map<string, Set<Client>>();
  #ready = new Set<string>();

  get size(): number {
    return this.#waiting.size;
  }

  add(client: Client, keys: readonly string[]): void {
    for (const key of keys) {
      const clients = this.#waiting.get(key);
      if (clients === undefined) this.#waiting.set(key, new Set([client]));
      else clients.add(client);
    }
  }

  remove(client: Client, keys: readonly string[]): void {
    for (const key of keys) {
      const clients = this.#waiting.get(key);
      clients?.delete(client);
      if (clients?.size === 0) this.#waiting.delete(key);
    }
  }

  /** The key was changed: whoever waits for it is tried soon. */
  touch(key: string): void {
    if (this.#waiting.has(key)) this.#ready.add(key);
  }

  get anyReady(): boolean {
    return this.#ready.size > 0;
  }

  /** Those who wait for keys that were touched, in the order of waiting for each key; the touches are forgotten. */
  takeReady(): Client[] {
    const ready = this.#ready;
    this.#ready = new Set();
    const clients = new Set<Client>();
    for (const key of ready) for (const client of this.#waiting.get(key) ?? []) clients.add(client);
    return [...clients];
  }
}
