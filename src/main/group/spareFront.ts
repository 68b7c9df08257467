import { createServer, type Server, type Socket } from "node:net";
import { Args } from "../../core/command/args.ts";
import { hangUp } from "../../gateway/resp/hangUp.ts";
import { PROTOCOL_ERROR, REQUEST, RequestParser } from "../../gateway/resp/requestParser.ts";

const CONNECTIONS_MAX = 100;
/** Nobody has anything to say here for long. */
const IDLE_MILLIS_MAX = 60_000;
/** Who sends and does not read what is answered is cut off. */
const UNSENT_BYTES_MAX = 64 * 1024;
const LIMITS = { bulkBytesMax: 1 << 20, authenticated: false } as const;

export interface SpareFrontOptions {
  readonly host: string;
  readonly port: number;
  /** What every request is answered with but `PING` and `QUIT`. */
  readonly error: string;
}

/** What Redis clients find at a spare that no group has: somebody who says so. */
export class SpareFront {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>, port: number) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = port;
  }

  /** Rejects with the operating system's error if it cannot listen. */
  static listen({ host, port, error }: SpareFrontOptions): Promise<SpareFront> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      answer(socket, error);
    });
    server.maxConnections = CONNECTIONS_MAX;
    return new Promise((resolve, reject) => {
      server.on("error", reject);
      server.listen({ host, port }, () => {
        const address = server.address();
        const own = typeof address === "object" && address !== null ? address.port : port;
        resolve(new SpareFront(server, sockets, own));
      });
    });
  }

  /** Resolves when the port is free. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

function answer(socket: Socket, error: string): void {
  const parser = new RequestParser(LIMITS);
  const args = new Args();
  socket.setTimeout(IDLE_MILLIS_MAX, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    parser.feed(chunk);
    let replies = "";
    let outcome = parser.next(args);
    for (; outcome === REQUEST; outcome = parser.next(args)) {
      if (args.length === 0) continue;
      if (args.is(0, "quit")) {
        socket.write(`${replies}+OK\r\n`, "latin1");
        return hangUp(socket);
      }
      replies += args.is(0, "ping") && args.length === 1 ? "+PONG\r\n" : `-${error}\r\n`;
    }
    if (outcome === PROTOCOL_ERROR) {
      socket.write(`${replies}-ERR ${parser.error}\r\n`, "latin1");
      return hangUp(socket);
    }
    parser.settle(args);
    if (replies !== "") socket.write(replies, "latin1");
    if (socket.writableLength > UNSENT_BYTES_MAX) socket.destroy();
  });
}
