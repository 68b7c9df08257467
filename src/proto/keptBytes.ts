import { copyBytes } from "../base/copyBytes.ts";

/** As Node's own pool of buffers: whoever keeps a few bytes keeps no more than that alive. */
const CHUNK_BYTES = 8 * 1024;
const SHARED_BYTES_MAX = CHUNK_BYTES / 4;

/** Copies what came into a buffer that is read into again. Short pieces share a chunk of memory: a buffer for each costs more than to copy them. */
export class KeptBytes {
  /** Where the last one is: `[start, end)`. It stays as it is. */
  bytes = Buffer.alloc(0);
  /** The same memory as no `Buffer`: a view of a part of it takes a third of the time. */
  plain: Uint8Array = this.bytes;
  start = 0;
  end = 0;
  #chunk = Buffer.alloc(0);
  #used = 0;

  /** Copies `source[0, length)`. */
  keep(source: Uint8Array, length: number): void {
    const isShared = length <= SHARED_BYTES_MAX;
    if (!isShared) this.#use(Buffer.allocUnsafeSlow(length));
    else {
      if (this.#used + length > this.#chunk.length) {
        this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
        this.#used = 0;
      }
      if (this.bytes !== this.#chunk) this.#use(this.#chunk);
    }
    this.start = isShared ? this.#used : 0;
    this.end = this.start + length;
    if (isShared) this.#used = this.end;
    copyBytes(source, 0, length, this.plain, this.start);
  }

  #use(bytes: Buffer<ArrayBuffer>): void {
    this.bytes = bytes;
    this.plain = new Uint8Array(bytes.buffer);
  }
}
