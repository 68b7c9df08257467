import { connect, type Socket } from "node:net";

/** What a key space holds before a workload runs. The names are the ones that `redis-benchmark` asks for. */
export type DataKind = "strings" | "counters" | "hash" | "sortedSet" | "empty";

export interface Dataset {
  kind: DataKind;
  keys: number;
  valueBytes: number;
}

/** `redis-benchmark` writes each random number with twelve digits, padded with zeros. */
const digits = 12;
const placeholder = "#".repeat(digits);
const commandsPerChunkMax = 512;
const chunkBytesMax = 256 * 1024;
const chunksInFlight = 8;
const newline = 10;
const minus = 45;

/** The name of string number `index` as `redis-benchmark -r` asks for it. */
export function stringKey(index: number): string {
  return `key:${String(index).padStart(digits, "0")}`;
}

/**
 * Fills a server with a data set, in order, over one pipelined connection, each element by a command of its own.
 * Values differ from each other and do not compress, so that no store gains by repetition. Rejects on an error reply.
 */
export async function load(port: number, dataset: Dataset): Promise<void> {
  const parts = commandParts(dataset);
  if (parts === undefined) return;
  const socket = connect({ port, host: "127.0.0.1" });
  socket.setNoDelay(true);
  try {
    await pump(socket, parts, dataset);
  } finally {
    socket.destroy();
  }
}

/** One command: arguments in which `placeholder` stands for the element's number and `value` for its value. */
interface CommandParts {
  args: string[];
  value: string | undefined;
}

function commandParts(dataset: Dataset): CommandParts | undefined {
  const value = "v".repeat(dataset.valueBytes);
  switch (dataset.kind) {
    case "strings":
      return { args: ["SET", `key:${placeholder}`, value], value };
    case "counters":
      return { args: ["SET", `counter:${placeholder}`, "1"], value: undefined };
    case "hash":
      return { args: ["HSET", "myhash", `element:${placeholder}`, value], value };
    case "sortedSet":
      return { args: ["ZADD", "myzset", placeholder, `element:${placeholder}`], value: undefined };
    case "empty":
      return undefined;
  }
}

/** Sends all commands, a window of chunks ahead of the replies. */
function pump(socket: Socket, parts: CommandParts, dataset: Dataset): Promise<void> {
  const writer = new ChunkWriter(parts, dataset);
  let sent = 0;
  let answered = 0;
  let atLineStart = true;
  return new Promise((resolve, reject) => {
    const sendMore = (): void => {
      const windowCommands = writer.commandsPerChunk * chunksInFlight;
      while (sent < dataset.keys && sent - answered < windowCommands) {
        const count = Math.min(writer.commandsPerChunk, dataset.keys - sent);
        socket.write(writer.chunk(sent, count));
        sent += count;
      }
    };
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed the loader's connection")));
    socket.on("connect", sendMore);
    // Every command of the loader is answered by exactly one line, so counting line ends counts replies.
    socket.on("data", (chunk) => {
      for (let i = 0; i < chunk.length; i++) {
        if (atLineStart && chunk[i] === minus) {
          reject(new Error(`loading failed: ${chunk.toString("latin1", i, i + 200)}`));
        }
        atLineStart = chunk[i] === newline;
        if (atLineStart) answered++;
      }
      if (answered === dataset.keys) resolve();
      else sendMore();
    });
  });
}

/** Builds chunks of commands by copying a template and patching the numbers and values into the copy. */
class ChunkWriter {
  readonly commandsPerChunk: number;
  readonly #template: Buffer;
  readonly #numberOffsets: number[] = [];
  readonly #valueOffset: number;
  readonly #valueBytes: number;
  readonly #pool: Buffer;

  constructor(parts: CommandParts, dataset: Dataset) {
    const text = `*${parts.args.length}\r\n${parts.args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
    this.#template = Buffer.from(text, "latin1");
    for (let at = text.indexOf(placeholder); at >= 0; at = text.indexOf(placeholder, at + digits)) {
      this.#numberOffsets.push(at);
    }
    this.#valueBytes = parts.value === undefined ? 0 : dataset.valueBytes;
    this.#valueOffset = this.#template.length - 2 - this.#valueBytes;
    this.#pool = randomLetters(this.#valueBytes + 65_536);
    this.commandsPerChunk = Math.max(
      1,
      Math.min(commandsPerChunkMax, Math.floor(chunkBytesMax / this.#template.length)),
    );
  }

  chunk(first: number, count: number): Buffer {
    const size = this.#template.length;
    const chunk = Buffer.allocUnsafe(size * count);
    for (let i = 0; i < count; i++) {
      const start = i * size;
      this.#template.copy(chunk, start);
      for (const offset of this.#numberOffsets) writeNumber(chunk, start + offset, first + i);
      if (this.#valueBytes > 0) {
        const from = ((first + i) * 97) % 65_536;
        this.#pool.copy(chunk, start + this.#valueOffset, from, from + this.#valueBytes);
      }
    }
    return chunk;
  }
}

function writeNumber(target: Buffer, offset: number, value: number): void {
  let rest = value;
  for (let i = digits - 1; i >= 0; i--) {
    target[offset + i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Letters drawn by a fixed linear congruential generator: the same in each run. */
function randomLetters(length: number): Buffer {
  const letters = Buffer.allocUnsafe(length);
  let state = 20_240_607;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    letters[i] = 97 + ((state >>> 16) % 26);
  }
  return letters;
}
