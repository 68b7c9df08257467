import type { ByteWriter } from "../../base/byteWriter.ts";
import { WIRE_BYTES, WIRE_VARINT } from "./wireReader.ts";

// Fields of messages of Protocol Buffers. What has its default value is left out, as the format wants it.

export function putUnsigned(out: ByteWriter, field: number, value: number): void {
  if (value !== 0) putOptionalUnsigned(out, field, value);
}

/** With presence: also if it is 0. */
export function putOptionalUnsigned(out: ByteWriter, field: number, value: number): void {
  out.varint((field << 3) | WIRE_VARINT);
  out.varint(value);
}

export function putBool(out: ByteWriter, field: number, value: boolean): void {
  if (value) putOptionalUnsigned(out, field, 1);
}

/** In zigzag form. */
export function putSigned(out: ByteWriter, field: number, value: number | bigint): void {
  if (value === 0 || value === 0n) return;
  out.varint((field << 3) | WIRE_VARINT);
  if (typeof value === "number" && Math.abs(value) < 2 ** 51) {
    out.varint(value < 0 ? -2 * value - 1 : 2 * value);
    return;
  }
  const whole = BigInt(value);
  let rest = whole < 0n ? -2n * whole - 1n : 2n * whole;
  for (; rest > 127n; rest >>= 7n) out.u8(Number(rest & 127n) | 128);
  out.u8(Number(rest));
}

export function putBytes(out: ByteWriter, field: number, bytes: Uint8Array): void {
  if (bytes.length > 0) putPart(out, field, bytes, 0, bytes.length);
}

/** `bytes[start, end)`, with presence: also if they are none. */
export function putPart(out: ByteWriter, field: number, bytes: Uint8Array, start: number, end: number): void {
  out.varint((field << 3) | WIRE_BYTES);
  out.lengthBytes(bytes, start, end);
}

/** A latin1 string as it is: bytes, or text of ASCII. */
export function putText(out: ByteWriter, field: number, text: string): void {
  if (text.length === 0) return;
  out.varint((field << 3) | WIRE_BYTES);
  out.lengthText(text);
}

/** A message, or bytes, of so many bytes follow. */
export function putLength(out: ByteWriter, field: number, bytes: number): void {
  out.varint((field << 3) | WIRE_BYTES);
  out.varint(bytes);
}

/** So many bytes an unsigned integer takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** The message that was written to `body`, also if it is empty. */
export function putMessage(out: ByteWriter, field: number, body: ByteWriter): void {
  out.varint((field << 3) | WIRE_BYTES);
  out.lengthBytes(body.bytes, 0, body.length);
}
