import { type Argument, RespClient } from "../../support/respClient.ts";
import { plain, type Reply } from "../../support/respReply.ts";
import type { RunningServer } from "../../support/serverUnderTest.ts";
import { type Command, commandBytes, commandName, type Manner, type Step } from "./step.ts";

const BLOCK_DEADLINE_MILLIS = 2_000;
const CLOSE_DEADLINE_MILLIS = 5_000;
const SCAN_CALLS_MAX = 10_000;

/** What a step came to. "Blocked" means that the server holds the reply back until another connection acts. */
export type Outcome =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "blocked" }
  | { readonly kind: "failed"; readonly message: string };

type Connection = { readonly client: RespClient; readonly id: string };

/**
 * One of the two servers with the connections that a sequence uses on it. The control connection speaks RESP2 and
 * belongs to the player: it empties the key space, looks at keys and wakes blocked clients.
 */
export class Side {
  readonly name: string;
  readonly server: RunningServer;
  readonly control: RespClient;
  readonly #connections = new Map<number, Connection>();
  readonly #blocked = new Map<number, Promise<Outcome>>();
  #manner: Manner = { protocol: 2, pipelined: false };

  static async open(name: string, server: RunningServer): Promise<Side> {
    return new Side(name, server, await RespClient.connect(server));
  }

  private constructor(name: string, server: RunningServer, control: RespClient) {
    this.name = name;
    this.server = server;
    this.control = control;
  }

  async close(): Promise<void> {
    await this.forgetConnections();
    await this.control.close();
  }

