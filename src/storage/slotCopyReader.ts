import { ByteReader } from "../base/byteReader.ts";
import { ByteWriter } from "../base/byteWriter.ts";
import type { Checksum } from "../ports/checksum.ts";
import {
  FLAG_WHOLE,
  FRAME_BATCH,
  FRAME_BYTES_MAX,
  FRAME_FIELDS_BYTES,
  FRAME_HEAD_BYTES,
  FRAME_RESTART,
} from "./slotCopyFormat.ts";

/** `[start, end)` of `bytes` are mutations as a log has them, valid until the next `add`; nothing has looked at them yet. */
export interface SlotCopyFrame {
  /** `restart`: the source has lost every key (`FLUSHALL`): the copy begins anew. */
  readonly kind: "batch" | "restart";
  /** Everything of the source's up to this entry has come; 0 while its snapshot is coming. */
  readonly sourceSeq: number;
  /** If the copy breaks off, it may go on behind `sourceSeq`. */
  readonly isWhole: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Takes the frames of a `SlotCopySource` out of a run of bytes, wherever that is cut. */
export class SlotCopyReader {
  readonly #checksum: Checksum;
  /** What came and was not taken yet. */
  readonly #pending = new ByteWriter();
  #at = 0;
  #isMalformed = false;

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  /** More has come. What `next` gave before is valid no more. */
  add(chunk: Uint8Array): void {
    const pending = this.#pending;
    if (this.#at > 0) {
      pending.bytes.copyWithin(0, this.#at, pending.length);
      pending.length -= this.#at;
      this.#at = 0;
    }
    pending.copy(chunk, 0, chunk.length);
  }

  /** The next frame, if it is there as a whole; `malformed`, now and ever after, when these are not the bytes that a source has sent. */
  next(): SlotCopyFrame | "malformed" | undefined {
    if (this.#isMalformed) return "malformed";
    const { bytes, length } = this.#pending;
    if (length - this.#at < FRAME_HEAD_BYTES) return undefined;
    const reader = new ByteReader(bytes, this.#at, length);
    const frameBytes = reader.u32();
    const crc = reader.u32();
    if (frameBytes < FRAME_FIELDS_BYTES || frameBytes > FRAME_BYTES_MAX) return this.#refuse();
    if (reader.remaining < frameBytes) return undefined;
    const end = reader.at + frameBytes;
    if (this.#checksum.crc32(bytes, reader.at, end) !== crc) return this.#refuse();
    const kind = reader.u8();
    const sourceSeq = reader.u48();
    const flags = reader.u8();
    if ((kind !== FRAME_BATCH && kind !== FRAME_RESTART) || flags > FLAG_WHOLE) return this.#refuse();
    this.#at = end;
    const isWhole = flags === FLAG_WHOLE;
    return { kind: kind === FRAME_BATCH ? "batch" : "restart", sourceSeq, isWhole, bytes, start: reader.at, end };
  }

  #refuse(): "malformed" {
    this.#isMalformed = true;
    return "malformed";
  }
}
