import { connect, type Socket } from "node:net";
import { MalformedBytes } from "../../base/byteReader.ts";
import { addressText, type ServerAddress } from "./connectString.ts";
import { FrameSplitter } from "./frames.ts";
import { JuteReader } from "./jute.ts";
import { type ConnectResponse, type ReplyHeader, readConnectResponse, readReplyHeader } from "./protocol.ts";

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

  constructor(server: ServerAddress, request: Buffer, events: ConnectionEvents) {
    this.#events = events;
    this.#address = addressText(server);
    this.#socket = connect({ host: server.host, port: server.port, noDelay: true });
    this.#socket.on("connect", () => this.#socket.write(request));
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