  /** Empties the key space and puts every connection back into the state of a new one. */
  async reset(manner: Manner): Promise<void> {
    if (manner.protocol !== this.#manner.protocol || this.#blocked.size > 0) {
      await this.forgetConnections();
    }
    this.#manner = manner;
    await this.control.call("FLUSHALL");
    for (const [number, connection] of this.#connections) {
      if (connection.client.isOpen) {
        await connection.client.pipeline(this.#greeting());
      } else {
        this.#connections.delete(number);
      }
    }
  }

  /** Cuts all connections of the sequence: after a failure nobody knows what state they are in. */
  async forgetConnections(): Promise<void> {
    for (const { client } of this.#connections.values()) {
      await client.close();
    }
    await Promise.allSettled(this.#blocked.values());
    this.#connections.clear();
    this.#blocked.clear();
  }

  /** Numbers of the connections whose last command is still held back. */
  blockedConnections(): number[] {
    return [...this.#blocked.keys()].sort();
  }

  /** Sends one command and waits for its reply. */
  async run(step: Step): Promise<Outcome> {
    const { client } = await this.#connection(step.connection);
    const outcome = await asOutcome(client.call(...commandBytes(step.command)));
    if (commandName(step.command) === "quit" && outcome.kind === "reply") {
      await client.closed(CLOSE_DEADLINE_MILLIS);
    }
    return outcome;
  }

  /** Sends commands as one pipeline on one connection. */
  async runPipeline(connection: number, commands: readonly Command[]): Promise<Outcome[]> {
    const { client } = await this.#connection(connection);
    try {
      const replies = await client.pipeline(commands.map(commandBytes));
      return replies.map((reply) => ({ kind: "reply", reply }));
    } catch (error) {
      return commands.map(() => ({ kind: "failed", message: String(error) }));
    }
  }

  /** Goes through a whole scan; the outcome has cursor 0 and every element that came, or the first error. */
  async runScan(step: Step): Promise<Outcome> {
    const { client } = await this.#connection(step.connection);
    const cursorAt = commandName(step.command) === "scan" ? 1 : 2;
    const words: Argument[] = commandBytes(step.command);
    const elements = new Map<string, Reply>();
    for (let calls = 0; calls < SCAN_CALLS_MAX; calls += 1) {
      const reply = await client.call(...words);
      const [cursor, page] = reply.type === "array" ? reply.items : [];
      if (cursor?.type !== "bulk" || page?.type !== "array") {
        return { kind: "reply", reply };
      }
      collectPage(elements, commandName(step.command), page.items);
      if (cursor.bytes.equals(ZERO)) {
        return {
          kind: "reply",
          reply: { type: "array", items: [cursor, { type: "array", items: [...elements.values()] }] },
        };
      }
      words[cursorAt] = cursor.bytes;
    }
    return { kind: "failed", message: `the scan did not end within ${SCAN_CALLS_MAX} calls` };
  }

  /** Sends a command that may be held back, and finds out whether it is. */
  async runBlocking(step: Step): Promise<Outcome> {
    const { client } = await this.#connection(step.connection);
    const outcome = asOutcome(client.callWithin(60_000, ...commandBytes(step.command)));
    this.#blocked.set(step.connection, outcome);
    const woken = await this.settle();
    return woken.get(step.connection) ?? { kind: "blocked" };
  }

  /**
   * Waits until the server says that as many clients are blocked as have got no reply, and takes the replies that
   * came. The player looks after every command, so what is taken was woken by that command.
   */
  async settle(): Promise<Map<number, Outcome>> {
    const woken = new Map<number, Outcome>();
    const deadline = Date.now() + BLOCK_DEADLINE_MILLIS;
    while (this.#blocked.size > 0) {
      const isQuiet = (await this.#blockedClients()) === this.#blocked.size || Date.now() > deadline;
      for (const [number, pending] of this.#blocked) {
        const outcome = await settledNow(pending);
        if (outcome !== undefined) {
          this.#blocked.delete(number);
          woken.set(number, outcome);
        }
      }
      if (isQuiet) {
        break;
      }
    }
    return woken;
  }

  /** Wakes a held-back connection, as an operator would, and returns the server's answer to that. */
  unblock(number: number, how: "TIMEOUT" | "ERROR"): Promise<Reply> {
    return this.control.call("CLIENT", "UNBLOCK", this.#connections.get(number)?.id ?? "0", how);
  }

  async #blockedClients(): Promise<number | undefined> {
    const info = plain(await this.control.call("INFO", "clients"));
    const match = /^blocked_clients:(\d+)/m.exec(String(info));
    return match === null ? undefined : Number(match[1]);
  }

  async #connection(number: number): Promise<Connection> {
    const existing = this.#connections.get(number);
    if (existing?.client.isOpen === true) {
      return existing;
    }
    const client = await RespClient.connect(this.server);
    const id = String(plain(await client.call("CLIENT", "ID")));
    await client.pipeline(this.#greeting());
    const connection = { client, id };
    this.#connections.set(number, connection);
    return connection;
  }

  #greeting(): string[][] {
    return this.#manner.protocol === 3 ? [["RESET"], ["HELLO", "3"]] : [["RESET"]];
  }
}

const ZERO = Buffer.from("0");

/** HSCAN and ZSCAN give pairs, and a value is no element of its own: pairs are kept together. */
function collectPage(elements: Map<string, Reply>, name: string, page: readonly Reply[]): void {
  const size = name === "hscan" || name === "zscan" ? 2 : 1;
  for (let index = 0; index < page.length; index += size) {
    const group = page.slice(index, index + size);
    const key = group.map((item) => (item.type === "bulk" ? item.bytes.toString("latin1") : item.type)).join("\x00");
    elements.set(key, size === 1 ? (group[0] as Reply) : { type: "array", items: group });
  }
}

async function asOutcome(reply: Promise<Reply>): Promise<Outcome> {
  try {
    return { kind: "reply", reply: await reply };
  } catch (error) {
    return { kind: "failed", message: String(error) };
  }
}

/** The value of a promise that is settled already; gives the socket one turn of the event loop. */
async function settledNow<T>(promise: Promise<T>): Promise<T | undefined> {
  const turn = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
  return Promise.race([promise, turn]);
}
