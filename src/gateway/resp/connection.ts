import type { Socket } from "node:net";
import { Args } from "../../core/command/args.ts";
import type { Session } from "../../core/command/session.ts";
import type { Client, ClientSink } from "../../worker/client.ts";
import type { Executor } from "../../worker/executor.ts";
import { INCOMPLETE, PROTOCOL_ERROR, RequestParser } from "./requestParser.ts";

/** Replies of one client are handed over when so much has gathered, so that a long pipeline does not hold it all. */
const REPLIES_BYTES_MAX = 256 * 1024;

export interface ConnectionLimits {
  readonly bulkBytesMax: number;
  readonly queryBytesMax: number;
  readonly outputBytesMax: number;
}

/** One Redis client: bytes in, requests to the executor, replies out. */
export class Connection implements ClientSink {
  readonly client: Client;
  readonly #socket: Socket;
  readonly #executor: Executor;
  readonly #limits: () => ConnectionLimits;
  readonly #parser: RequestParser;
  readonly #args = new Args();
  #pumping = false;
  #ended = false;

  constructor(socket: Socket, session: Session, executor: Executor, limits: () => ConnectionLimits) {
    this.#socket = socket;
    this.#executor = executor;
    this.#limits = limits;
    this.#parser = new RequestParser({
      get bulkBytesMax() {
        return limits().bulkBytesMax;
      },
      get authenticated() {
        return session.authenticated;
      },
    });
    this.client = executor.connect(session, this);
    socket.on("data", (chunk) => this.#received(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => executor.disconnect(this.client));
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten;
  }

  #received(chunk: Buffer): void {
    if (this.#ended) return;
    this.#parser.feed(chunk);
    this.#pump();
  }

  /** Executes what has arrived, as far as the node and the session let it. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const executor = this.#executor;
    const { client } = this;
    const { session } = client;
    executor.beginTurn();
    while (executor.mayExecute(client)) {
      const outcome = this.#parser.next(this.#args);
      if (outcome === INCOMPLETE) break;
      if (outcome === PROTOCOL_ERROR) {
        executor.refuse(client, `ERR ${this.#parser.error}`);
        session.closing = true;
      } else executor.run(client, this.#args);
      if (session.closing) break;
      if (executor.unfinishedBytes > REPLIES_BYTES_MAX) executor.finish(client);
    }
    executor.finish(client);
    this.#parser.settle(this.#args);
    this.#pumping = false;
    this.#afterPump();
  }

  #afterPump(): void {
    const { session } = this.client;
    session.queryBytes = this.#parser.bufferedBytes;
    session.queryFreeBytes = this.#parser.freeBytes;
    if (session.closing) this.end();
    else if (this.#parser.bufferedBytes > this.#limits().queryBytesMax) this.#socket.destroy();
    else if (!this.#executor.mayExecute(this.client) && !this.client.waits) {
      this.#socket.pause();
      this.#executor.awaitNode(this.client);
    }
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(bytes);
    const { session } = this.client;
    session.outputBytes = this.#socket.writableLength + this.client.heldBytes;
    if (session.outputBytes > this.#limits().outputBytesMax) this.#socket.destroy();
    else if (this.#ended) this.#closeWhenSent();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#closeWhenSent();
  }

  /** Replies that wait for their commit still go out first. */
  #closeWhenSent(): void {
    if (this.client.held === 0) this.#socket.end(() => this.#socket.destroy());
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  resume(): void {
    if (this.#socket.destroyed || this.#ended) return;
    this.#socket.resume();
    this.#pump();
  }
}
