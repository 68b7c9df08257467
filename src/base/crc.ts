/** CRC-32 with the reflected polynomial of IEEE 802.3, as zlib and PNG use it (RFC 1952, section 8). */
const POLYNOMIAL = 0xedb88320;

/**
 * Eight tables one after the other: table k holds the CRC of a byte that k more zero bytes follow ("slicing by
 * eight").
 */
const tables = makeTables();

function makeTables(): Uint32Array {
  const made = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at++) made[at] = (made[at - 256]! >>> 8) ^ made[made[at - 256]! & 255]!;
  return made;
}

/**
 * The CRC-32 of `[start, end)`, portable: about 1.4 bytes a nanosecond. `seed` is the CRC of what stands before, so
 * that `crc32(b, 0, n) === crc32(b, k, n, crc32(b, 0, k))`.
 */
export function crc32(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  const t = tables;
  let crc = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      t[1792 + (low & 255)]! ^
      t[1536 + ((low >>> 8) & 255)]! ^
      t[1280 + ((low >>> 16) & 255)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = t[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
