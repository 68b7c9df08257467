import type { ByteWriter } from "./byteWriter.ts";

const ZERO = 0x30;
const POINT = 0x2e;
const SCALES = [1, 10, 100] as const;
const DIGITS = new Uint8Array(24);

/** Writes a number that is not negative, rounded to at most `places` digits behind the point and without zeros at its end, as JSON has it. */
export function writeFixed(writer: ByteWriter, value: number, places: 0 | 1 | 2): void {
  const scaled = Math.round(value * SCALES[places]);
  if (scaled > 0x7fff_ffff) return writer.text(String(scaled / SCALES[places]));
  let rest = scaled | 0;
  let left: number = places;
  while (left > 0 && rest % 10 === 0) {
    rest = (rest / 10) | 0;
    left--;
  }
  let count = 0;
  for (; count <= left || rest > 0; count++) {
    DIGITS[count] = ZERO + (rest % 10);
    rest = (rest / 10) | 0;
  }
  for (let at = count - 1; at >= 0; at--) {
    if (at === left - 1) writer.u8(POINT);
    writer.u8(DIGITS[at]!);
  }
}
