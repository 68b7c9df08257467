import { MalformedBytes } from "../../base/byteReader.ts";

export const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

const HIGH = 0x1_0000_0000;

/**
 * Reads messages of Protocol Buffers field by field, without making objects of them (protobuf.dev, "Encoding"). Throws
 * `MalformedBytes`, and never reads past `end`.
 */
export class WireReader {
  bytes: Uint8Array;
  at: number;
  end: number;
  /** Of the field that `next` came to. */
  field = 0;
  wireType = 0;
  /** Of what `bytesField` came to. */
  start = 0;
  /** The upper half of the last integer that was read. */
  high = 0;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Goes to the next field; false after the last. */
  next(): boolean {
    if (this.at >= this.end) return false;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0 || this.high !== 0) throw new MalformedBytes("a field has no number");
    return true;
  }

  /** The lower half of an integer; the upper one is in `high`. */
  varint(): number {
    const { bytes } = this;
    this.high = 0;
    if (this.at < this.end) {
      // Most have one byte.
      const first = bytes[this.at]!;
      if (first < 128) {
        this.at++;
        return first;
      }
    }
    let low = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw new MalformedBytes("the message ends within an integer");
      const byte = bytes[this.at++]!;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        this.high = bits >>> 4;
      } else if (shift < 63) this.high |= bits << (shift - 32);
      else this.high |= (bits & 1) << 31;
      if (byte < 128) {
        this.high >>>= 0;
        return low >>> 0;
      }
    }
    throw new MalformedBytes("an integer is longer than ten bytes");
  }

  /** An unsigned integer; one that is not exact as a number becomes one that is greater than those that are. */
  unsigned(): number {
    this.#expect(WIRE_VARINT);
    const low = this.varint();
    return this.high * HIGH + low;
  }

  bool(): boolean {
    this.#expect(WIRE_VARINT);
    const low = this.varint();
    return low !== 0 || this.high !== 0;
  }

  /** An integer in zigzag form: a number where it is exact as one. */
  signed(): number | bigint {
    this.#expect(WIRE_VARINT);
    const low = this.varint();
    const { high } = this;
    if (high < 0x20_0000) {
      const value = high * HIGH + low;
      return (low & 1) === 0 ? value / 2 : -(value + 1) / 2;
    }
    const value = (BigInt(high) << 32n) | BigInt(low);
    return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
  }

  /** Passes over a field of bytes, which begin at `start`; answers where they end. */
  bytesField(): number {
    this.#expect(WIRE_BYTES);
    const length = this.varint();
    if (this.high !== 0 || length > this.end - this.at) throw new MalformedBytes("a field is longer than its message");
    this.start = this.at;
    this.at += length;
    return this.at;
  }

  /** Goes into a field of bytes; answers what `leave` is to be given. */
  enter(): number {
    const { end } = this;
    this.end = this.bytesField();
    this.at = this.start;
    return end;
  }

  /** Goes on behind the field that `enter` went into. */
  leave(end: number): void {
    this.at = this.end;
    this.end = end;
  }

  /** Passes over a field that nobody knows. */
  skip(): void {
    switch (this.wireType) {
      case WIRE_VARINT:
        this.varint();
        return;
      case WIRE_FIXED64:
        return this.#pass(8);
      case WIRE_BYTES:
        this.bytesField();
        return;
      case WIRE_FIXED32:
        return this.#pass(4);
      default:
        throw new MalformedBytes(`there is no wire type ${this.wireType}`);
    }
  }

  #pass(count: number): void {
    if (count > this.end - this.at) throw new MalformedBytes("a field is longer than its message");
    this.at += count;
  }

  #expect(wireType: number): void {
    if (this.wireType !== wireType) throw new MalformedBytes(`field ${this.field} is of another type`);
  }
}
