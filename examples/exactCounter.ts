/**
 * Counts exactly, whatever happens to the nodes meanwhile. An increment whose answer is lost, because a primary has died or slots have
 * moved, is repeated by the library with the same number in its session, and counts once.
 */
import type { HoldfastClient } from "../src/client/main.ts";

/** Longer than a group needs to find another primary. */
const PATIENCE_MILLIS = 60_000;

export class ExactCounter {
  readonly #client: HoldfastClient<string>;
  readonly #keys: readonly string[];

  /** The sum is kept in parts, each with a key of its own, so that no single node has to do all of it. */
  constructor(client: HoldfastClient<string>, name: string, parts = 16) {
    this.#client = client;
    this.#keys = Array.from({ length: parts }, (_, part) => `count:${name}:${part}`);
  }

  /** Resolves when it is counted. */
  async add(by = 1): Promise<void> {
    const part = Math.floor(Math.random() * this.#keys.length);
    await this.#client.increment(this.#keys[part]!, by, { timeoutMillis: PATIENCE_MILLIS });
  }

  /** All that was counted before this was called, and perhaps some of what is counted meanwhile. */
  async total(): Promise<number> {
    const options = { timeoutMillis: PATIENCE_MILLIS };
    const parts = await Promise.all(this.#keys.map((key) => this.#client.get(key, options)));
    return parts.reduce((sum, part) => sum + Number(part ?? 0), 0);
  }
}
