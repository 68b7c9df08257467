import type { Output } from "../../worker/client.ts";

export const FRAME_HEAD_BYTES = 5;

/** Why a stream is of no use any more. */
export type FrameProblem = "compressed" | "tooLong";

/** Takes messages out of a stream of uncompressed frames (gRPC over HTTP/2, "Length-Prefixed-Message"), however it was cut. */
export class MessageFrames {
  readonly #bytesMax: number;
  readonly #onMessage: (message: Buffer) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wanted = FRAME_HEAD_BYTES;

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
    this.#wanted = FRAME_HEAD_BYTES;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      if (bytes[at] !== 0) return "compressed";
      const length = bytes.readUInt32BE(at + 1);
      if (length > this.#bytesMax) return "tooLong";
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > bytes.length) {
        this.#wanted = end - at;
        break;
      }
      this.#onMessage(bytes.subarray(at + FRAME_HEAD_BYTES, end));
      at = end;
    }
    if (at < bytes.length) {
      this.#pieces = [bytes.subarray(at)];
      this.#bytes = bytes.length - at;
    }
    return undefined;
  }
}

/** A message, in pieces that have `bytes` bytes together, as a frame. */
export function frameOf(pieces: readonly Output[], bytes: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + bytes);
  frame[0] = 0;
  frame.writeUInt32BE(bytes, 1);
  let at = FRAME_HEAD_BYTES;
  for (const piece of pieces) {
    if (typeof piece === "string") frame.write(piece, at, "latin1");
    else frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

/** A frame's head as latin1. */
export function frameHead(flags: number, bytes: number): string {
  return String.fromCharCode(flags, bytes >>> 24, (bytes >>> 16) & 0xff, (bytes >>> 8) & 0xff, bytes & 0xff);
}
