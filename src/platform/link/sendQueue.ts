import type { Socket } from "node:net";
import type { LinkStatistics } from "../../ports/link.ts";
import { FRAME_HEADER_BYTES, payloadCrc, writeFrameHeader } from "./linkFrame.ts";

const BLOCK_BYTES = 64 * 1024;
/** Longer parts are handed on as they are: a copy would cost more than a second piece in the write. */
const COPIED_BYTES_MAX = 8 * 1024;
/** One write takes at most so much, so that a slow but healthy peer is seen to take something. */
const WRITE_BYTES_MAX = 256 * 1024;

/** What is on its way to a socket: frames gather here during a turn and leave in one write. */
export class SendQueue {
  /** Told when the socket has taken something that it had kept waiting. */
  onTaken: () => void = () => undefined;
  readonly #socket: Socket;
  readonly #statistics: LinkStatistics;
  /** Small frames are gathered in `[start, end)` of it. */
  #block: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** What comes before that. */
  #pieces: Uint8Array[] = [];
  #queuedBytes = 0;
  #isWriting = false;

  constructor(socket: Socket, statistics: LinkStatistics) {
    this.#socket = socket;
    this.#statistics = statistics;
  }

  get bufferedBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  /** The socket has something that the operating system does not take. */
  get isWaiting(): boolean {
    return this.#isWriting;
  }

  add(kind: number, parts: readonly Uint8Array[], length: number): void {
    const total = FRAME_HEADER_BYTES + length;
    const isCopied = length <= COPIED_BYTES_MAX;
    this.#makeRoom(isCopied ? total : FRAME_HEADER_BYTES);
    writeFrameHeader(this.#block, this.#end, kind, length, payloadCrc(parts));
    this.#end += FRAME_HEADER_BYTES;
    for (const part of parts) {
      if (isCopied) {
        this.#block.set(part, this.#end);
        this.#end += part.length;
      } else {
        this.#endPiece();
        this.#pieces.push(part);
      }
    }
    this.#queuedBytes += total;
    this.#statistics.bytesSent += total;
  }

  /** Hands on what has gathered, as far as the socket takes it. */
  flush(): void {
    while (this.#queuedBytes > 0 && !this.#isWriting) {
      this.#write(this.#nextPieces());
      if (this.#socket.writableLength > 0) {
        this.#isWriting = true;
      } else if (this.#queuedBytes === 0) {
        // The operating system has copied everything: the block is free again.
        this.#start = 0;
        this.#end = 0;
      }
    }
  }

  #write(pieces: readonly Uint8Array[]): void {
    const socket = this.#socket;
    this.#statistics.writes++;
    const last = pieces.length - 1;
    if (last > 0) socket.cork();
    for (let i = 0; i < last; i++) socket.write(pieces[i]!);
    socket.write(pieces[last]!, () => this.#taken());
    if (last > 0) socket.uncork();
  }

  #taken(): void {
    if (!this.#isWriting || this.#socket.writableLength > 0) return;
    this.#isWriting = false;
    this.onTaken();
    this.flush();
  }

  #nextPieces(): Uint8Array[] {
    this.#endPiece();
    let bytes = 0;
    let count = 0;
    const queued = this.#pieces;
    while (count < queued.length && bytes < WRITE_BYTES_MAX) {
      const piece = queued[count]!;
      const room = WRITE_BYTES_MAX - bytes;
      if (piece.length > room) {
        if (room === 0) break;
        queued.splice(count, 1, piece.subarray(0, room), piece.subarray(room));
      }
      bytes += queued[count]!.length;
      count++;
    }
    this.#queuedBytes -= bytes;
    return queued.splice(0, count);
  }

  #makeRoom(count: number): void {
    if (this.#block.length - this.#end >= count) return;
    this.#endPiece();
    this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, count));
    this.#start = 0;
    this.#end = 0;
  }

  #endPiece(): void {
    if (this.#end > this.#start) this.#pieces.push(this.#block.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
