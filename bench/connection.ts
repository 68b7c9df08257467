import { connect, type Socket } from "node:net";

/** A reply as far as the benchmark looks into it: its first byte says the type, `text` is the line or the bulk's bytes. */
export interface Reply {
  kind: "line" | "error" | "bulk" | "null";
  text: string;
}

/** Renders one command as a RESP array of bulk strings. Arguments are latin1 strings: one char is one byte. */
function encodeCommand(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

/**
 * A connection that sends one command at a time. It understands the replies that the benchmark asks for (lines,
 * integers, bulk strings, null) and nothing nested.
 */
export class Connection {
  readonly #socket: Socket;
  #received = "";
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  /** Connects to a server on this machine; rejects with the socket's error. */
  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** Sends one command and waits for its reply; an error reply is a `Reply` of kind `error`. */
  call(...args: string[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(encodeCommand(args), "latin1");
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    const reply = parseReply(this.#received);
    if (reply === undefined) return;
    this.#received = "";
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(reply);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

/** Sends one command on a connection of its own. Throws if the reply is an error. */
export async function callOnce(port: number, ...args: string[]): Promise<string> {
  const connection = await Connection.open(port);
  try {
    const reply = await connection.call(...args);
    if (reply.kind === "error") throw new Error(`${args[0]}: ${reply.text}`);
    return reply.text;
  } finally {
    connection.close();
  }
}

/** Parses a whole reply, or returns undefined while bytes are missing. */
function parseReply(received: string): Reply | undefined {
  const lineEnd = received.indexOf("\r\n");
  if (lineEnd < 0) return undefined;
  const line = received.slice(1, lineEnd);
  if (received[0] === "-") return { kind: "error", text: line };
  if (received[0] !== "$") return { kind: "line", text: line };
  const length = Number(line);
  if (length < 0) return { kind: "null", text: "" };
  const start = lineEnd + 2;
  if (received.length < start + length + 2) return undefined;
  return { kind: "bulk", text: received.slice(start, start + length) };
}
