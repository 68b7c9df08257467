/** A message that is none. */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/** Reads the wire format of protocol buffers (protobuf.dev, "Encoding"). Throws `MalformedMessage`. */
export class ProtoReader {
  readonly #buffer: Buffer;
  /** Where it reads next, from the buffer's beginning. */
  at: number;
  /** Where the part began that was passed last. */
  partAt = 0;
  #end: number;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** The low bits of a number of 64, exact up to 2^53. */
  varint(): number {
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let count = 1; count < 10; count++) {
      byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new MalformedMessage("a number has more than ten bytes");
  }

  /** With a sign; a bigint beyond what a number holds exactly. */
  int64(): number | bigint {
    const start = this.at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    this.at = start;
    const exact = BigInt.asIntN(64, this.#big());
    const number = Number(exact);
    return Number.isSafeInteger(number) ? number : exact;
  }

  /** Of a number written as zigzag; a bigint beyond what a number holds exactly. */
  sint64(): number | bigint {
    const start = this.at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    this.at = start;
    const raw = BigInt.asUintN(64, this.#big());
    const exact = (raw >> 1n) ^ -(raw & 1n);
    const number = Number(exact);
    return Number.isSafeInteger(number) ? number : exact;
  }

  #big(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  double(): number {
    this.#need(8);
    const value = this.#buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** A part of the message's own memory. */
  bytes(): Buffer {
    const end = this.#endOfPart();
    const part = this.#buffer.subarray(this.at, end);
    this.at = end;
    return part;
  }

  /** All that is left of the part in which it is, or of the message. */
  part(): Buffer {
    const part = this.#buffer.subarray(this.at, this.#end);
    this.at = this.#end;
    return part;
  }

  /** Passes over a part, from `partAt` to what it answers. */
  passPart(): number {
    const end = this.#endOfPart();
    this.partAt = this.at;
    this.at = end;
    return end;
  }

  text(): string {
    const end = this.#endOfPart();
    const text = this.#buffer.toString("utf8", this.at, end);
    this.at = end;
    return text;
  }

  /** Goes into a part; what it answers goes to `leave`. */
  enter(): number {
    const end = this.#endOfPart();
    const outer = this.#end;
    this.#end = end;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.#end;
    this.#end = outer;
  }

  /** Passes over a field that this version does not know. */
  pass(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.at = this.#endOfPart();
    else if (wireType === 1 || wireType === 5) {
      const count = wireType === 1 ? 8 : 4;
      this.#need(count);
      this.at += count;
    } else throw new MalformedMessage(`there is no wire type ${wireType}`);
  }

  #endOfPart(): number {
    const length = this.varint();
    this.#need(length);
    return this.at + length;
  }

  #byte(): number {
    if (this.at >= this.#end) throw new MalformedMessage("it ends too early");
    return this.#buffer[this.at++]!;
  }

  #need(count: number): void {
    if (this.at + count > this.#end) throw new MalformedMessage("a length goes beyond the end");
  }
}
