import type { Random } from "../../base/random.ts";
import type { ColdStore } from "./coldStore.ts";
import type { KeyIndex } from "./keyIndex.ts";
import { isSessionKey } from "./sessionKey.ts";
import type { Ref } from "./slab.ts";

const HIGH = 0x1_0000_0000;
const RANDOM_TRIES = 100;
const POSITIONS = 2 ** 46;

/** What going over all keys needs of the key space. */
export interface ScannedKeys {
  readonly index: KeyIndex;
  readonly size: number;
  readonly tombstones: number;
  readonly coldKeys: number;
  readonly loadedKeys: number;
  readonly clearPending: boolean;
  key(ref: Ref): string;
  isTombstone(ref: Ref): boolean;
  isLoaded(ref: Ref): boolean;
  residentRef(key: string): Ref;
  scan(cursor: number, count: number, visit: (key: string) => void): number;
}

/**
 * One step of `SCAN`, which does not show rows of sessions. Cursors below 2^32 are hashes: the keys of memory in the order of their hashes, but for those that came
 * from the engine. Cursors from 2^32 on are positions in the engine: its keys. A key only ever goes from the first kind to
 * the second, so one that is there all the time is met.
 */
export function scanKeys(
  keys: ScannedKeys,
  cold: ColdStore,
  cursor: number,
  count: number,
  visit: (key: string) => void,
): number {
  if (cursor >= HIGH) return keys.clearPending ? 0 : scanCold(keys, cold, cursor - HIGH, count, visit);
  let seen = 0;
  const next = keys.index.scan(cursor, count, (ref) => {
    if (keys.isTombstone(ref) || keys.isLoaded(ref)) return;
    seen++;
    const key = keys.key(ref);
    if (!isSessionKey(key)) visit(key);
  });
  if (next < HIGH) return next;
  if (keys.clearPending || keys.coldKeys + keys.loadedKeys === 0) return 0;
  return seen >= count ? HIGH : scanCold(keys, cold, 0, count - seen, visit);
}

function scanCold(
  keys: ScannedKeys,
  cold: ColdStore,
  cursor: number,
  count: number,
  visit: (key: string) => void,
): number {
  const page = cold.keys(cursor, count);
  for (const key of page.keys) {
    if (isSessionKey(key)) continue;
    const ref = keys.residentRef(key);
    if (ref === 0 || (!keys.isTombstone(ref) && keys.isLoaded(ref))) visit(key);
  }
  return page.next === undefined ? 0 : page.next + HIGH;
}

/** Some key: one of memory or one of the engine, in proportion to how many there are of each. */
export function chooseKey(keys: ScannedKeys, random: Random): string | undefined {
  if (keys.size === 0) return undefined;
  const inMemory = keys.index.size - keys.tombstones;
  if (Math.floor((random.u32() / HIGH) * keys.size) < inMemory) {
    for (let tried = 0; tried < RANDOM_TRIES; tried++) {
      const ref = keys.index.near(random.u32());
      if (keys.isTombstone(ref)) continue;
      const key = keys.key(ref);
      if (!isSessionKey(key)) return key;
    }
  }
  const start = keys.coldKeys > 0 ? HIGH + Math.floor((random.u32() / HIGH) * POSITIONS) : 0;
  return firstKey(keys, start) ?? firstKey(keys, 0);
}

function firstKey(keys: ScannedKeys, start: number): string | undefined {
  let found: string | undefined;
  let cursor = start;
  do {
    cursor = keys.scan(cursor, 16, (key) => {
      found ??= key;
    });
  } while (cursor !== 0 && found === undefined);
  return found;
}
