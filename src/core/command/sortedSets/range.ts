import { ZSetValue } from "../../state/values/zsetValue.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { putValue } from "../generic/transfer.ts";
import { readZSet } from "../lookup.ts";
import { argInteger } from "../numbers.ts";
import { argBounds, type Range, type RangeKind, type Ranks, ranksOf } from "./bounds.ts";
import { KeptScores } from "./keptScores.ts";
import { readZSetArg } from "./readSortedSet.ts";
import { scoredHeader, scoredMember } from "./scoredReply.ts";

/** What a command of the `ZRANGE` family leaves open for its options to say. */
export interface RangeForm {
  /** Undefined: `BYSCORE` or `BYLEX` says it, else it is by rank. */
  readonly kind: RangeKind | undefined;
  /** Undefined: `REV` says it. */
  readonly reverse: boolean | undefined;
  /** The argument that names the sorted set; its range follows. */
  readonly keyAt: number;
}

interface RangeRequest {
  readonly range: Range;
  readonly reverse: boolean;
  readonly withScores: boolean;
  readonly offset: number;
  /** Below 0: no limit. */
  readonly limit: number;
}

/** Answers the members of a range. */
export function evaluateRange(call: Call, form: RangeForm): void {
  const request = parseRequest(call, form);
  if (request === undefined) return;
  const zset = readZSetArg(call, form.keyAt);
  if (zset === null) return;
  const { reply } = call;
  if (zset === undefined) return reply.array(0);
  const ranks = limited(ranksOfRequest(zset, request), request);
  const count = ranks.end - ranks.start;
  if (request.withScores) {
    scoredHeader(reply, count);
    visit(zset, ranks, request.reverse, (member, score) => scoredMember(reply, member, score));
  } else {
    reply.array(count);
    visit(zset, ranks, request.reverse, (member) => reply.bulk(member));
  }
}

/** Puts a range in the place of the key that argument 1 names, and answers how many members it has. */
export function storeRange(call: Call, form: RangeForm): void {
  const request = parseRequest(call, form);
  if (request === undefined) return;
  const zset = readZSet(call, call.args.text(form.keyAt));
  if (zset === null) return;
  const result = new ZSetValue();
  if (zset !== undefined) {
    const kept = new KeptScores(undefined);
    visit(zset, limited(ranksOfRequest(zset, request), request), request.reverse, (member, score) =>
      result.add(member, kept.of(member, true, score)),
    );
  }
  const { length } = result;
  if (putValue(call, call.args.text(1), result, 0)) call.reply.integer(length);
}

/** Reads options and range, with Redis's checks in Redis's order; undefined after an error reply. */
function parseRequest(call: Call, form: RangeForm): RangeRequest | undefined {
  const { args } = call;
  const isStore = form.keyAt === 2;
  let { kind, reverse } = form;
  let withScores = false;
  let offset = 0;
  let limit = -1;
  for (let i = form.keyAt + 3; i < args.length; i++) {
    if (!isStore && args.is(i, "withscores")) withScores = true;
    else if (args.is(i, "limit") && i + 2 < args.length) {
      const offsetGiven = argInteger(call, i + 1);
      if (offsetGiven === undefined) return undefined;
      const limitGiven = argInteger(call, i + 2);
      if (limitGiven === undefined) return undefined;
      offset = offsetGiven;
      limit = limitGiven;
      i += 2;
    } else if (reverse === undefined && args.is(i, "rev")) reverse = true;
    else if (kind === undefined && args.is(i, "bylex")) kind = "lex";
    else if (kind === undefined && args.is(i, "byscore")) kind = "score";
    else return refuse(call, SYNTAX_ERROR);
  }
  kind ??= "rank";
  reverse ??= false;
  if (limit !== -1 && kind === "rank") return refuse(call, LIMIT_BY_RANK);
  if (withScores && kind === "lex") return refuse(call, WITHSCORES_BY_LEX);
  const first = form.keyAt + 1;
  const isHighestFirst = reverse && kind !== "rank";
  const range = argBounds(call, kind, isHighestFirst ? first + 1 : first, isHighestFirst ? first : first + 1);
  return range === undefined ? undefined : { range, reverse, withScores, offset, limit };
}

const LIMIT_BY_RANK = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
const WITHSCORES_BY_LEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

function refuse(call: Call, text: string): undefined {
  fail(call, text);
}

/** Ranks counted from the lowest score, whichever way the request counts. */
function ranksOfRequest(zset: ZSetValue, request: RangeRequest): Ranks {
  const ranks = ranksOf(zset, request.range);
  if (!request.reverse || request.range.kind !== "rank") return ranks;
  return { start: zset.length - ranks.end, end: zset.length - ranks.start };
}

/** What `LIMIT` leaves, counted from the end where the answer begins. By rank it is not there, or has no effect. */
function limited({ start, end }: Ranks, { range, reverse, offset, limit }: RangeRequest): Ranks {
  if (range.kind === "rank" || (offset === 0 && limit < 0)) return { start, end };
  const skipped = offset < 0 || offset > end - start ? end - start : offset;
  const rest = end - start - skipped;
  const count = limit < 0 || limit > rest ? rest : limit;
  return reverse
    ? { start: end - skipped - count, end: end - skipped }
    : { start: start + skipped, end: start + skipped + count };
}

function visit(zset: ZSetValue, ranks: Ranks, reverse: boolean, each: (member: string, score: number) => void): void {
  if (ranks.start === ranks.end) return;
  if (reverse) zset.forRangeReverse(ranks.start, ranks.end, each);
  else zset.forRange(ranks.start, ranks.end, each);
}
