import { decodeLatin1 } from "./latin1.ts";

const float = new DataView(new ArrayBuffer(8));

/** The bytes end before the value does, or say something that no writer writes. Callers answer with their own error. */
export class MalformedBytes extends Error {
  override readonly name = "MalformedBytes";
}

/** Reads what `ByteWriter` wrote. Throws `MalformedBytes`, and never reads past `end`. */
export class ByteReader {
  bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** Claims `count` bytes and returns where they start. */
  take(count: number): number {
    const start = this.at;
    if (count > this.end - start) throw new MalformedBytes(`wanted ${count} bytes, ${this.end - start} are left`);
    this.at = start + count;
    return start;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  u16(): number {
    const at = this.take(2);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  u32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  u48(): number {
    const low = this.u32();
    return low + this.u16() * 0x1_0000_0000;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new MalformedBytes("an integer has more than eight bytes");
  }

  f64(): number {
    const at = this.take(8);
    for (let i = 0; i < 8; i++) float.setUint8(i, this.bytes[at + i]!);
    return float.getFloat64(0, true);
  }

  text(length: number): string {
    const start = this.take(length);
    return decodeLatin1(this.bytes, start, start + length);
  }

  lengthText(): string {
    return this.text(this.varint());
  }

  /** A view of the next `length` bytes. */
  view(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }
}
