import { copyBytes } from "./copyBytes.ts";
import { encodeLatin1 } from "./latin1.ts";

const INITIAL_BYTES = 1024;
const float = new DataView(new ArrayBuffer(8));

/** A growing run of bytes, written from left to right and used again after `reset`. Integers are little-endian. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = INITIAL_BYTES) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes, at least doubling, so that growth costs a constant per byte. */
  ensure(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  u8(value: number): void {
    this.ensure(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.ensure(2);
    this.bytes[this.length++] = value;
    this.bytes[this.length++] = value >>> 8;
  }

  u32(value: number): void {
    this.ensure(4);
    this.setU32(this.length, value);
    this.length += 4;
  }

  /** An integer below 2^48: a seq, or a wall clock in milliseconds. */
  u48(value: number): void {
    this.u32(value >>> 0);
    this.u16(Math.floor(value / 0x1_0000_0000));
  }

  /** Unsigned, seven bits a byte, low bits first; up to 2^53. */
  varint(value: number): void {
    this.ensure(8);
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  f64(value: number): void {
    this.ensure(8);
    float.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.bytes[this.length++] = float.getUint8(i);
  }

  /** The bytes of a latin1 string, without a length before them. */
  text(text: string): void {
    this.ensure(text.length);
    encodeLatin1(text, this.bytes, this.length);
    this.length += text.length;
  }

  /** A latin1 string after its length. */
  lengthText(text: string): void {
    this.varint(text.length);
    this.text(text);
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.ensure(count);
    copyBytes(source, start, end, this.bytes, this.length);
    this.length += count;
  }

  lengthBytes(source: Uint8Array, start: number, end: number): void {
    this.varint(end - start);
    this.copy(source, start, end);
  }

  /** Overwrites four bytes that were written before. */
  setU32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** Starts anew at `length` bytes, whose content is left to be filled in later. */
  reset(length = 0): void {
    this.length = 0;
    this.ensure(length);
    this.length = length;
  }

  /** A view of what was written, valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of what was written. */
  slice(start = 0): Uint8Array {
    return this.bytes.slice(start, this.length);
  }
}
