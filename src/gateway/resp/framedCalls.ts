import { ByteWriter } from "../../base/byteWriter.ts";
import { FrameReader, frameHead, frameOf, MESSAGE_FRAME, TRAILERS_FRAME } from "../../proto/grpcFrames.ts";
import { KeptBytes } from "../../proto/keptBytes.ts";
import { CODES, type KvError, putDetail } from "../../worker/api/kvError.ts";
import type { Output } from "../../worker/client.ts";
import { type CallsHandlers, type CallsStream, FRAME_ERRORS, MESSAGE_BYTES_MAX } from "../kv/callsStream.ts";

/** Longer messages are not put together as text. */
const TEXT_BYTES_MAX = 16 * 1024;
const EMPTY_FRAME = frameHead(MESSAGE_FRAME, 0);
const kept = new KeptBytes();

/** The connection that carries the frames. */
export interface FramedLine {
  readonly peer: string;
  readonly unsentBytes: number;
  write(output: Output): void;
  pause(): void;
  resume(): void;
  /** Closes after what was written. */
  end(): void;
}

/**
 * Calls on a connection of a Redis client that has sent `CALLS`: the messages of gRPC's stream in its frames, without HTTP/2 around
 * them. An empty frame is a sign of life, and answered by one. It fails with a frame of trailers.
 */
export class FramedCalls implements CallsStream {
  readonly #line: FramedLine;
  readonly #frames: FrameReader;
  #handlers: CallsHandlers | undefined;
  isPaused = false;
  #hasFailed = false;

  constructor(line: FramedLine) {
    this.#line = line;
    this.#frames = new FrameReader(MESSAGE_BYTES_MAX, (bytes, start, end) => {
      if (end > start) this.#handlers?.onMessage(bytes === kept.bytes ? kept.plain : bytes, start, end);
      else line.write(EMPTY_FRAME);
    });
  }

  begin(handlers: CallsHandlers): void {
    this.#handlers = handlers;
  }

  // From the connection

  /** `bytes` are overwritten afterwards. */
  received(bytes: Uint8Array, length: number): void {
    if (this.#hasFailed) return;
    kept.keep(bytes, length);
    const problem = this.#frames.push(kept.bytes, kept.start, kept.end);
    this.#handlers?.onTurnEnd();
    if (problem !== undefined && !this.#hasFailed) this.fail(FRAME_ERRORS[problem]);
  }

  receivedAll(): void {
    this.#handlers?.onEnd();
  }

  drained(): void {
    this.#handlers?.onDrain();
  }

  closed(): void {
    this.#handlers?.onClosed();
  }

  // To the connection

  get peer(): string {
    return this.#line.peer;
  }

  get unsentBytes(): number {
    return this.#line.unsentBytes;
  }

  send(pieces: readonly Output[], bytes: number): void {
    this.#line.write((bytes <= TEXT_BYTES_MAX ? frameText(pieces, bytes) : undefined) ?? frameOf(pieces, bytes));
  }

  pause(): void {
    this.isPaused = true;
    this.#line.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.#line.resume();
  }

  end(): void {
    this.#line.end();
  }

  fail(error: KvError): void {
    this.#hasFailed = true;
    const trailers = trailersOf(error);
    this.#line.write(frameHead(TRAILERS_FRAME, trailers.length) + trailers);
    this.#handlers?.onClosed();
    this.#line.end();
  }
}

/** A message as a frame in latin1; undefined unless all its pieces are text. */
function frameText(pieces: readonly Output[], bytes: number): string | undefined {
  let text = frameHead(MESSAGE_FRAME, bytes);
  for (const piece of pieces) {
    if (typeof piece !== "string") return undefined;
    text += piece;
  }
  return text;
}

function trailersOf(error: KvError): string {
  const detail = new ByteWriter(64);
  putDetail(detail, error);
  const lines = [
    `grpc-status: ${CODES[error.code]}`,
    `grpc-message: ${encodeURIComponent(error.message)}`,
    `holdfast-error-bin: ${Buffer.from(detail.slice()).toString("base64")}`,
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}
