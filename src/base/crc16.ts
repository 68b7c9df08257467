/** Slots there are; keys are spread over them as Redis Cluster does (Redis documentation, "Redis cluster specification"). */
const SLOTS = 16_384;

/**
 * What each byte does to the remainder; from 256 on, a byte with one behind it, and so on to three: four bytes are taken at once, for each
 * step waits for the one before it.
 */
const table = new Uint16Array(1024);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1;
  table[byte] = crc;
}
for (let i = 256; i < 1024; i++) {
  const before = table[i - 256]!;
  table[i] = (before << 8) ^ table[before >>> 8]!;
}

/** CRC-16/XMODEM of the chars `[start, end)` of a latin1 string. */
function crc16(text: string, start = 0, end = text.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = ((crc << 8) & 0xffff) ^ table[(crc >>> 8) ^ text.charCodeAt(i)]!;
  return crc;
}

/** The slot of a key: of what stands between its first `{` and the next `}`, when that is not empty; else of all of it. */
export function keySlot(key: string): number {
  const open = key.indexOf("{");
  if (open >= 0) {
    const close = key.indexOf("}", open + 1);
    if (close > open + 1) return crc16(key, open + 1, close) % SLOTS;
  }
  return crc16(key) % SLOTS;
}

const OPEN = 0x7b;
const CLOSE = 0x7d;

/** `keySlot` of a key that is bytes of a request. */
export function keySlotOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  let to = end;
  for (let i = start; i < end; i++) {
    if (bytes[i] !== OPEN) continue;
    const close = bytes.indexOf(CLOSE, i + 1);
    if (close > i + 1 && close < end) {
      from = i + 1;
      to = close;
    }
    break;
  }
  let crc = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    crc =
      table[768 + ((crc >>> 8) ^ bytes[i]!)]! ^
      table[512 + ((crc & 0xff) ^ bytes[i + 1]!)]! ^
      table[256 + bytes[i + 2]!]! ^
      table[bytes[i + 3]!]!;
  }
  for (; i < to; i++) crc = ((crc << 8) & 0xffff) ^ table[(crc >>> 8) ^ bytes[i]!]!;
  return crc % SLOTS;
}
