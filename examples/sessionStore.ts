/** Sessions of a web application: read from memory most of the time, gone everywhere when somebody logs out, over when unused. */
import { randomUUID } from "node:crypto";
import type { HoldfastClient } from "../src/client/main.ts";

export interface Session {
  readonly user: string;
  readonly cart: readonly string[];
}

const UNUSED_MILLIS_MAX = 30 * 60_000;

export class SessionStore {
  readonly #client: HoldfastClient<string>;

  /** `client`: with a cache for keys that begin with `session:`. */
  constructor(client: HoldfastClient<string>) {
    this.#client = client;
  }

  async begin(user: string): Promise<string> {
    const id = randomUUID();
    await this.#client.put(key(id), JSON.stringify({ user, cart: [] }), { timeToLiveMillis: UNUSED_MILLIS_MAX });
    return id;
  }

  async find(id: string): Promise<Session | undefined> {
    const text = await this.#client.get(key(id));
    return text === undefined ? undefined : (JSON.parse(text) as Session);
  }

  /** Changes a session as nobody else changes it at the same time; undefined if it is over. */
  async change(id: string, change: (session: Session) => Session): Promise<Session | undefined> {
    for (;;) {
      const held = await this.#client.getWithVersion(key(id), { consistency: "linearizable" });
      if (held === undefined) return undefined;
      const session = change(JSON.parse(held.value) as Session);
      const options = { ifVersion: held.version, timeToLiveMillis: UNUSED_MILLIS_MAX };
      if ((await this.#client.put(key(id), JSON.stringify(session), options)).isApplied) return session;
    }
  }

  async end(id: string): Promise<void> {
    await this.#client.delete(key(id));
  }
}

function key(id: string): string {
  return `session:${id}`;
}
