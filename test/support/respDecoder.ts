import type { Reply } from "./respReply.ts";

const CR = 0x0d;
const INITIAL_BYTES = 16 * 1024;

/** Thrown when a server sends what is not RESP; always a bug of the server. */
class RespSyntaxError extends Error {
  override name = "RespSyntaxError";
}

/** Thrown inside the decoder when the reply's end has not arrived; `bytesNeeded` is the least total that can help. */
class Incomplete extends Error {
  readonly bytesNeeded: number;
  constructor(bytesNeeded: number) {
    super("incomplete");
    this.bytesNeeded = bytesNeeded;
  }
}

/**
 * Decodes a byte stream into replies, RESP2 and RESP3 alike. Feed chunks with `push`, take whole replies with `next`.
 * Strict on purpose: it is a test's eye on the wire, so a missing CRLF or an unknown type throws `RespSyntaxError`.
 */
export class RespDecoder {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #start = 0;
  #end = 0;
  #at = 0;
  /** No attempt to decode before this many bytes are there: keeps big values in small chunks linear. */
  #bytesNeeded = 1;

  push(chunk: Buffer): void {
    this.#makeRoom(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Bytes that arrived and belong to no complete reply yet. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** The next complete reply, or undefined when more bytes are needed. */
  next(): Reply | undefined {
    if (this.pendingBytes < this.#bytesNeeded) {
      return undefined;
    }
    this.#at = this.#start;
    try {
      const reply = this.#reply();
      this.#start = this.#at;
      this.#bytesNeeded = 1;
      return reply;
    } catch (error) {
      if (!(error instanceof Incomplete)) {
        throw error;
      }
      this.#bytesNeeded = error.bytesNeeded;
      return undefined;
    }
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) {
      return;
    }
    const pending = this.pendingBytes;
    const target =
      pending + bytes <= this.#buffer.length / 2 ? this.#buffer : Buffer.allocUnsafe(2 * (pending + bytes));
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#buffer = target;
    this.#start = 0;
    this.#end = pending;
  }

  #reply(): Reply {
    const line = this.#line();
    const kind = line[0];
    const rest = line.slice(1);
    switch (kind) {
      case "+":
        return { type: "simple", text: rest };
      case "-":
        return { type: "error", text: rest };
      case ":":
        return { type: "integer", value: this.#integer(rest) };
      case ",":
        return { type: "double", text: rest };
      case "(":
        return { type: "bigNumber", text: rest };
      case "#":
        return this.#boolean(rest);
      case "_":
        return this.#null(rest);
      case "$":
        return rest === "-1" ? { type: "nilBulk" } : { type: "bulk", bytes: this.#bytes(this.#length(rest)) };
      case "=":
        return this.#verbatim(this.#bytes(this.#length(rest)));
      case "*":
        return rest === "-1" ? { type: "nilArray" } : { type: "array", items: this.#items(this.#length(rest)) };
      case "~":
        return { type: "set", items: this.#items(this.#length(rest)) };
      case ">":
        return { type: "push", items: this.#items(this.#length(rest)) };
      case "%":
        return { type: "map", entries: this.#entries(this.#length(rest)) };
      case "|":
        this.#entries(this.#length(rest));
        return this.#reply();
      default:
        throw new RespSyntaxError(`unknown reply type in ${JSON.stringify(line.slice(0, 100))}`);
    }
  }

  #line(): string {
    const end = this.#buffer.indexOf("\r\n", this.#at, "latin1");
    if (end < 0 || end + 2 > this.#end) {
      throw new Incomplete(this.pendingBytes + 1);
    }
    const line = this.#buffer.toString("latin1", this.#at, end);
    this.#at = end + 2;
    return line;
  }

  #integer(text: string): bigint {
    if (!/^[+-]?\d+$/.test(text)) {
      throw new RespSyntaxError(`not an integer: ${JSON.stringify(text)}`);
    }
    return BigInt(text);
  }

  #length(text: string): number {
    if (!/^\d{1,10}$/.test(text)) {
      throw new RespSyntaxError(`not a length: ${JSON.stringify(text)}`);
    }
    return Number(text);
  }

  #boolean(text: string): Reply {
    if (text !== "t" && text !== "f") {
      throw new RespSyntaxError(`not a boolean: ${JSON.stringify(text)}`);
    }
    return { type: "boolean", value: text === "t" };
  }

  #null(text: string): Reply {
    if (text !== "") {
      throw new RespSyntaxError(`not a null: ${JSON.stringify(text)}`);
    }
    return { type: "null" };
  }

  #bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end + 2 > this.#end) {
      throw new Incomplete(end + 2 - this.#start);
    }
    if (this.#buffer[end] !== CR) {
      throw new RespSyntaxError(`a string of ${length} bytes does not end with CRLF`);
    }
    const bytes = Buffer.from(this.#buffer.subarray(this.#at, end));
    this.#at = end + 2;
    return bytes;
  }

  #verbatim(bytes: Buffer): Reply {
    if (bytes.length < 4 || bytes[3] !== 0x3a) {
      throw new RespSyntaxError(`not a verbatim string: ${JSON.stringify(bytes.toString("latin1"))}`);
    }
    return { type: "verbatim", format: bytes.toString("latin1", 0, 3), bytes: bytes.subarray(4) };
  }

  #items(count: number): Reply[] {
    const items: Reply[] = [];
    for (let index = 0; index < count; index += 1) {
      items.push(this.#reply());
    }
    return items;
  }

  #entries(count: number): [Reply, Reply][] {
    const entries: [Reply, Reply][] = [];
    for (let index = 0; index < count; index += 1) {
      entries.push([this.#reply(), this.#reply()]);
    }
    return entries;
  }
}
