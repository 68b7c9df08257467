import type { Random } from "../../base/random.ts";
import type { KeyIndex } from "./keyIndex.ts";
import type { Ref } from "./slab.ts";

const CANDIDATES = 5;

/** What eviction needs of the key space. */
export interface EvictableKeys {
  readonly index: KeyIndex;
  readonly memoryUsed: number;
  mayLeave(ref: Ref, flushedSeq: number): boolean;
  leave(ref: Ref): void;
  idleSeconds(ref: Ref): number;
}

/**
 * Takes values out of memory that the engine has as they are, the least recently used of a few at random (as Redis
 * approximates LRU), until `memoryUsed` is at most `limit` or `tries` are spent.
 */
export function evictKeys(keys: EvictableKeys, limit: number, flushedSeq: number, random: Random, tries: number): void {
  for (let tried = 0; tried < tries && keys.memoryUsed > limit; tried++) {
    let victim = 0;
    for (let i = 0; i < CANDIDATES; i++) {
      const ref = keys.index.near(random.u32());
      if (ref === 0) return;
      if (!keys.mayLeave(ref, flushedSeq)) continue;
      if (victim === 0 || keys.idleSeconds(ref) > keys.idleSeconds(victim)) victim = ref;
    }
    if (victim !== 0) keys.leave(victim);
  }
}
