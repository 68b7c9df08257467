import type { DiskFile } from "../../ports/disk.ts";

const CHUNK_BYTES = 256 * 1024;

/** A window that slides over a file, so that a segment is read in pieces however large it is. */
export class ChunkReader {
  /** The window; the byte at `position` of the file is `bytes[position - base]`. */
  bytes = new Uint8Array(0);
  base = 0;
  readonly #file: DiskFile;
  readonly #limit: number;
  #filled = 0;

  /** Reads nothing from position `limit` on. */
  constructor(file: DiskFile, limit: number) {
    this.#file = file;
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Position behind the last byte in the window. */
  get until(): number {
    return this.base + this.#filled;
  }

  /** Whether `length` bytes at `position` are in the window. */
  holds(position: number, length: number): boolean {
    return position >= this.base && position + length <= this.until;
  }

  /** Moves the window to `position` with at least `length` bytes in it, unless the file or the limit ends before. */
  async fill(position: number, length: number): Promise<boolean> {
    if (position + length > this.#limit) return false;
    const capacity = Math.min(Math.max(length, CHUNK_BYTES), this.#limit - position);
    const kept = position >= this.base && position < this.until ? this.until - position : 0;
    const from = position - this.base;
    if (capacity > this.bytes.length) {
      const larger = new Uint8Array(capacity);
      larger.set(this.bytes.subarray(from, from + kept));
      this.bytes = larger;
    } else {
      this.bytes.copyWithin(0, from, from + kept);
    }
    this.base = position;
    this.#filled = kept;
    this.#filled += await this.#file.read(this.bytes.subarray(kept, capacity), position + kept);
    return this.#filled >= length;
  }
}
