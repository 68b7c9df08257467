import type { ByteWriter } from "../base/byteWriter.ts";
import type { Checksum } from "../ports/checksum.ts";

/**
 * The keys of some slots on their way from one group to another: frames in a run of bytes that is cut anywhere. See
 * docs/data/slot-copy.md. A frame is a length (u32) and a CRC-32 (u32) of what follows: kind (u8), source's seq (u48), flags (u8),
 * mutations as a log has them.
 */
export const FRAME_BATCH = 1;
/** Every key of the source is gone (`FLUSHALL`): what was copied is worth nothing, and nothing follows. */
export const FRAME_RESTART = 2;
/** The copy is whole: one that breaks off may go on behind the frame's seq. */
export const FLAG_WHOLE = 1;
export const FRAME_HEAD_BYTES = 8;
export const FRAME_FIELDS_BYTES = 8;
/** A frame ends when its mutations have so many bytes: about a millisecond of the main thread, at either side. */
export const FRAME_BYTES = 64 * 1024;
/** The longest string there is, with its key, behind what the frame had before. */
export const FRAME_BYTES_MAX = 0x2000_0000 + (1 << 20);

/** A frame is begun; its mutations are what is written before `endFrame`. */
export function beginFrame(writer: ByteWriter): void {
  writer.reset(FRAME_HEAD_BYTES + FRAME_FIELDS_BYTES);
}

export interface FrameFacts {
  readonly kind: typeof FRAME_BATCH | typeof FRAME_RESTART;
  readonly sourceSeq: number;
  readonly isWhole: boolean;
}

/** The frame, in bytes of its own. */
export function endFrame(writer: ByteWriter, { kind, sourceSeq, isWhole }: FrameFacts, checksum: Checksum): Uint8Array {
  const { length } = writer;
  writer.length = FRAME_HEAD_BYTES;
  writer.u8(kind);
  writer.u48(sourceSeq);
  writer.u8(isWhole ? FLAG_WHOLE : 0);
  writer.length = length;
  writer.setU32(0, length - FRAME_HEAD_BYTES);
  writer.setU32(4, checksum.crc32(writer.bytes, FRAME_HEAD_BYTES, length));
  return writer.slice();
}
