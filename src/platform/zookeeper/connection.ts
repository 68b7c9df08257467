import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { MalformedBytes } from "../../base/byteReader.ts";
import { addressText, type ServerAddress } from "./connectString.ts";
import { FrameSplitter } from "./frames.ts";
import { JuteReader } from "./jute.ts";
import { type ConnectResponse, type ReplyHeader, readConnectResponse, readReplyHeader } from "./protocol.ts";

/** How to speak to the servers encrypted; texts in PEM. They must prove that they are who the connect string calls them. */
export interface ZookeeperTls {
  /** Who has signed the servers' certificates. */
  readonly ca: string;
  /** What this client proves itself with, if the servers want that. */
  readonly client?: { readonly certificate: string; readonly key: string };
}

export interface ConnectionEvents {
  /** The server has answered the connect request. */
  readonly onConnected: (response: ConnectResponse) => void;
  /** A reply or a notification; `body` is what follows the header. May throw `MalformedBytes`. */
  readonly onReply: (header: ReplyHeader, body: JuteReader) => void;
  /** It is over, once, and why. */
  readonly onEnd: (reason: string) => void;
}

/** One TCP connection to one server, from the connect request on. It ends at the first thing that no server says. */
export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #address: string;
  readonly #frames = new FrameSplitter();
  #isConnected = false;
  #isOver = false;

  constructor(server: ServerAddress, tls: ZookeeperTls | undefined, request: Buffer, events: ConnectionEvents) {
    this.#events = events;
    this.#address = addressText(server);
    this.#socket = openSocket(server, tls, () => this.#socket.write(request));
    this.#socket.on("data", (chunk: Buffer) => this.#received(chunk));
    this.#socket.on("error", (error) => this.end(error.message));
    this.#socket.on("close", () => this.end("the server has closed the connection"));
  }

  send(frame: Buffer): void {
    this.#socket.write(frame);
  }

  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#events.onEnd(`${this.#address}: ${reason}`);
  }

  #received(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#isOver) return;
        this.#take(new JuteReader(frame));
      }
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      this.end(`not what a ZooKeeper server says: ${error.message}`);
    }
  }

  #take(reader: JuteReader): void {
    if (this.#isConnected) return this.#events.onReply(readReplyHeader(reader), reader);
    const response = readConnectResponse(reader);
    this.#isConnected = true;
    this.#events.onConnected(response);
  }
}

function openSocket({ host, port }: ServerAddress, tls: ZookeeperTls | undefined, onReady: () => void): Socket {
  if (tls === undefined) return connect({ host, port, noDelay: true }, onReady);
  const { ca, client } = tls;
  const own = client === undefined ? {} : { cert: client.certificate, key: client.key };
  const socket = connectTls({ host, port, ca, ...own, minVersion: "TLSv1.2" }, onReady);
  return socket.setNoDelay(true);
}
