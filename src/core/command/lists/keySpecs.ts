import type { KeyFlag, KeySpec } from "../spec.ts";

/** One key, argument `index`. */
export function keyAt(index: number, ...flags: readonly KeyFlag[]): KeySpec {
  return keysFrom(index, 0, ...flags);
}

/** Keys from argument `index` to `lastKey`: from the first on when it is 0 or more, else from the end. */
export function keysFrom(index: number, lastKey: number, ...flags: readonly KeyFlag[]): KeySpec {
  return { flags, begin: { index }, find: { lastKey, keyStep: 1, limit: 0 } };
}

/** Argument `index` says how many keys follow it. */
export function countedKeys(index: number, ...flags: readonly KeyFlag[]): KeySpec {
  return { flags, begin: { index }, find: { keyNumIndex: 0, firstKey: 1, keyStep: 1 } };
}
