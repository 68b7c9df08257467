const EMPTY = new Uint8Array(0);

/** A run of bytes that can be overwritten, extended and cut; what is between its old end and a later write is zero. */
export class ByteRun {
  #bytes: Uint8Array = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What is there at present, as a view. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  write(at: number, source: Uint8Array, start = 0, end = source.length): void {
    if (start === end) return;
    this.extend(at + end - start);
    this.#bytes.set(source.subarray(start, end), at);
  }

  /** Makes it at least `length` bytes long, with zeros. */
  extend(length: number): void {
    if (length <= this.#length) return;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.view());
      this.#bytes = larger;
    }
    this.#length = length;
  }

  /** Makes it `length` bytes long: cut, or extended by zeros. */
  resize(length: number): void {
    if (length < this.#length) {
      this.#bytes.fill(0, length, this.#length);
      this.#length = length;
    }
    this.extend(length);
  }

  copyFrom(other: ByteRun): void {
    this.resize(0);
    this.write(0, other.view());
  }
}
