import { crc32 } from "../../base/crc.ts";
import { nodeChecksum } from "../diskChecksum.ts";

/**
 * A frame: u32 length of the payload, u8 kind, u24 check of these five bytes, u32 CRC-32 of the payload, payload. Little-endian. The
 * header has a check of its own so that a changed length is noticed before anybody waits for what it announces.
 */
export const FRAME_HEADER_BYTES = 12;

/** Kinds that belong to the link itself. */
export const HELLO_KIND = 240;
export const WELCOME_KIND = 241;
export const REFUSAL_KIND = 242;
export const PING_KIND = 243;

export interface FrameHeader {
  readonly length: number;
  readonly kind: number;
  readonly crc: number;
}

export function writeFrameHeader(into: Uint8Array, at: number, kind: number, length: number, crc: number): void {
  into[at] = length;
  into[at + 1] = length >>> 8;
  into[at + 2] = length >>> 16;
  into[at + 3] = length >>> 24;
  into[at + 4] = kind;
  const check = crc32(into, at, at + 5);
  into[at + 5] = check;
  into[at + 6] = check >>> 8;
  into[at + 7] = check >>> 16;
  into[at + 8] = crc;
  into[at + 9] = crc >>> 8;
  into[at + 10] = crc >>> 16;
  into[at + 11] = crc >>> 24;
}

/** Nothing if the check of the header is wrong. */
export function readFrameHeader(bytes: Uint8Array, at: number): FrameHeader | undefined {
  const check = crc32(bytes, at, at + 5) & 0xff_ffff;
  if (check !== (bytes[at + 5]! | (bytes[at + 6]! << 8) | (bytes[at + 7]! << 16))) return undefined;
  return { length: u32(bytes, at), kind: bytes[at + 4]!, crc: u32(bytes, at + 8) };
}

export function payloadCrc(parts: readonly Uint8Array[]): number {
  let crc = 0;
  for (const part of parts) crc = nodeChecksum.crc32(part, 0, part.length, crc);
  return crc;
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
