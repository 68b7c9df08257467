/** Checksums of byte ranges. The platform may bring a native one; results are those of `crc32` in base/crc.ts. */
export interface Checksum {
  /** CRC-32 (IEEE 802.3, as in zlib) of `[start, end)`; `seed` is the CRC of what stands before, 0 at the beginning. */
  crc32(bytes: Uint8Array, start: number, end: number, seed?: number): number;
}
