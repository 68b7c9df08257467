const TWO_32 = 0x1_0000_0000;

/** Little-endian integers in place, for headers that are filled in after what follows them. */
export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function putU48(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value >>> 0);
  const high = Math.floor(value / TWO_32);
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
}

export function getU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function getU48(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) + (bytes[at + 4]! | (bytes[at + 5]! << 8)) * TWO_32;
}
