import { ByteWriter } from "../../base/byteWriter.ts";
import { CODES, type KvError, putDetail } from "../../worker/api/kvError.ts";
import type { Output } from "../../worker/client.ts";
import { type CallsHandlers, type CallsStream, FRAME_ERRORS, MESSAGE_BYTES_MAX } from "../kv/callsStream.ts";
import { frameHead, frameOf, MessageFrames } from "../kv/messageFrames.ts";

/** Longer messages are not put together as text. */
const TEXT_BYTES_MAX = 16 * 1024;
const MESSAGE = 0;
/** A frame with trailers, as gRPC-Web has it (github.com/grpc/grpc, `PROTOCOL-WEB.md`). */
const TRAILERS = 0x80;
const EMPTY_FRAME = frameHead(MESSAGE, 0);

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
  readonly #frames: MessageFrames;
  #handlers: CallsHandlers | undefined;
  isPaused = false;
  #hasFailed = false;

  constructor(line: FramedLine) {
    this.#line = line;
    this.#frames = new MessageFrames(MESSAGE_BYTES_MAX, (message) => {
      if (message.length > 0) this.#handlers?.onMessage(message);
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
    const problem = this.#frames.push(Buffer.from(bytes.subarray(0, length)));
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
    this.#line.write(
      bytes <= TEXT_BYTES_MAX ? (frameText(pieces, bytes) ?? frameOf(pieces, bytes)) : frameOf(pieces, bytes),
    );
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
    this.#line.write(frameHead(TRAILERS, trailers.length) + trailers);
    this.#handlers?.onClosed();
    this.#line.end();
  }
}

/** A message as a frame in latin1; undefined unless all its pieces are text. */
function frameText(pieces: readonly Output[], bytes: number): string | undefined {
  let text = frameHead(MESSAGE, bytes);
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
