import { parseDouble } from "../../../base/double.ts";
import { floatForm } from "../../../base/floatText.ts";
import type { ZSetValue } from "../../state/values/zsetValue.ts";
import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import { argInteger } from "../numbers.ts";

/** How the two ends of a range are given. */
export type RangeKind = "rank" | "score" | "lex";

/** The two ends of a range as they stand in a request. Both ends are included, unless they say otherwise. */
export type Range =
  | { readonly kind: "rank"; readonly first: number; readonly last: number }
  | { readonly kind: "score"; readonly min: ScoreBound; readonly max: ScoreBound }
  | { readonly kind: "lex"; readonly min: LexBound; readonly max: LexBound };

interface ScoreBound {
  readonly score: number;
  readonly exclusive: boolean;
}

/** `-` and `+` are below and above every member. */
type LexBound = "lowest" | "highest" | { readonly member: string; readonly exclusive: boolean };

/** The ranks `[start, end)`, counted from the lowest score; empty when `start` is `end`. */
export interface Ranks {
  readonly start: number;
  readonly end: number;
}

/** Reads the range whose lower end is argument `minAt`; undefined after an error reply. */
export function argBounds(call: Call, kind: RangeKind, minAt: number, maxAt: number): Range | undefined {
  if (kind === "score") return scoreRange(call, minAt, maxAt);
  if (kind === "lex") return lexRange(call, minAt, maxAt);
  const first = argInteger(call, minAt);
  if (first === undefined) return undefined;
  const last = argInteger(call, maxAt);
  return last === undefined ? undefined : { kind, first, last };
}

function scoreRange(call: Call, minAt: number, maxAt: number): Range | undefined {
  const min = scoreBound(call.args.text(minAt));
  const max = scoreBound(call.args.text(maxAt));
  if (min !== undefined && max !== undefined) return { kind: "score", min, max };
  fail(call, "ERR min or max is not a float");
  return undefined;
}

function lexRange(call: Call, minAt: number, maxAt: number): Range | undefined {
  const min = lexBound(call.args.text(minAt));
  const max = lexBound(call.args.text(maxAt));
  if (min !== undefined && max !== undefined) return { kind: "lex", min, max };
  fail(call, "ERR min or max not valid string range item");
  return undefined;
}

function scoreBound(text: string): ScoreBound | undefined {
  const exclusive = text.startsWith("(");
  const score = looseDouble(exclusive ? text.slice(1) : text);
  return score === undefined ? undefined : { score, exclusive };
}

/**
 * A double as Redis reads the end of a range, by C's `strtod` alone: white space before it is passed over, nothing at all is
 * 0, what does not fit is an infinity or 0, and a zero byte ends it.
 */
function looseDouble(text: string): number | undefined {
  const zero = text.indexOf("\0");
  const whole = zero === -1 ? text : text.slice(0, zero);
  if (whole === "") return 0;
  const number = whole.replace(/^[ \t-\r]+/, "");
  const value = parseDouble(number);
  return value === undefined && floatForm(number) === "decimal" ? Number(number) : value;
}

function lexBound(text: string): LexBound | undefined {
  const first = text[0];
  if (first === "(" || first === "[") return { member: text.slice(1), exclusive: first === "(" };
  if (first !== "-" && first !== "+") return undefined;
  // Redis looks at one more byte only, so that a zero byte ends the text.
  if (text.length > 1 && text[1] !== "\0") return undefined;
  return first === "-" ? "lowest" : "highest";
}

/** Which ranks of the sorted set a range takes in. By `lex` it means something only where all scores are equal. */
export function ranksOf(zset: ZSetValue, range: Range): Ranks {
  if (range.kind === "rank") return ranksOfIndexes(zset.length, range.first, range.last);
  let start: number;
  let end: number;
  if (range.kind === "score") {
    start = zset.firstRankByScore(range.min.score, range.min.exclusive);
    end = zset.firstRankByScore(range.max.score, !range.max.exclusive);
  } else {
    start = lexRank(zset, range.min, false);
    end = lexRank(zset, range.max, true);
  }
  return { start, end: Math.max(start, end) };
}

function lexRank(zset: ZSetValue, bound: LexBound, isUpper: boolean): number {
  if (bound === "lowest") return 0;
  if (bound === "highest") return zset.length;
  return zset.firstRankByLex(bound.member, bound.exclusive !== isUpper);
}

/** Indexes below 0 count from the end; `last` is included. */
function ranksOfIndexes(length: number, first: number, last: number): Ranks {
  const start = Math.max(0, first < 0 ? first + length : first);
  const end = Math.min(length, (last < 0 ? last + length : last) + 1);
  return start < end ? { start, end } : { start: 0, end: 0 };
}
