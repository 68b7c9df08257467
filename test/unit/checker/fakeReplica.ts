import { createServer, type Server, type Socket } from "node:net";
import { plain } from "../../support/respClient.ts";
import { RespDecoder } from "../../support/respDecoder.ts";

/** What all fake replicas of a group share. */
export type FakeData = Map<string, string | string[]>;

export type FakeRules = {
  /** A read is answered from what was there so long ago. */
  readonly lagMillis?: number;
  /** Writes are refused with this line. */
  readonly refuseWrites?: string;
  /** One acknowledged write in so many is forgotten. */
  readonly loseOneIn?: number;
};

/** A server that speaks just enough RESP for the recorder, and breaks its promises on request. */
export class FakeReplica {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #data: FakeData;
  readonly #rules: FakeRules;
  readonly #old: { readonly at: number; readonly key: string; readonly value: string | string[] | undefined }[] = [];
  #writes = 0;

  static async start(data: FakeData, rules: FakeRules = {}): Promise<FakeReplica> {
    const replica = new FakeReplica(data, rules);
    await new Promise<void>((resolve) => replica.#server.listen(0, "127.0.0.1", resolve));
    return replica;
  }

  private constructor(data: FakeData, rules: FakeRules) {
    this.#data = data;
    this.#rules = rules;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const decoder = new RespDecoder();
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk) => {
      decoder.push(chunk);
      for (let request = decoder.next(); request !== undefined; request = decoder.next()) {
        const [name = "", ...args] = (plain(request) as string[]).map(String);
        socket.write(`${this.#answer(name, args)}\r\n`);
      }
    });
  }

  #answer(name: string, [key = "", value = "", option]: string[]): string {
    if (name === "READONLY") return "+OK";
    if (name === "GET") return bulk(this.#lagging(key));
    if (name === "LRANGE") {
      const list = this.#data.get(key) ?? [];
      return [`*${list.length}`, ...[...list].map(bulk)].join("\r\n");
    }
    if (this.#rules.refuseWrites !== undefined) return `-${this.#rules.refuseWrites}`;
    this.#writes += 1;
    const isLost = this.#rules.loseOneIn !== undefined && this.#writes % this.#rules.loseOneIn === 0;
    return this.#write(isLost ? new Map(this.#data) : this.#data, name, key, value, option === "NX");
  }

  #write(data: FakeData, name: string, key: string, value: string, onlyIfNew: boolean): string {
    const old = data.get(key);
    switch (name) {
      case "SET":
        if (onlyIfNew && old !== undefined) return "$-1";
        data.set(key, value);
        return "+OK";
      case "DEL":
        return `:${data.delete(key) ? 1 : 0}`;
      case "INCR": {
        const number = Number(old ?? 0) + 1;
        data.set(key, String(number));
        return `:${number}`;
      }
      case "RPUSH": {
        const list = [...((old as string[] | undefined) ?? []), value];
        data.set(key, list);
        return `:${list.length}`;
      }
      default:
        return "-ERR unknown command";
    }
  }

  /** What the key held some time ago, as far as this replica happened to be asked for it. */
  #lagging(key: string): string | undefined {
    const now = performance.now();
    const value = this.#data.get(key);
    if (this.#rules.lagMillis === undefined) return value as string | undefined;
    this.#old.push({ at: now, key, value });
    const since = now - this.#rules.lagMillis;
    const seen = this.#old.findLast((it) => it.key === key && it.at <= since);
    return (seen === undefined ? value : seen.value) as string | undefined;
  }
}

function bulk(text: string | undefined): string {
  return text === undefined ? "$-1" : `$${Buffer.byteLength(text)}\r\n${text}`;
}
