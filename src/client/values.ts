import { HoldfastError } from "./errors.ts";

/** Text counts as its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

const KEY_BYTES_MAX = 65_535;
const VALUE_BYTES_MAX = 32 * 1024 * 1024;

/** Above ASCII, a char is not a byte. */
const BEYOND_ASCII = /[\u0080-\uffff]/;
/** In a text of so many chars a loop finds that sooner. */
const LOOP_CHARS_MAX = 64;

/** A key as latin1: one char a byte, which is what slots are reckoned by, and which is the same for text and for its bytes. */
export function keyText(key: Bytes): string {
  if (typeof key !== "string") return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
  return isAscii(key) ? key : Buffer.from(key).toString("latin1");
}

function isAscii(text: string): boolean {
  if (text.length > LOOP_CHARS_MAX) return !BEYOND_ASCII.test(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Throws `HoldfastError` unless it is a key. */
export function checkKey(key: Bytes, field = "key"): void {
  checkBytes(key, field);
  const length = typeof key === "string" ? key.length : key.byteLength;
  if (length === 0) throw new HoldfastError("invalid", "a key has at least one byte", false, { field });
  if (length > KEY_BYTES_MAX || (length > KEY_BYTES_MAX / 3 && Buffer.byteLength(key) > KEY_BYTES_MAX))
    throw new HoldfastError("invalid", `a key has at most ${KEY_BYTES_MAX} bytes`, false, { field });
}

/** Throws `HoldfastError` unless it is a value. */
export function checkValue(value: Bytes, field = "value"): void {
  checkBytes(value, field);
  const length = typeof value === "string" ? value.length : value.byteLength;
  if (length > VALUE_BYTES_MAX / 3 && Buffer.byteLength(value) > VALUE_BYTES_MAX)
    throw new HoldfastError("invalid", `a value has at most ${VALUE_BYTES_MAX} bytes`, false, { field });
}

/** Callers without types bring anything. */
function checkBytes(value: unknown, field: string): void {
  if (typeof value !== "string" && !(value instanceof Uint8Array))
    throw new HoldfastError("invalid", `${field} is a string or a Uint8Array`, false, { field });
}
