/** So many requests a user and window of time, counted for all processes together. */
import { type HoldfastClient, HoldfastError } from "../src/client/main.ts";

export class RateLimiter {
  readonly #client: HoldfastClient<string>;
  readonly #countMax: number;
  readonly #windowMillis: number;

  constructor(client: HoldfastClient<string>, countMax: number, windowMillis: number) {
    this.#client = client;
    this.#countMax = countMax;
    this.#windowMillis = windowMillis;
  }

  /** Whether one more request of the user is within the limit. */
  async allows(user: string): Promise<boolean> {
    const window = Math.floor(Date.now() / this.#windowMillis);
    try {
      // The counter goes by itself when its window is long over.
      const options = { timeToLiveMillis: 2 * this.#windowMillis, timeoutMillis: 200 };
      const count = await this.#client.increment(`rate:{${user}}:${window}`, 1, options);
      return count <= this.#countMax;
    } catch (error) {
      // A limiter that cannot count lets pass: one request too many does less harm than none at all.
      if (error instanceof HoldfastError) return true;
      throw error;
    }
  }
}
