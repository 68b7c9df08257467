import type { ByteWriter } from "../../base/byteWriter.ts";
import { invariant } from "../../base/invariant.ts";
import { latin1Bytes } from "../../base/latin1.ts";
import { WIRE_BYTES } from "./wireReader.ts";

const FORMAT = 1;
const HIGH = 0x1_0000_0000;
const SEQ_BYTES = 6;
const GROUP_AT = 1 + SEQ_BYTES;

/**
 * The positions of one group, as clients hold them: a format byte, the seq (48 bits, big-endian), the group's name. The version of a
 * key is the position of its last change: seqs of different groups are never taken for one another when a slot has moved.
 */
export class Positions {
  readonly group: string;
  readonly #group: Uint8Array;

  constructor(group: string) {
    this.group = group;
    this.#group = latin1Bytes(group);
    invariant(this.length < 128, "a group's name is short");
  }

  get length(): number {
    return GROUP_AT + this.#group.length;
  }

  /** As the field of a message. */
  put(out: ByteWriter, field: number, seq: number): void {
    const group = this.#group;
    const { length } = this;
    out.ensure(2 + length);
    const { bytes } = out;
    let at = out.length;
    // Both are below 128: the field by its type, the length by that of a group's name.
    bytes[at++] = (field << 3) | WIRE_BYTES;
    bytes[at++] = length;
    const high = Math.floor(seq / HIGH);
    bytes[at++] = FORMAT;
    bytes[at++] = high >>> 8;
    bytes[at++] = high;
    bytes[at++] = seq >>> 24;
    bytes[at++] = seq >>> 16;
    bytes[at++] = seq >>> 8;
    bytes[at++] = seq;
    for (let i = 0; i < group.length; i++) bytes[at++] = group[i]!;
    out.length = at;
  }

  /** The seq of a position of this group; undefined if it is another's, and null if it is none at all. */
  seqOf(bytes: Uint8Array, start: number, end: number): number | undefined | null {
    if (end - start <= GROUP_AT || bytes[start] !== FORMAT) return null;
    let seq = 0;
    for (let i = 1; i < GROUP_AT; i++) seq = seq * 256 + bytes[start + i]!;
    const group = this.#group;
    if (end - start !== this.length) return undefined;
    for (let i = 0; i < group.length; i++) if (bytes[start + GROUP_AT + i] !== group[i]) return undefined;
    return seq;
  }
}
