import { LISTPACK_ELEMENT_BYTES_MAX, ZSET_LISTPACK_ENTRIES_MAX } from "../../state/values/collection.ts";
import type { ZSetValue } from "../../state/values/zsetValue.ts";

/**
 * Says which score a sorted set keeps as it grows member by member. Redis's listpack holds whole numbers as integers, which
 * have no -0; its skip list holds doubles, which have.
 */
export class KeptScores {
  #isCompact: boolean;
  #length: number;

  constructor(zset: ZSetValue | undefined) {
    this.#isCompact = zset === undefined || zset.encoding === "listpack";
    this.#length = zset === undefined ? 0 : zset.length;
  }

  of(member: string, isNew: boolean, score: number): number {
    if (isNew && this.#isCompact) {
      this.#length++;
      this.#isCompact = fitsListpack(this.#length, member.length);
    }
    return this.#isCompact ? withoutNegativeZero(score) : score;
  }
}

/** Whether a sorted set of so many members, the longest of so many bytes, is a listpack. */
export function fitsListpack(length: number, memberBytes: number): boolean {
  return length <= ZSET_LISTPACK_ENTRIES_MAX && memberBytes <= LISTPACK_ELEMENT_BYTES_MAX;
}

export function withoutNegativeZero(score: number): number {
  return score + 0;
}
