/**
 * Byte strings as JavaScript strings: one char is one byte (0..255). V8 stores such a string in one byte a char, compares
 * and hashes it natively, and it is a ready key of a `Map`; a `Uint8Array` would cost over 100 bytes of object each.
 */
export interface Latin1Codec {
  decode(bytes: Uint8Array, start: number, end: number): string;
  encode(text: string, bytes: Uint8Array, at: number): void;
}

const CHUNK = 4096;

function decodePortable(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= CHUNK) return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  const parts: string[] = [];
  for (let at = start; at < end; at += CHUNK) {
    const piece = bytes.subarray(at, Math.min(end, at + CHUNK));
    parts.push(String.fromCharCode.apply(null, piece as unknown as number[]));
  }
  return parts.join("");
}

function encodePortable(text: string, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

let codec: Latin1Codec = { decode: decodePortable, encode: encodePortable };

/** Lets the platform put in its native conversion; results are the same, only faster for long strings. */
export function installLatin1Codec(native: Latin1Codec): void {
  codec = native;
}

/** The bytes `[start, end)` as a string of one char a byte. */
export function decodeLatin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const length = end - start;
  if (length === 0) return "";
  if (length === 1) return String.fromCharCode(bytes[start]!);
  return codec.decode(bytes, start, end);
}

/** Writes one byte a char of `text` at `at`; the space must be there. */
export function encodeLatin1(text: string, bytes: Uint8Array, at: number): void {
  if (text.length > 24) codec.encode(text, bytes, at);
  else for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** A fresh array with one byte a char. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  encodeLatin1(text, bytes, 0);
  return bytes;
}
