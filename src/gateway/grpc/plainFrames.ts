const HEAD_BYTES = 5;

/** Why a stream is of no use any more. */
export type FrameProblem = "compressed" | "tooLong";

/** Takes messages out of a stream of uncompressed frames (gRPC over HTTP/2, "Length-Prefixed-Message"), however it was cut. */
export class PlainFrames {
  readonly #bytesMax: number;
  readonly #onMessage: (message: Buffer) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wanted = HEAD_BYTES;

  constructor(bytesMax: number, onMessage: (message: Buffer) => void) {
    this.#bytesMax = bytesMax;
    this.#onMessage = onMessage;
  }

  push(piece: Buffer): FrameProblem | undefined {
    let bytes = piece;
    if (this.#bytes > 0) {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      if (this.#bytes < this.#wanted) return undefined;
      bytes = Buffer.concat(this.#pieces, this.#bytes);
      this.#pieces = [];
      this.#bytes = 0;
    }
    let at = 0;
    this.#wanted = HEAD_BYTES;
    while (bytes.length - at >= HEAD_BYTES) {
      if (bytes[at] !== 0) return "compressed";
      const length = bytes.readUInt32BE(at + 1);
      if (length > this.#bytesMax) return "tooLong";
      const end = at + HEAD_BYTES + length;
      if (end > bytes.length) {
        this.#wanted = end - at;
        break;
      }
      this.#onMessage(bytes.subarray(at + HEAD_BYTES, end));
      at = end;
    }
    if (at < bytes.length) {
      this.#pieces = [bytes.subarray(at)];
      this.#bytes = bytes.length - at;
    }
    return undefined;
  }
}

/** A message as a frame. */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}
