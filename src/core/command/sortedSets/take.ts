import { VALUE_ZSET } from "../../state/values/collection.ts";
import type { ScoredMember, ZSetValue } from "../../state/values/zsetValue.ts";
import { block, type Call } from "../call.ts";
import { hasRoomFor } from "../errors.ts";
import { readZSet } from "../lookup.ts";

/** Where members are taken from: the lowest scores, or the highest. */
export type End = "min" | "max";

/** A key that has members to give. */
export interface FoundSortedSet {
  readonly key: string;
  readonly zset: ZSetValue;
}

/** The first of the keys that holds a sorted set; undefined when none does, null after a `WRONGTYPE`. */
export function firstSortedSet(call: Call, keys: readonly string[]): FoundSortedSet | undefined | null {
  for (const key of keys) {
    const zset = readZSet(call, key);
    if (zset === null) return null;
    if (zset !== undefined) return { key, zset };
  }
  return undefined;
}

/** Parks the session until one of the keys holds a sorted set. */
export function awaitSortedSet(call: Call, keys: readonly string[], timeoutMillis: number): void {
  block(call, { keys, valueType: VALUE_ZSET, timeoutMillis, onTimeout: (reply) => reply.nullArray() });
}

/** Removes up to `count` members from one end; answers them, outermost first. Undefined after an error reply. */
export function takeFrom(
  call: Call,
  key: string,
  zset: ZSetValue,
  end: End,
  count: number,
): ScoredMember[] | undefined {
  const { length } = zset;
  const taken: ScoredMember[] = [];
  const take = (member: string, score: number) => taken.push({ member, score });
  if (end === "min") zset.forRange(0, Math.min(count, length), take);
  else zset.forRangeReverse(Math.max(0, length - count), length, take);
  const members = taken.map(({ member }) => member);
  if (!hasRoomFor(call, members)) return undefined;
  call.mutate.zsetRemove(key, members);
  return taken;
}
