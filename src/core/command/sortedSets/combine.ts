import type { SetValue } from "../../state/values/setValue.ts";
import { ZSetValue } from "../../state/values/zsetValue.ts";

/** How sorted sets are put together; sets may be among them, their members with a score of 1. */
export type Combination = "union" | "intersection" | "difference";

/** The score of a member that two inputs have. */
export type Aggregate = "sum" | "min" | "max";

/** One input; its `value` undefined where there is no such key. */
export interface Source {
  readonly value: ZSetValue | SetValue | undefined;
  readonly weight: number;
}

/** Members and their scores, in no particular order. */
export function combine(
  combination: Combination,
  sources: readonly Source[],
  aggregate: Aggregate,
): Map<string, number> {
  if (combination === "difference") return difference(sources);
  // From the smallest on, as Redis does: the sum of doubles depends on their order.
  const ordered = sources.toSorted((a, b) => lengthOf(a) - lengthOf(b));
  if (combination === "union") return union(ordered, aggregate);
  const result = new Map<string, number>();
  forCommon(ordered, aggregate, (member, score) => result.set(member, score));
  return result;
}

/** How many members all sources have; counting ends at `limit`, unless that is 0. */
export function countCommon(sources: readonly Source[], limit: number): number {
  const ordered = sources.toSorted((a, b) => lengthOf(a) - lengthOf(b));
  let count = 0;
  forCommon(ordered, "sum", () => ++count !== limit);
  return count;
}

function union(sources: readonly Source[], aggregate: Aggregate): Map<string, number> {
  const result = new Map<string, number>();
  for (const source of sources) {
    for (let i = 0; i < lengthOf(source); i++) {
      const member = memberAt(source, i);
      const score = noNaN(source.weight * scoreAt(source, i));
      const earlier = result.get(member);
      result.set(member, earlier === undefined ? score : aggregated(aggregate, earlier, score));
    }
  }
  return result;
}

function difference([first, ...others]: readonly Source[]): Map<string, number> {
  const result = new Map<string, number>();
  for (let i = 0; i < lengthOf(first!); i++) {
    const member = memberAt(first!, i);
    if (!others.some((other) => scoreOf(other, member) !== undefined)) result.set(member, scoreAt(first!, i));
  }
  return result;
}

/** Visits what all sources have, from the members of the first, until `visit` answers false. */
function forCommon(
  [first, ...others]: readonly Source[],
  aggregate: Aggregate,
  visit: (member: string, score: number) => unknown,
): void {
  for (let i = 0; i < lengthOf(first!); i++) {
    const member = memberAt(first!, i);
    let score: number | undefined = noNaN(first!.weight * scoreAt(first!, i));
    for (let j = 0; j < others.length && score !== undefined; j++) {
      const found = scoreOf(others[j]!, member);
      score = found === undefined ? undefined : aggregated(aggregate, score, found * others[j]!.weight);
    }
    if (score !== undefined && visit(member, score) === false) return;
  }
}

/** Redis's conventions: infinities that cancel each other out are 0, and `min` and `max` keep the first of equals. */
function aggregated(aggregate: Aggregate, earlier: number, score: number): number {
  if (aggregate === "sum") return noNaN(earlier + score);
  const takesScore = aggregate === "min" ? score < earlier : score > earlier;
  return takesScore ? score : earlier;
}

function noNaN(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

function lengthOf({ value }: Source): number {
  return value === undefined ? 0 : value.length;
}

function memberAt({ value }: Source, index: number): string {
  return value!.memberAt(index)!;
}

function scoreAt({ value }: Source, index: number): number {
  return value instanceof ZSetValue ? value.scoreAt(index)! : 1;
}

function scoreOf({ value }: Source, member: string): number | undefined {
  if (value === undefined) return undefined;
  if (value instanceof ZSetValue) return value.score(member);
  return value.has(member) ? 1 : undefined;
}
