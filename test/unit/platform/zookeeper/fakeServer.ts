import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { FrameSplitter } from "../../../../src/platform/zookeeper/frames.ts";
import { JuteReader, JuteWriter } from "../../../../src/platform/zookeeper/jute.ts";

/** What a client has sent after its connect request. */
export interface FakeRequest {
  readonly xid: number;
  readonly type: number;
  readonly body: JuteReader;
  readonly connection: FakeConnection;
}

export interface FakeHandshake {
  readonly lastZxid: bigint;
  readonly timeoutMillis: number;
  readonly sessionId: bigint;
}

/** One client's connection, with the means to say anything. */
export class FakeConnection {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** A reply header, and what `write` adds. */
  reply(xid: number, error = 0, write: (writer: JuteWriter) => void = () => undefined, zxid = 1n): void {
    const writer = new JuteWriter().int(xid).long(zxid).int(error);
    write(writer);
    this.socket.write(writer.frame());
  }
}

/** A server that speaks ZooKeeper's protocol as a test tells it to. */
export class FakeServer {
  /** How often somebody has connected. */
  connections = 0;
  readonly handshakes: FakeHandshake[] = [];
  readonly requests: FakeRequest[] = [];
  /** The session it gives; undefined: it says that the session is over. */
  session: bigint | undefined = 0x1234n;
  sessionMillis = 1000;
  /** Says nothing at all, as a process that was stopped. */
  isSilent = false;
  /** What it does with a request; by itself it only answers pings and the end of a session. */
  onRequest: (request: FakeRequest) => void = () => undefined;
  /** What it does with a connection instead of speaking the protocol. */
  onSocket: ((socket: Socket) => void) | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** With certificates it speaks TLS, and wants the client to prove itself. */
  constructor(tls?: TlsOptions) {
    const accept = (socket: Socket): void => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      if (this.onSocket === undefined) this.#serve(socket);
      else this.onSocket(socket);
    };
    this.#server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections, without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.onSocket = (socket) => socket.destroy();
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const connection = new FakeConnection(socket);
    const frames = new FrameSplitter();
    let isGreeted = false;
    socket.on("data", (chunk: Buffer) => {
      if (this.isSilent) return;
      for (const frame of frames.push(chunk)) {
        if (isGreeted) this.#take(connection, new JuteReader(frame));
        else this.#greet(socket, new JuteReader(frame));
        isGreeted = true;
      }
    });
  }

  #greet(socket: Socket, reader: JuteReader): void {
    reader.int();
    this.handshakes.push({ lastZxid: reader.long(), timeoutMillis: reader.int(), sessionId: reader.long() });
    const timeout = this.session === undefined ? 0 : this.sessionMillis;
    const writer = new JuteWriter()
      .int(0)
      .int(timeout)
      .long(this.session ?? 0n)
      .buffer(Buffer.alloc(16, 7));
    socket.write(writer.bool(false).frame());
  }

  #take(connection: FakeConnection, reader: JuteReader): void {
    const request = { xid: reader.int(), type: reader.int(), body: reader, connection };
    if (request.type === 11) connection.reply(-2);
    else if (request.type === -11) connection.reply(request.xid);
    else {
      this.requests.push(request);
      this.onRequest(request);
    }
  }
}
