import { copyBytes } from "../../base/copyBytes.ts";

const CHUNK_BYTES = 16 * 1024;
/** With less room than this, or in a larger chunk, the next message begins in another. */
const ROOM_BYTES_MIN = 512;
const SHORT_TEXT = 24;

/**
 * Writes messages in the wire format of protocol buffers (protobuf.dev, "Encoding"), one behind the other in chunks of memory: what
 * was taken stays as it is, without having been copied. A message that does not fit is moved to a larger chunk.
 */
export class ProtoWriter {
  #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** Where the present message begins, and where it goes on. */
  #start = 0;
  #at = 0;

  get length(): number {
    return this.#at - this.#start;
  }

  /** Leaves `count` bytes for whoever fills them in later, with `take`. */
  skip(count: number): void {
    this.#reserve(count);
    this.#at += count;
  }

  /** A number from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(10);
    if (value < 0x80) {
      this.#buffer[this.#at++] = value;
      return;
    }
    let rest = value;
    while (rest > 0x7fffffff) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#at++] = rest;
  }

  /** A number of 64 bits, negative ones as their two's complement. */
  int64(value: number | bigint): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.varint(Number(value));
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#at++] = Number(rest);
  }

  /** A number of 64 bits as zigzag: short also when it is negative. */
  sint64(value: number | bigint): void {
    if (typeof value === "number" && value >= -0x40000000 && value < 0x40000000) {
      this.varint(value < 0 ? -2 * value - 1 : 2 * value);
      return;
    }
    const exact = BigInt(value);
    this.int64(BigInt.asIntN(64, (exact << 1n) ^ (exact >> 63n)));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** A length, and text as UTF-8 or bytes as they are. */
  bytes(value: string | Uint8Array): void {
    if (typeof value !== "string") {
      this.varint(value.length);
      this.#reserve(value.length);
      copyBytes(value, 0, value.length, this.#buffer, this.#at);
      this.#at += value.length;
      return;
    }
    if (value.length <= SHORT_TEXT ? this.#shortText(value) : this.#asciiText(value)) return;
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.#reserve(length);
    this.#at += this.#buffer.write(value, this.#at);
  }

  /** False, with nothing written, if it is not ASCII. */
  #shortText(value: string): boolean {
    this.#reserve(value.length + 1);
    const buffer = this.#buffer;
    const start = this.#at;
    let at = start;
    buffer[at++] = value.length;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at++] = code;
    }
    this.#at = at;
    return true;
  }

  /** For a text whose length takes two bytes at most; false, with nothing written, if it is longer or not ASCII. */
  #asciiText(value: string): boolean {
    const { length } = value;
    if (length > 0x3fff) return false;
    const head = length > 0x7f ? 2 : 1;
    // Room for whatever it turns out to be.
    this.#reserve(head + 3 * length);
    if (this.#buffer.write(value, this.#at + head) !== length) return false;
    this.varint(length);
    this.#at += length;
    return true;
  }

  /** Begins a part whose length is not known yet; what it answers goes to `close`. */
  open(): number {
    this.#reserve(1);
    return this.#at++ - this.#start;
  }

  close(part: number): void {
    const length = this.length - part - 1;
    if (length > 0x7f) {
      let more = 1;
      for (let rest = length; rest > 0x3fff; rest = Math.floor(rest / 0x80)) more++;
      this.#reserve(more);
      const at = this.#start + part;
      this.#buffer.copyWithin(at + 1 + more, at + 1, this.#at);
      const end = this.#at + more;
      this.#at = at;
      this.varint(length);
      this.#at = end;
    } else this.#buffer[this.#start + part] = length;
  }

  /** All that was written, to keep; the writer is empty again. */
  take(): Buffer {
    const written = this.#buffer.subarray(this.#start, this.#at);
    this.#start = this.#at;
    const isLarge = this.#buffer.length > CHUNK_BYTES;
    if (isLarge || this.#buffer.length - this.#at < ROOM_BYTES_MIN) this.#moveTo(CHUNK_BYTES);
    return written;
  }

  #reserve(count: number): void {
    if (this.#at + count > this.#buffer.length)
      this.#moveTo(Math.max(CHUNK_BYTES, 2 * this.length, this.length + count));
  }

  /** Continues the present message in another chunk. */
  #moveTo(bytes: number): void {
    const chunk = Buffer.allocUnsafeSlow(bytes);
    this.#at = this.#buffer.copy(chunk, 0, this.#start, this.#at);
    this.#start = 0;
    this.#buffer = chunk;
  }
}
