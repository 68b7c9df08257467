/** A frame's head: whether it is compressed, and its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const FRAME_HEAD_BYTES = 5;

/** A message is no longer than that. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
const MESSAGE = 0;
/** Of a frame with trailers instead of a message (gRPC-Web, `PROTOCOL-WEB.md`). */
const TRAILERS = 0x80;

/** Writes the head of a frame whose message follows in the same buffer. */
export function writeFrameHead(frame: Buffer): void {
  frame[0] = MESSAGE;
  frame.writeUInt32BE(frame.length - FRAME_HEAD_BYTES, 1);
}

/** Puts messages together again from the pieces in which they come. */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #onMessage: (message: Buffer) => void;
  readonly #onTrailers: ((trailers: Buffer) => void) | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wanted = FRAME_HEAD_BYTES;

  /** `onTrailers`: where trailers come in frames. */
  constructor(bytesMax: number, onMessage: (message: Buffer) => void, onTrailers?: (trailers: Buffer) => void) {
    this.#bytesMax = bytesMax;
    this.#onMessage = onMessage;
    this.#onTrailers = onTrailers;
  }

  /** False for what is no frame, or too long: the stream is of no use any more. */
  push(piece: Buffer): boolean {
    let buffer = piece;
    if (this.#bytes > 0) {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      if (this.#bytes < this.#wanted) return true;
      buffer = Buffer.concat(this.#pieces, this.#bytes);
      this.#pieces = [];
      this.#bytes = 0;
    }
    let at = 0;
    this.#wanted = FRAME_HEAD_BYTES;
    while (buffer.length - at >= FRAME_HEAD_BYTES) {
      const length = buffer.readUInt32BE(at + 1);
      const take = this.#takerOf(buffer[at]!);
      if (take === undefined || length > this.#bytesMax) return false;
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > buffer.length) {
        this.#wanted = end - at;
        break;
      }
      take(buffer.subarray(at + FRAME_HEAD_BYTES, end));
      at = end;
    }
    if (at < buffer.length) {
      this.#pieces = [at === 0 ? buffer : buffer.subarray(at)];
      this.#bytes = buffer.length - at;
    }
    return true;
  }

  #takerOf(flags: number): ((bytes: Buffer) => void) | undefined {
    if (flags === MESSAGE) return this.#onMessage;
    return flags === TRAILERS ? this.#onTrailers : undefined;
  }
}
