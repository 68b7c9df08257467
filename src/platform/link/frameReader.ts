import { nodeChecksum } from "../diskChecksum.ts";
import { FRAME_HEADER_BYTES, type FrameHeader, readFrameHeader } from "./linkFrame.ts";

/** Finds the frames in what a connection brings. A frame that came in one piece is handed on without a copy. */
export class FrameReader {
  /** A longer frame is damage. Small until the peer has said who it is. */
  frameBytesMax: number;
  readonly #onFrame: (kind: number, bytes: Uint8Array) => void;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerFilled = 0;
  /** The frame whose payload is being gathered. */
  #expected: FrameHeader | undefined;
  #payload: Uint8Array = this.#header;
  #payloadFilled = 0;
  #isStopped = false;

  constructor(frameBytesMax: number, onFrame: (kind: number, bytes: Uint8Array) => void) {
    this.frameBytesMax = frameBytesMax;
    this.#onFrame = onFrame;
  }

  /** Hands no further frame on. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes what came; returns what is wrong with it, after which nothing more may be pushed. */
  push(chunk: Uint8Array): string | undefined {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      if (this.#expected !== undefined) at = this.#fillPayload(chunk, at);
      else if (this.#headerFilled > 0 || chunk.length - at < FRAME_HEADER_BYTES) at = this.#fillHeader(chunk, at);
      else {
        const header = readFrameHeader(chunk, at);
        const fault = this.#faultOf(header);
        if (fault !== undefined) return fault;
        at = this.#begin(header!, chunk, at + FRAME_HEADER_BYTES);
      }
      const fault = this.#complete();
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #fillHeader(chunk: Uint8Array, at: number): number {
    const count = Math.min(FRAME_HEADER_BYTES - this.#headerFilled, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + count), this.#headerFilled);
    this.#headerFilled += count;
    return at + count;
  }

  #fillPayload(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#payload.length - this.#payloadFilled, chunk.length - at);
    this.#payload.set(chunk.subarray(at, at + count), this.#payloadFilled);
    this.#payloadFilled += count;
    return at + count;
  }

  #begin(header: FrameHeader, chunk: Uint8Array, at: number): number {
    this.#expected = header;
    if (header.length <= chunk.length - at) {
      this.#payload = chunk.subarray(at, at + header.length);
      this.#payloadFilled = header.length;
      return at + header.length;
    }
    this.#payload = Buffer.allocUnsafeSlow(header.length);
    this.#payloadFilled = 0;
    return this.#fillPayload(chunk, at);
  }

  /** Does what follows when a header or a payload has become whole. */
  #complete(): string | undefined {
    if (this.#headerFilled === FRAME_HEADER_BYTES) {
      this.#headerFilled = 0;
      const header = readFrameHeader(this.#header, 0);
      const fault = this.#faultOf(header);
      if (fault !== undefined) return fault;
      this.#expected = header;
      this.#payload = Buffer.allocUnsafeSlow(header!.length);
      this.#payloadFilled = 0;
    }
    const { crc, kind } = this.#expected ?? { crc: 0, kind: -1 };
    if (kind < 0 || this.#payloadFilled < this.#payload.length) return undefined;
    const payload = this.#payload;
    this.#expected = undefined;
    this.#payload = this.#header;
    if (nodeChecksum.crc32(payload, 0, payload.length) !== crc) return "a frame's payload does not have its checksum";
    this.#onFrame(kind, payload);
    return undefined;
  }

  #faultOf(header: FrameHeader | undefined): string | undefined {
    if (header === undefined) return "a frame's header does not have its checksum";
    if (header.length > this.frameBytesMax)
      return `a frame of ${header.length} bytes is over the limit of ${this.frameBytesMax}`;
    return undefined;
  }
}
