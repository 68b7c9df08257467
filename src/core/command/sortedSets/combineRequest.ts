import { invariant } from "../../../base/invariant.ts";
import { VALUE_SET, VALUE_ZSET } from "../../state/values/collection.ts";
import { SetValue } from "../../state/values/setValue.ts";
import { ZSetValue } from "../../state/values/zsetValue.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR, WRONG_TYPE } from "../errors.ts";
import { putValue } from "../generic/transfer.ts";
import { lookup } from "../lookup.ts";
import { argCount, argDouble, argInteger } from "../numbers.ts";
import { type Aggregate, type Combination, combine, countCommon, type Source } from "./combine.ts";
import { fitsListpack, withoutNegativeZero } from "./keptScores.ts";
import { scoredHeader, scoredMember } from "./scoredReply.ts";

interface CombinationRequest {
  readonly sources: Source[];
  aggregate: Aggregate;
  withScores: boolean;
  /** Of `ZINTERCARD`; 0 for none. */
  limit: number;
}

/** Options that a command has: `WEIGHTS` and `AGGREGATE`, `WITHSCORES`, `LIMIT`. */
interface KnownOptions {
  readonly scoring: boolean;
  readonly withScores: boolean;
  readonly limit: boolean;
}

/** `ZUNION`, `ZINTER`, `ZDIFF`: answers the result in order of score. */
export function replyCombination(call: Call, combination: Combination): void {
  const options = { scoring: combination !== "difference", withScores: true, limit: false };
  const request = parseRequest(call, 1, options);
  if (request === undefined) return;
  const members = [...combine(combination, request.sources, request.aggregate)];
  members.sort(([a, scoreOfA], [b, scoreOfB]) => scoreOfA - scoreOfB || (a < b ? -1 : 1));
  const { reply } = call;
  if (request.withScores) {
    scoredHeader(reply, members.length);
    for (const [member, score] of members) scoredMember(reply, member, score);
  } else {
    reply.array(members.length);
    for (const [member] of members) reply.bulk(member);
  }
}

/** `ZUNIONSTORE`, `ZINTERSTORE`, `ZDIFFSTORE`: the result takes the place of the key that argument 1 names. */
export function storeCombination(call: Call, combination: Combination): void {
  const options = { scoring: combination !== "difference", withScores: false, limit: false };
  const request = parseRequest(call, 2, options);
  if (request === undefined) return;
  const members = combine(combination, request.sources, request.aggregate);
  let memberBytesMax = 0;
  for (const member of members.keys()) memberBytesMax = Math.max(memberBytesMax, member.length);
  const isCompact = fitsListpack(members.size, memberBytesMax);
  const result = new ZSetValue();
  for (const [member, score] of members) result.add(member, isCompact ? withoutNegativeZero(score) : score);
  const { length } = result;
  if (putValue(call, call.args.text(1), result, 0)) call.reply.integer(length);
}

/** `ZINTERCARD`. */
export function countIntersection(call: Call): void {
  const request = parseRequest(call, 1, { scoring: false, withScores: false, limit: true });
  if (request !== undefined) call.reply.integer(countCommon(request.sources, request.limit));
}

/** Reads the count of keys at `countAt`, the keys, and the options, in Redis's order; undefined after an error reply. */
function parseRequest(call: Call, countAt: number, known: KnownOptions): CombinationRequest | undefined {
  const { args } = call;
  const count = argInteger(call, countAt);
  if (count === undefined) return undefined;
  if (count < 1) return refuse(call, `ERR at least 1 input key is needed for '${args.text(0).toLowerCase()}' command`);
  if (count > args.length - countAt - 1) return refuse(call, SYNTAX_ERROR);
  const optionsAt = countAt + 1 + count;
  const sources = readSources(call, countAt + 1, optionsAt);
  if (sources === undefined) return undefined;
  const request: CombinationRequest = { sources, aggregate: "sum", withScores: false, limit: 0 };
  for (let i = optionsAt; i < args.length; ) {
    const taken = parseOption(call, i, known, request);
    if (taken === undefined) return undefined;
    if (taken === 0) return refuse(call, SYNTAX_ERROR);
    i += taken;
  }
  return request;
}

function refuse(call: Call, text: string): undefined {
  fail(call, text);
}

/** The inputs; undefined after a `WRONGTYPE`. */
function readSources(call: Call, from: number, to: number): Source[] | undefined {
  const sources: Source[] = [];
  for (const key of call.args.texts(from, to)) {
    const ref = lookup(call, key);
    if (ref === 0) {
      sources.push({ value: undefined, weight: 1 });
      continue;
    }
    const type = call.state.type(ref);
    if (type !== VALUE_ZSET && type !== VALUE_SET) return refuse(call, WRONG_TYPE);
    const value = call.state.collection(ref);
    invariant(value instanceof ZSetValue || value instanceof SetValue, "the record holds what its type says");
    sources.push({ value, weight: 1 });
  }
  return sources;
}

/** Puts the option at argument `i` into `request`; how many arguments it takes, 0 for no option, undefined after an error reply. */
function parseOption(call: Call, i: number, known: KnownOptions, request: CombinationRequest): number | undefined {
  const { args } = call;
  const following = args.length - i - 1;
  if (known.scoring && following >= request.sources.length && args.is(i, "weights")) {
    return parseWeights(call, i + 1, request);
  }
  if (known.scoring && following >= 1 && args.is(i, "aggregate")) {
    const aggregate = AGGREGATES.find((name) => args.is(i + 1, name));
    if (aggregate === undefined) return 0;
    request.aggregate = aggregate;
    return 2;
  }
  if (known.withScores && args.is(i, "withscores")) {
    request.withScores = true;
    return 1;
  }
  if (!known.limit || following < 1 || !args.is(i, "limit")) return 0;
  const limit = argCount(call, i + 1, "ERR LIMIT can't be negative");
  if (limit === undefined) return undefined;
  request.limit = limit;
  return 2;
}

const AGGREGATES: readonly Aggregate[] = ["sum", "min", "max"];

function parseWeights(call: Call, from: number, { sources }: CombinationRequest): number | undefined {
  for (let j = 0; j < sources.length; j++) {
    const weight = argDouble(call, from + j, "ERR weight value is not a float");
    if (weight === undefined) return undefined;
    sources[j] = { value: sources[j]!.value, weight };
  }
  return sources.length + 1;
}
