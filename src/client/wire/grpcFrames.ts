/** A frame's head: whether it is compressed, and its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const FRAME_HEAD_BYTES = 5;

/** Writes the head of a frame whose message follows in the same buffer. */
export function writeFrameHead(frame: Buffer): void {
  frame[0] = 0;
  frame.writeUInt32BE(frame.length - FRAME_HEAD_BYTES, 1);
}

/** Puts messages together again from the pieces in which they come. */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #onMessage: (message: Buffer) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wanted = FRAME_HEAD_BYTES;

  constructor(bytesMax: number, onMessage: (message: Buffer) => void) {
    this.#bytesMax = bytesMax;
    this.#onMessage = onMessage;
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
      if (buffer[at] !== 0 || length > this.#bytesMax) return false;
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > buffer.length) {
        this.#wanted = end - at;
        break;
      }
      this.#onMessage(buffer.subarray(at + FRAME_HEAD_BYTES, end));
      at = end;
    }
    if (at < buffer.length) {
      this.#pieces = [at === 0 ? buffer : buffer.subarray(at)];
      this.#bytes = buffer.length - at;
    }
    return true;
  }
}
