import type { BlockRequest } from "../core/command/call.ts";
import type { Client } from "./client.ts";

const NOBODY: ReadonlySet<Client> = new Set();
const NO_CLIENTS: readonly Client[] = [];

/**
 * Who waits for which key (`BLPOP` and the like), first come, first served; and which of those keys have become ready, in the
 * order in which they did.
 */
export class WaitingClients {
  readonly #typeOf: (key: string) => number;
  readonly #waiting = new Map<string, Set<Client>>();
  /** How many clients wait for a type of value, whatever the key. */
  readonly #countOfType = new Map<number, number>();
  /** The key that was touched last. What became of it is looked at when the next one is, or when somebody asks. */
  #touched: string | undefined;
  #ready = new Set<string>();
  /** Who waits for something else than keys. */
  readonly #withoutKeys = new Set<Client>();

  /** `typeOf` tells the type of value that a key holds now, 0 for none. */
  constructor(typeOf: (key: string) => number) {
    this.#typeOf = typeOf;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(client: Client, { keys, valueType }: BlockRequest): void {
    this.#count(valueType, 1);
    if (keys.length === 0) this.#withoutKeys.add(client);
    for (const key of keys) {
      const clients = this.#waiting.get(key);
      if (clients === undefined) this.#waiting.set(key, new Set([client]));
      else clients.add(client);
    }
  }

  remove(client: Client, { keys, valueType }: BlockRequest): void {
    this.#count(valueType, -1);
    if (keys.length === 0) this.#withoutKeys.delete(client);
    for (const key of keys) {
      const clients = this.#waiting.get(key);
      clients?.delete(client);
      if (clients?.size === 0) this.#waiting.delete(key);
    }
  }

  #count(valueType: number, by: number): void {
    this.#countOfType.set(valueType, (this.#countOfType.get(valueType) ?? 0) + by);
  }

  /** Who waits for something else than keys, and has it. */
  over(): readonly Client[] {
    if (this.#withoutKeys.size === 0) return NO_CLIENTS;
    return [...this.#withoutKeys].filter(({ parked }) => parked?.request.isOver?.() === true);
  }

  /** The key is about to be changed. */
  touch(key: string): void {
    this.#lookAtTouched();
    if (this.#waiting.has(key)) this.#touched = key;
  }

  /** A key is ready, and keeps its place in the order, once it has held a type of value that anybody waits for (as Redis 7.0). */
  #lookAtTouched(): void {
    const key = this.#touched;
    if (key === undefined) return;
    this.#touched = undefined;
    if ((this.#countOfType.get(this.#typeOf(key)) ?? 0) > 0) this.#ready.add(key);
  }

  get anyReady(): boolean {
    this.#lookAtTouched();
    return this.#ready.size > 0;
  }

  /** The keys that are ready; they are forgotten. */
  takeReady(): Iterable<string> {
    const ready = this.#ready;
    this.#ready = new Set();
    return ready;
  }

  /** Who waits for the key, in the order of their coming; clients that cease to wait meanwhile are passed over. */
  clientsOf(key: string): Iterable<Client> {
    return this.#waiting.get(key) ?? NOBODY;
  }
}
