import type { Socket } from "node:net";
import { localSocket } from "../localSocket.ts";

const readBytes = 65_536;

/** The first line of a reply, with the byte that says its type; the bytes of a bulk string are passed over. */
export type OnReply = (line: string) => void;

/** A connection with any number of requests under way, answered in their order by lines, integers and bulk strings. */
export class NodeConnection {
  onFailure: (error: Error) => void = () => undefined;
  readonly port: number;
  readonly #socket: Socket;
  readonly #waiting: OnReply[] = [];
  /** The first of `#waiting` that was not answered. */
  #next = 0;
  #received = "";

  private constructor(port: number) {
    this.port = port;
    this.#socket = localSocket(
      port,
      readBytes,
      (text) => this.#take(text),
      (error) => this.onFailure(error),
    );
  }

  static open(port: number): Promise<NodeConnection> {
    return new Promise((resolve, reject) => {
      const connection = new NodeConnection(port);
      connection.onFailure = reject;
      connection.#socket.once("connect", () => {
        connection.onFailure = () => undefined;
        resolve(connection);
      });
    });
  }

  get underWay(): number {
    return this.#waiting.length - this.#next;
  }

  /** Sends one command that is rendered already. */
  send(request: string, onReply: OnReply): void {
    this.#waiting.push(onReply);
    this.#socket.write(request, "latin1");
  }

  /** Sends several commands in one packet. */
  sendAll(requests: readonly string[], onReply: OnReply): void {
    for (let i = 0; i < requests.length; i++) this.#waiting.push(onReply);
    this.#socket.write(requests.join(""), "latin1");
  }

  call(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.send(request, resolve);
    });
  }

  #take(text: string): void {
    this.#received = this.#received === "" ? text : this.#received + text;
    let at = 0;
    for (;;) {
      const lineEnd = this.#received.indexOf("\r\n", at);
      if (lineEnd < 0) break;
      let end = lineEnd + 2;
      if (this.#received.charCodeAt(at) === 0x24) {
        const length = Number(this.#received.slice(at + 1, lineEnd));
        if (length >= 0) end += length + 2;
        if (this.#received.length < end) break;
      }
      const line = this.#received.slice(at, lineEnd);
      at = end;
      this.#answer(line);
    }
    this.#received = this.#received.slice(at);
  }

  #answer(line: string): void {
    const onReply = this.#waiting[this.#next++]!;
    if (this.#next >= 1_024) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    onReply(line);
  }

  close(): void {
    this.onFailure = () => undefined;
    this.#socket.destroy();
  }
}
