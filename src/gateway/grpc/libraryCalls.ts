import type { ServerHttp2Stream } from "node:http2";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { FRAME_HEAD_BYTES, FrameReader, frameOf } from "../../proto/grpcFrames.ts";
import type { KvError } from "../../worker/api/kvError.ts";
import type { Output } from "../../worker/client.ts";
import { type CallsHandlers, type CallsStream, FRAME_ERRORS, MESSAGE_BYTES_MAX } from "../kv/callsStream.ts";
import type { StreamLimits } from "../kv/kvBackend.ts";
import type { Grpc } from "./grpcLibrary.ts";
import { statusOf } from "./kvCaller.ts";
import { cutOff } from "./streamLimits.ts";

/** Metadata of a client that compresses nothing, whatever the server offers. */
const PLAIN_KEY = "holdfast-plain";

export type LibraryStream = ServerDuplexStream<Buffer, Uint8Array>;

/**
 * The calls of a stream of gRPC, with messages read from and written to HTTP/2 itself where the client allows that: the library takes
 * a promise, two queues and two turns for each, which is half of what a small message costs.
 */
export function libraryCalls(grpc: Grpc, call: LibraryStream, limits: StreamLimits): CallsStream {
  if (call.metadata.get(PLAIN_KEY).length === 0) return new LibraryCalls(grpc, call, limits);
  // It is no part of what the library promises: without it, messages take the library's way.
  const { stream } = (call as { readonly call?: { readonly stream?: ServerHttp2Stream } }).call ?? {};
  if (stream === undefined || typeof stream.respond !== "function") return new LibraryCalls(grpc, call, limits);
  return new PlainCalls(grpc, call, limits, stream);
}

class LibraryCalls implements CallsStream {
  readonly peer: string;
  unsentBytes = 0;
  protected readonly grpc: Grpc;
  protected readonly library: LibraryStream;
  protected handlers: CallsHandlers | undefined;
  readonly #limits: StreamLimits;

  constructor(grpc: Grpc, library: LibraryStream, limits: StreamLimits) {
    this.grpc = grpc;
    this.library = library;
    this.#limits = limits;
    this.peer = library.getPeer();
  }

  begin(handlers: CallsHandlers): void {
    this.handlers = handlers;
    this.read(handlers);
    for (const event of ["cancelled", "error", "close"] as const) this.library.on(event, () => handlers.onClosed());
  }

  protected read(handlers: CallsHandlers): void {
    this.library.on("data", (message: Buffer) => {
      handlers.onMessage(message, 0, message.length);
      handlers.onTurnEnd();
    });
    this.library.on("end", () => handlers.onEnd());
  }

  send(pieces: readonly Output[], bytes: number): void {
    this.unsentBytes += bytes;
    if (this.unsentBytes > this.#limits.outputBytesMax()) return cutOff(this.grpc, this.library);
    this.write(frameOf(pieces, bytes), () => {
      this.unsentBytes -= bytes;
      this.handlers?.onDrain();
    });
  }

  protected write(frame: Buffer, written: () => void): void {
    this.library.write(frame.subarray(FRAME_HEAD_BYTES), written);
  }

  pause(): void {
    this.library.pause();
  }

  resume(): void {
    this.library.resume();
  }

  end(): void {
    this.library.end();
  }

  fail(error: KvError): void {
    this.library.emit("error", statusOf(this.grpc, error));
  }
}

/** Beginning and end remain the library's. */
class PlainCalls extends LibraryCalls {
  readonly #stream: ServerHttp2Stream;

  constructor(grpc: Grpc, library: LibraryStream, limits: StreamLimits, stream: ServerHttp2Stream) {
    super(grpc, library, limits);
    this.#stream = stream;
  }

  protected override read(handlers: CallsHandlers): void {
    const stream = this.#stream;
    const frames = new FrameReader(MESSAGE_BYTES_MAX, (bytes, start, end) => handlers.onMessage(bytes, start, end));
    stream.on("end", () => handlers.onEnd());
    this.library.sendMetadata(new this.grpc.Metadata());
    stream.removeAllListeners("data");
    stream.on("data", (piece: Buffer) => {
      const problem = frames.push(piece);
      handlers.onTurnEnd();
      if (problem === undefined) return;
      stream.removeAllListeners("data");
      stream.resume();
      this.fail(FRAME_ERRORS[problem]);
    });
    stream.resume();
  }

  protected override write(frame: Buffer, written: () => void): void {
    this.#stream.write(frame, written);
  }

  override pause(): void {
    this.#stream.pause();
  }

  override resume(): void {
    this.#stream.resume();
  }
}
