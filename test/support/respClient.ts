import { connect, type Socket } from "node:net";
import { RespDecoder } from "./respDecoder.ts";
import { formatReply, type Reply, shorten } from "./respReply.ts";

export type { Reply } from "./respReply.ts";
export { formatReply, plain } from "./respReply.ts";

/** One argument of a command: strings go as UTF-8, numbers as decimal text, bytes as they are. */
export type Argument = string | number | Uint8Array;

/** How long `connect`, `call`, `pipeline`, `nextReply` and `closed` wait unless told otherwise. */
const DEADLINE_MILLIS = 10_000;

type ConnectOptions = { readonly port: number; readonly host?: string; readonly deadlineMillis?: number };

type Waiter = { resolve(reply: Reply): void; reject(error: Error): void };

/**
 * A raw RESP client for tests: it sends exactly what it is told and returns replies as they stood on the wire.
 * Error replies are values (`{ type: "error" }`); a promise is rejected only when the connection ends, a deadline
 * passes or the server sends what is not RESP. Out-of-band RESP3 pushes are collected in `pushes`.
 */
export class RespClient {
  readonly pushes: Reply[] = [];
  readonly #socket: Socket;
  readonly #decoder = new RespDecoder();
  readonly #replies: Reply[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #ended: Promise<void>;
  #failure: Error | undefined;

  /** Connects to a server; rejects when nobody listens or the deadline passes. */
  static connect(options: ConnectOptions): Promise<RespClient> {
    const { port, host = "127.0.0.1", deadlineMillis = DEADLINE_MILLIS } = options;
    const socket = connect({ port, host, noDelay: true });
    return withDeadline(
      new Promise<RespClient>((resolve, reject) => {
        socket.once("error", reject);
        socket.once("connect", () => {
          socket.off("error", reject);
          resolve(new RespClient(socket));
        });
      }),
      deadlineMillis,
      () => {
        socket.destroy();
        return `no connection to ${host}:${port}`;
      },
    );
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      socket.once("close", () => {
        this.#fail(new Error("the server closed the connection"));
        resolve();
      });
    });
  }

  /** True until the connection has ended, whoever ended it. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** The client's own TCP port: names this connection in `CLIENT LIST`. */
  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Sends one command as an array of bulk strings and waits for its reply. */
  call(...args: readonly Argument[]): Promise<Reply> {
    this.write(encodeCommand(args));
    return this.#expect(DEADLINE_MILLIS, () => args);
  }

  /** As `call`, with a deadline of its own: for blocking commands and big values. */
  callWithin(deadlineMillis: number, ...args: readonly Argument[]): Promise<Reply> {
    this.write(encodeCommand(args));
    return this.#expect(deadlineMillis, () => args);
  }

  /** Sends commands in one write and waits for all their replies, in order. */
  pipeline(commands: readonly (readonly Argument[])[], deadlineMillis: number = DEADLINE_MILLIS): Promise<Reply[]> {
    this.write(Buffer.concat(commands.map(encodeCommand)));
    return Promise.all(commands.map((command) => this.#expect(deadlineMillis, () => command)));
  }

  /** Writes bytes as they are; take what comes back with `nextReply`. */
  write(bytes: string | Uint8Array): void {
    if (this.isOpen) {
      this.#socket.write(bytes);
    }
  }

  /** The next reply of this connection, whichever request it answers. */
  nextReply(deadlineMillis: number = DEADLINE_MILLIS): Promise<Reply> {
    return this.#expect(deadlineMillis, () => ["(raw bytes)"]);
  }

  /** A reply that has already arrived and that nobody waits for, if there is one. */
  takeReply(): Reply | undefined {
    return this.#waiters.length === 0 ? this.#replies.shift() : undefined;
  }

  /** Resolves when the server (or we) have closed the connection; rejects at the deadline. */
  closed(deadlineMillis: number = DEADLINE_MILLIS): Promise<void> {
    return withDeadline(this.#ended, deadlineMillis, () => "the connection is still open");
  }

  /** Sends FIN after what was written; replies can still arrive. */
  endWriting(): void {
    this.#socket.end();
  }

  /** Stops reading from the socket, as a slow reader does, until `resumeReading`. */
  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Cuts the connection at once and waits until it is gone. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#ended;
  }

  #receive(chunk: Buffer): void {
    this.#decoder.push(chunk);
    try {
      for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
        this.#deliver(reply);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      this.#socket.destroy();
    }
  }

  #deliver(reply: Reply): void {
    if (reply.type === "push") {
      this.pushes.push(reply);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#replies.push(reply);
    } else {
      waiter.resolve(reply);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(this.#failure);
    }
  }

  #expect(deadlineMillis: number, command: () => readonly Argument[]): Promise<Reply> {
    const ready = this.#replies.shift();
    if (ready !== undefined) {
      return Promise.resolve(ready);
    }
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    const reply = new Promise<Reply>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    return withDeadline(reply, deadlineMillis, () => {
      // A reply that comes too late would answer the wrong request: the connection is of no use any more.
      this.#socket.destroy();
      return `no reply to ${describeCommand(command())}`;
    });
  }
}

/** A command as an array of bulk strings. */
export function encodeCommand(args: readonly Argument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = argumentBytes(arg);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from("\r\n");

/** The bytes that stand for an argument on the wire. */
function argumentBytes(arg: Argument): Buffer {
  if (arg instanceof Uint8Array) {
    return Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength);
  }
  return Buffer.from(String(arg), "utf8");
}

/** A command as one readable line for failure messages. */
export function describeCommand(args: readonly Argument[]): string {
  return shorten(args.map((arg) => describeArgument(arg)).join(" "), 400);
}

function describeArgument(arg: Argument): string {
  const quoted = formatReply({ type: "bulk", bytes: argumentBytes(arg) }).slice(1);
  return /^"[\w.:+()[\]*-]+"$/.test(quoted) ? quoted.slice(1, -1) : shorten(quoted);
}

/** Waits for a promise, but not longer than the deadline; `describe` runs only when it passes. */
export function withDeadline<T>(promise: Promise<T>, deadlineMillis: number, describe: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${describe()} (after ${deadlineMillis} ms)`)), deadlineMillis);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
