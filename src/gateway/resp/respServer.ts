import { createServer, type Server, type Socket } from "node:net";
import type { Executor } from "../../worker/executor.ts";
import { isLoopback, newSession } from "./clientSession.ts";
import { Connection, type ConnectionLimits, type OpenCalls, type Traffic } from "./connection.ts";
import { hangUp } from "./hangUp.ts";

const BACKLOG = 511;
/** A client may close its side and still gets its replies. */
const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 300_000,
  allowHalfOpen: true,
  pauseOnConnect: true,
};
const PROTECTED_MODE =
  "-DENIED Holdfast is running in protected mode because protected mode is enabled and no password is set. In this mode " +
  "connections are only accepted from the loopback interface. Set a password (HOLDFAST_REQUIREPASS or requirepass in the " +
  "configuration file), or, when everyone who can reach this port may use it, switch protected mode off with --protected-mode no.\r\n";
const TOO_MANY = "-ERR max number of clients reached\r\n";

export interface RespServerOptions {
  readonly executor: Executor;
  readonly limits: () => ConnectionLimits;
  /** Of all clients, streams of gRPC included. */
  readonly clientsMax: () => number;
  readonly streams: () => number;
  /** Whether a client from elsewhere than this machine is turned away. */
  readonly isProtected: () => boolean;
  readonly passwordRequired: () => boolean;
  readonly now: () => number;
  readonly openCalls: OpenCalls;
}

export type ListenError = {
  readonly code: "port_taken" | "denied" | "no_address" | "failed";
  readonly message: string;
};

/** Accepts Redis clients. */
export class RespServer {
  readonly connections = new Set<Connection>();
  accepted = 0;
  rejected = 0;
  readonly #options: RespServerOptions;
  readonly #server: Server;
  readonly #traffic: Traffic = { receivedBytes: 0, sentBytes: 0 };
  #nextId = 1;

  constructor(options: RespServerOptions) {
    this.#options = options;
    this.#server = createServer(SOCKET_OPTIONS, (socket) => this.#accept(socket));
  }

  /** Starts to listen; answers the port, which port 0 leaves to the system, or why it cannot. */
  listen(host: string, port: number): Promise<{ ok: true; value: number } | { ok: false; error: ListenError }> {
    return new Promise((resolve) => {
      // Later errors are those of a single `accept`, when there are no file descriptors left: they cost that client only.
      this.#server.on("error", (error: NodeJS.ErrnoException) => resolve({ ok: false, error: listenError(error) }));
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        const address = this.#server.address();
        resolve({ ok: true, value: typeof address === "object" && address !== null ? address.port : port });
      });
    });
  }

  #accept(socket: Socket): void {
    const { executor, limits, clientsMax, streams, isProtected, passwordRequired, now, openCalls } = this.#options;
    if (isProtected() && !isLoopback(socket.remoteAddress ?? "")) return this.#reject(socket, PROTECTED_MODE);
    if (executor.redisClients + streams() >= clientsMax()) return this.#reject(socket, TOO_MANY);
    this.accepted++;
    const session = newSession(this.#nextId++, socket, now(), !passwordRequired());
    const connection = new Connection(socket, session, { executor, limits, openCalls, traffic: this.#traffic });
    this.connections.add(connection);
    connection.onClosed = () => {
      this.connections.delete(connection);
    };
  }

  #reject(socket: Socket, line: string): void {
    this.rejected++;
    socket.on("error", () => socket.destroy());
    socket.write(line, "latin1");
    hangUp(socket);
  }

  /** Bytes over all connections so far. */
  traffic(): Readonly<Traffic> {
    return { ...this.#traffic };
  }

  /** Accepts nobody any more. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Closes every connection after what was written to it. */
  endAll(): void {
    for (const connection of this.connections) connection.end();
  }

  /** Closes what is still open: clients that do not read what was written to them. */
  destroyAll(): void {
    for (const connection of this.connections) connection.destroy();
  }
}

function listenError(error: NodeJS.ErrnoException): ListenError {
  if (error.code === "EADDRINUSE") return { code: "port_taken", message: error.message };
  if (error.code === "EACCES") return { code: "denied", message: error.message };
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return { code: "no_address", message: error.message };
  return { code: "failed", message: error.message };
}
