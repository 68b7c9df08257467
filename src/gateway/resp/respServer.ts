import { createServer, type Server, type Socket } from "node:net";
import type { Session } from "../../core/command/session.ts";
import type { Executor } from "../../worker/executor.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";

const KEEPALIVE_MILLIS = 300_000;
const PROTECTED_MODE =
  "-DENIED Holdfast is running in protected mode because protected mode is enabled and no password is set. In this mode " +
  "connections are only accepted from the loopback interface. Set a password (HOLDFAST_REQUIREPASS or requirepass in the " +
  "configuration file), or, when everyone who can reach this port may use it, switch protected mode off with --protected-mode no.\r\n";

export interface RespServerOptions {
  readonly executor: Executor;
  readonly limits: () => ConnectionLimits;
  readonly clientsMax: () => number;
  /** Whether a client from elsewhere than this machine is turned away. */
  readonly isProtected: () => boolean;
  readonly passwordRequired: () => boolean;
  readonly now: () => number;
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
  readonly #closedTraffic = { receivedBytes: 0, sentBytes: 0 };
  #nextId = 1;

  constructor(options: RespServerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MILLIS }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Starts to listen; answers the port, which port 0 leaves to the system, or why it cannot. */
  listen(host: string, port: number): Promise<{ ok: true; value: number } | { ok: false; error: ListenError }> {
    return new Promise((resolve) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => resolve({ ok: false, error: listenError(error) }));
      this.#server.listen({ host, port, backlog: 511 }, () => {
        const address = this.#server.address();
        resolve({ ok: true, value: typeof address === "object" && address !== null ? address.port : port });
      });
    });
  }

  #accept(socket: Socket): void {
    const { executor, limits, clientsMax, isProtected, passwordRequired, now } = this.#options;
    socket.on("error", () => socket.destroy());
    const remote = socket.remoteAddress ?? "";
    if (isProtected() && !isLoopback(remote)) {
      this.rejected++;
      socket.end(PROTECTED_MODE, "latin1");
      return;
    }
    if (this.connections.size >= clientsMax()) {
      this.rejected++;
      socket.end("-ERR max number of clients reached\r\n", "latin1");
      return;
    }
    this.accepted++;
    const session = newSession(this.#nextId++, socket, now(), !passwordRequired());
    const connection = new Connection(socket, session, executor, limits);
    this.connections.add(connection);
    socket.once("close", () => {
      this.connections.delete(connection);
      this.#closedTraffic.receivedBytes += socket.bytesRead;
      this.#closedTraffic.sentBytes += socket.bytesWritten;
    });
  }

  /** Bytes over all connections so far. */
  traffic(): { readonly receivedBytes: number; readonly sentBytes: number } {
    let { receivedBytes, sentBytes } = this.#closedTraffic;
    for (const connection of this.connections) {
      receivedBytes += connection.receivedBytes;
      sentBytes += connection.sentBytes;
    }
    return { receivedBytes, sentBytes };
  }

  /** Accepts nobody any more. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Closes every connection after what was written to it. */
  endAll(): void {
    for (const connection of this.connections) connection.end();
  }
}

function newSession(id: number, socket: Socket, now: number, authenticated: boolean): Session {
  return {
    id,
    address: addressText(socket.remoteAddress, socket.remotePort),
    localAddress: addressText(socket.localAddress, socket.localPort),
    createdAt: now,
    lastUsedAt: now,
    name: "",
    libraryName: "",
    libraryVersion: "",
    protocol: 2,
    authenticated,
    transaction: undefined,
    watched: new Set(),
    watchBroken: false,
    replyMode: "on",
    noEvict: false,
    noTouch: false,
    readOnly: false,
    denyBlocking: false,
    blocked: false,
    closing: false,
    lastCommand: undefined,
    queryBytes: 0,
    queryFreeBytes: 0,
    outputBytes: 0,
    commandsProcessed: 0,
  };
}

function addressText(host: string | undefined, port: number | undefined): string {
  const plain = (host ?? "?").replace(/^::ffff:/, "");
  return plain.includes(":") ? `[${plain}]:${port ?? 0}` : `${plain}:${port ?? 0}`;
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, "");
  return plain.startsWith("127.") || plain === "::1" || plain === "";
}

function listenError(error: NodeJS.ErrnoException): ListenError {
  if (error.code === "EADDRINUSE") return { code: "port_taken", message: error.message };
  if (error.code === "EACCES") return { code: "denied", message: error.message };
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return { code: "no_address", message: error.message };
  return { code: "failed", message: error.message };
}
