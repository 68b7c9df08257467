/** A frame's head: its kind, and the length of what follows (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const FRAME_HEAD_BYTES = 5;
/** Of a frame with a message, which is not compressed. */
export const MESSAGE_FRAME = 0;
/** Of a frame with trailers instead of a message (gRPC-Web, `PROTOCOL-WEB.md`). */
export const TRAILERS_FRAME = 0x80;

const PARTIAL_BYTES_MIN = 256;
const NOTHING = Buffer.alloc(0);

/** Why a stream is of no use any more: a frame is of a kind that nobody knows here, compressed perhaps, or longer than allowed. */
export type FrameProblem = "compressed" | "tooLong";

/** Takes the bytes `[start, end)`, which stay as they are if those did that were pushed. */
export type TakeFrame = (bytes: Buffer, start: number, end: number) => void;

/** Writes the head of a frame whose message follows in the same buffer. */
export function writeFrameHead(frame: Buffer): void {
  frame[0] = MESSAGE_FRAME;
  frame.writeUInt32BE(frame.length - FRAME_HEAD_BYTES, 1);
}

/** A frame's head as latin1. */
export function frameHead(kind: number, bytes: number): string {
  return String.fromCharCode(kind, bytes >>> 24, (bytes >>> 16) & 0xff, (bytes >>> 8) & 0xff, bytes & 0xff);
}

/** A message, in pieces (bytes, or latin1) that have `bytes` bytes together, as a frame. */
export function frameOf(pieces: readonly (string | Uint8Array)[], bytes: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + bytes);
  writeFrameHead(frame);
  let at = FRAME_HEAD_BYTES;
  for (const piece of pieces) {
    if (typeof piece === "string") frame.write(piece, at, "latin1");
    else frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

/** Finds the messages in a stream of frames, however it was cut. Whole ones are told where they lie, and not copied. */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #onMessage: TakeFrame;
  readonly #onTrailers: TakeFrame | undefined;
  /** The beginning of a frame whose end has not come: so many bytes of it, of so many that it is known to have. */
  #partial = NOTHING;
  #held = 0;
  #wanted = FRAME_HEAD_BYTES;

  /** `onTrailers`: where trailers come in frames. */
  constructor(bytesMax: number, onMessage: TakeFrame, onTrailers?: TakeFrame) {
    this.#bytesMax = bytesMax;
    this.#onMessage = onMessage;
    this.#onTrailers = onTrailers;
  }

  /** `bytes[start, end)` have come. After a problem nothing more may be pushed. */
  push(bytes: Buffer, start = 0, end = bytes.length): FrameProblem | undefined {
    let at = start;
    while (this.#held > 0 && at < end) {
      at = this.#hold(bytes, at, end);
      const problem = this.#held === FRAME_HEAD_BYTES ? this.#readHead() : undefined;
      if (problem !== undefined) return problem;
      if (this.#held === this.#wanted) this.#release();
    }
    while (end - at >= FRAME_HEAD_BYTES) {
      const length = lengthAt(bytes, at);
      const problem = this.#problemOf(bytes[at]!, length);
      if (problem !== undefined) return problem;
      const next = at + FRAME_HEAD_BYTES + length;
      if (next > end) {
        this.#wanted = FRAME_HEAD_BYTES + length;
        break;
      }
      this.#tell(bytes, at, next);
      at = next;
    }
    if (at < end) this.#hold(bytes, at, end);
    return undefined;
  }

  /** Keeps what belongs to the frame, and answers where that ends. */
  #hold(bytes: Buffer, start: number, end: number): number {
    const count = Math.min(end - start, this.#wanted - this.#held);
    const needed = this.#held + count;
    if (needed > this.#partial.length) {
      // Whoever says that much will come has not sent it yet.
      const size = Math.max(needed, Math.min(this.#wanted, 2 * this.#partial.length), PARTIAL_BYTES_MIN);
      const larger = Buffer.allocUnsafe(size);
      this.#partial.copy(larger, 0, 0, this.#held);
      this.#partial = larger;
    }
    bytes.copy(this.#partial, this.#held, start, start + count);
    this.#held = needed;
    return start + count;
  }

  /** The head has come alone. */
  #readHead(): FrameProblem | undefined {
    const length = lengthAt(this.#partial, 0);
    this.#wanted = FRAME_HEAD_BYTES + length;
    return this.#problemOf(this.#partial[0]!, length);
  }

  #release(): void {
    const [frame, end] = [this.#partial, this.#held];
    // Whoever is told may keep it.
    this.#partial = NOTHING;
    this.#held = 0;
    this.#wanted = FRAME_HEAD_BYTES;
    this.#tell(frame, 0, end);
  }

  #problemOf(kind: number, length: number): FrameProblem | undefined {
    if (kind !== MESSAGE_FRAME && !(kind === TRAILERS_FRAME && this.#onTrailers !== undefined)) return "compressed";
    return length > this.#bytesMax ? "tooLong" : undefined;
  }

  #tell(bytes: Buffer, start: number, end: number): void {
    const take = bytes[start] === MESSAGE_FRAME ? this.#onMessage : this.#onTrailers!;
    take(bytes, start + FRAME_HEAD_BYTES, end);
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0;
}
