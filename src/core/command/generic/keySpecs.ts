import type { KeyFlag, KeySpec } from "../spec.ts";

/** The only key of a command, argument 1 unless said otherwise. */
export function oneKey(flags: readonly KeyFlag[], index = 1): readonly KeySpec[] {
  return [{ flags, begin: { index }, find: { lastKey: 0, keyStep: 1, limit: 0 } }];
}

/** All arguments are keys, or, with a step of 2, every other. */
export function allKeys(flags: readonly KeyFlag[], keyStep = 1): readonly KeySpec[] {
  return [{ flags, begin: { index: 1 }, find: { lastKey: -1, keyStep, limit: 0 } }];
}

/** Arguments 1 and 2 are keys of different use. */
export function twoKeys(first: readonly KeyFlag[], second: readonly KeyFlag[]): readonly KeySpec[] {
  return [...oneKey(first, 1), ...oneKey(second, 2)];
}
