import { MalformedBytes } from "../../base/byteReader.ts";

/** A list of children may be longer than what ZooKeeper takes in one packet, but not without bounds. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** Cuts what a socket brings into frames: four bytes of length, then so many bytes. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** The frames that are whole now. Throws `MalformedBytes` at a length that no server writes. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      const length = this.#nextLength();
      if (length === undefined || this.#bytes < 4 + length) return frames;
      const all = this.#joined();
      frames.push(all.subarray(4, 4 + length));
      this.#chunks = [all.subarray(4 + length)];
      this.#bytes = all.length - 4 - length;
    }
  }

  #nextLength(): number | undefined {
    if (this.#bytes < 4) return undefined;
    const first = this.#chunks[0]!.length >= 4 ? this.#chunks[0]! : this.#joined();
    const length = first.readInt32BE(0);
    if (length < 0 || length > FRAME_BYTES_MAX) throw new MalformedBytes(`a frame of ${length} bytes`);
    return length;
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }
}
