import { MalformedBytes } from "../../../base/byteReader.ts";

const view = new DataView(new ArrayBuffer(8));
const ORDER_KEY_BYTES = 8;

/** The name of a list's piece: eight bytes whose order is that of the numbers. Never given a NaN. */
export function orderKeyName(key: number): string {
  // -0 and 0 are one key and must have one name.
  view.setFloat64(0, key + 0);
  const negative = view.getUint8(0) >= 128;
  let name = "";
  for (let i = 0; i < ORDER_KEY_BYTES; i++) {
    const byte = view.getUint8(i);
    name += String.fromCharCode(negative ? 255 - byte : i === 0 ? byte | 128 : byte);
  }
  return name;
}

/** The number whose name this is. Throws `MalformedBytes`. */
export function orderKeyOf(name: string): number {
  if (name.length !== ORDER_KEY_BYTES) throw new MalformedBytes("the name of a list piece has not eight bytes");
  const negative = name.charCodeAt(0) < 128;
  for (let i = 0; i < ORDER_KEY_BYTES; i++) {
    const code = name.charCodeAt(i);
    view.setUint8(i, negative ? 255 - code : i === 0 ? code & 127 : code);
  }
  const key = view.getFloat64(0);
  if (!Number.isFinite(key) || Object.is(key, -0)) throw new MalformedBytes("the name of a list piece is no number");
  return key;
}

/** A key between two others, or beyond the only one; `undefined` when there is no number left between them. */
export function orderKeyBetween(left: number | undefined, right: number | undefined): number | undefined {
  const key =
    left === undefined
      ? right === undefined
        ? 0
        : right - 1
      : right === undefined
        ? left + 1
        : left + (right - left) / 2;
  const fits = Number.isFinite(key) && (left === undefined || key > left) && (right === undefined || key < right);
  return fits ? key + 0 : undefined;
}
