import { MalformedBytes } from "../../base/byteReader.ts";

const INITIAL_BYTES = 256;

/** Writes ZooKeeper's serialization (Jute): big-endian integers, texts and buffers after their lengths. */
export class JuteWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  int(value: number): this {
    const start = this.#claim(4);
    this.#bytes.writeInt32BE(value, start);
    return this;
  }

  long(value: bigint): this {
    const start = this.#claim(8);
    this.#bytes.writeBigInt64BE(value, start);
    return this;
  }

  bool(value: boolean): this {
    const start = this.#claim(1);
    this.#bytes[start] = value ? 1 : 0;
    return this;
  }

  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.int(length);
    const start = this.#claim(length);
    this.#bytes.write(value, start, "utf8");
    return this;
  }

  buffer(value: Uint8Array): this {
    this.int(value.length);
    const start = this.#claim(value.length);
    this.#bytes.set(value, start);
    return this;
  }

  texts(values: readonly string[]): this {
    this.int(values.length);
    for (const value of values) this.text(value);
    return this;
  }

  /** What was written, after its length: a frame. */
  frame(): Buffer {
    const frame = Buffer.allocUnsafe(4 + this.#length);
    frame.writeInt32BE(this.#length, 0);
    this.#bytes.copy(frame, 4, 0, this.#length);
    return frame;
  }

  /** Makes room for so many bytes and returns where they start. It may replace `#bytes`: claim first, then write. */
  #claim(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    return start;
  }
}

/** Reads Jute. Throws `MalformedBytes` for what no server writes, and never reads past the end. */
export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  long(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  bool(): boolean {
    return this.#bytes[this.#take(1)] !== 0;
  }

  /** A length of -1 stands for "nothing", which is read as empty. Bytes that are no UTF-8 become replacement characters. */
  text(): string {
    const length = this.#count();
    const start = this.#take(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  buffer(): Buffer {
    const length = this.#count();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  texts(): string[] {
    // Each takes four bytes at least: a count that lies must not cost memory.
    const count = this.#count();
    if (count * 4 > this.#bytes.length - this.#at)
      throw new MalformedBytes(`a list of ${count} texts in too few bytes`);
    return Array.from({ length: count }, () => this.text());
  }

  skip(count: number): void {
    this.#take(count);
  }

  #count(): number {
    const count = this.int();
    if (count < -1) throw new MalformedBytes(`a length of ${count}`);
    return Math.max(count, 0);
  }

  #take(count: number): number {
    const start = this.#at;
    const left = this.#bytes.length - start;
    if (count > left) throw new MalformedBytes(`wanted ${count} bytes, ${left} are left`);
    this.#at = start + count;
    return start;
  }
}
