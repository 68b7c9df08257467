import type { ServerHttp2Stream } from "node:http2";
import type { Metadata, ServerDuplexStream } from "@grpc/grpc-js";
import type { KvError } from "../../worker/api/kvError.ts";
import type { Grpc } from "./kvBackend.ts";
import { statusOf } from "./kvCaller.ts";
import { type FrameProblem, frameOf, PlainFrames } from "./plainFrames.ts";

/** Metadata of a client that compresses nothing, whatever the server offers. */
const PLAIN_KEY = "holdfast-plain";
/** As the server's own limit of a message. */
const MESSAGE_BYTES_MAX = 66 * 2 ** 20;

/** A stream of calls as its evaluation sees it: the gRPC library's, or one whose messages go past that. */
export interface CallsStream {
  readonly metadata: Metadata;
  readonly call?: { readonly stream?: { close(code: number): void } };
  on(event: "data", listener: (message: Buffer) => void): unknown;
  on(event: "end" | "cancelled" | "error" | "close", listener: () => void): unknown;
  write(message: Uint8Array, written?: (error?: Error | null) => void): boolean;
  pause(): unknown;
  resume(): unknown;
  end(): unknown;
  emit(event: "error", status: unknown): boolean;
  getPeer(): string;
}

type LibraryStream = ServerDuplexStream<Buffer, Uint8Array>;

const PROBLEMS: { readonly [problem in FrameProblem]: KvError } = {
  compressed: {
    code: "internal",
    reason: "invalidField",
    message: `a stream with ${PLAIN_KEY} has no compressed messages`,
  },
  tooLong: {
    code: "resourceExhausted",
    reason: "tooMany",
    message: `a message has at most ${MESSAGE_BYTES_MAX} bytes`,
  },
};

/**
 * The stream, with messages read from and written to HTTP/2 itself where the client allows that: the library takes a promise, two
 * queues and two turns for each, which is half of what a small message costs. Beginning, refusals and the end remain the library's.
 */
export function plainCalls(grpc: Grpc, call: LibraryStream): CallsStream {
  if (call.metadata.get(PLAIN_KEY).length === 0) return call;
  // It is no part of what the library promises: without it, messages take the library's way.
  const { stream } = (call as { readonly call?: { readonly stream?: ServerHttp2Stream } }).call ?? {};
  if (stream === undefined || typeof stream.respond !== "function") return call;
  return new PlainCalls(grpc, call, stream);
}

class PlainCalls implements CallsStream {
  readonly metadata: Metadata;
  readonly call: { readonly stream: ServerHttp2Stream };
  readonly #grpc: Grpc;
  readonly #library: LibraryStream;

  constructor(grpc: Grpc, library: LibraryStream, stream: ServerHttp2Stream) {
    this.#grpc = grpc;
    this.#library = library;
    this.metadata = library.metadata;
    this.call = { stream };
  }

  on(event: string, listener: (message: Buffer) => void): void {
    if (event === "data") this.#read(listener);
    else if (event === "end") this.call.stream.on("end", listener);
    else this.#library.on(event, listener);
  }

  #read(listener: (message: Buffer) => void): void {
    const { stream } = this.call;
    const frames = new PlainFrames(MESSAGE_BYTES_MAX, listener);
    this.#library.sendMetadata(new this.#grpc.Metadata());
    stream.removeAllListeners("data");
    stream.on("data", (piece: Buffer) => {
      const problem = frames.push(piece);
      if (problem === undefined) return;
      stream.removeAllListeners("data");
      stream.resume();
      this.emit("error", statusOf(this.#grpc, PROBLEMS[problem]));
    });
    stream.resume();
  }

  write(message: Uint8Array, written?: (error?: Error | null) => void): boolean {
    return this.call.stream.write(frameOf(message), written);
  }

  pause(): void {
    this.call.stream.pause();
  }

  resume(): void {
    this.call.stream.resume();
  }

  end(): void {
    this.#library.end();
  }

  emit(_event: "error", status: unknown): boolean {
    return this.#library.emit("error", status);
  }

  getPeer(): string {
    return this.#library.getPeer();
  }
}
