import { invariant } from "../../../base/invariant.ts";
import { VALUE_ZSET } from "../../state/values/collection.ts";
import { type ScoredMember, ZSetValue } from "../../state/values/zsetValue.ts";
import type { Call } from "../call.ts";
import { fail, WRONG_TYPE } from "../errors.ts";
import { lookup } from "../lookup.ts";

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
    const ref = lookup(call, key);
    if (ref === 0) continue;
    if (call.state.type(ref) === VALUE_ZSET) {
      const zset = call.state.collection(ref);
      invariant(zset instanceof ZSetValue, "a sorted set's record holds a sorted set");
      return { key, zset };
    }
    // A parked command waits for sorted sets; what else a key became in the meantime is nothing to it.
    if (call.waking) continue;
    fail(call, WRONG_TYPE);
    return null;
  }
  return undefined;
}

/** Removes up to `count` members from one end; answers them, outermost first. */
export function takeFrom(call: Call, key: string, zset: ZSetValue, end: End, count: number): ScoredMember[] {
  const { length } = zset;
  const taken: ScoredMember[] = [];
  const take = (member: string, score: number) => taken.push({ member, score });
  if (end === "min") zset.forRange(0, Math.min(count, length), take);
  else zset.forRangeReverse(Math.max(0, length - count), length, take);
  call.mutate.zsetRemove(
    key,
    taken.map(({ member }) => member),
  );
  return taken;
}
