import { below } from "../../../base/random.ts";
import type { ZSetValue } from "../../state/values/zsetValue.ts";
import type { Call } from "../call.ts";
import { fail, OUT_OF_RANGE, SYNTAX_ERROR } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { argPickCount, distinctPositions, replyRepeatedPicks } from "../sets/randomPicks.ts";
import type { CommandSpec } from "../spec.ts";
import { readZSetArg } from "./readSortedSet.ts";
import { scoredHeader, scoredMember } from "./scoredReply.ts";

/** Redis refuses more pairs, which would be twice as many elements. */
const PAIRS_MAX = 2n ** 62n - 1n;

export const zrandmember: CommandSpec = {
  name: "zrandmember",
  arity: -2,
  flags: ["readonly"],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Get one or multiple random elements from a sorted set",
  syntax: "key#0 [options{count<integer> [WITHSCORES]}]",
  complexity: "O(N) where N is the number of elements returned",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output"],
  evaluate: randomMember,
};

function randomMember(call: Call): void {
  const { args, reply } = call;
  if (args.length > 2) return randomMembers(call);
  const zset = readZSetArg(call, 1);
  if (zset === null) return;
  if (zset === undefined) reply.null();
  else reply.bulk(zset.memberAt(below(call.random, zset.length))!);
}

function randomMembers(call: Call): void {
  const { args } = call;
  const count = argPickCount(call, 2);
  if (count === undefined) return;
  if (args.length > 4 || (args.length === 4 && !args.is(3, "withscores"))) return fail(call, SYNTAX_ERROR);
  const withScores = args.length === 4;
  if (withScores && (count < -PAIRS_MAX || count > PAIRS_MAX)) return fail(call, OUT_OF_RANGE);
  const zset = readZSetArg(call, 1);
  if (zset === null) return;
  if (zset === undefined) call.reply.array(0);
  else replyMembers(call, zset, Number(count), withScores);
}

/** `count` different members, or as many as there are; when it is negative, -`count` members with repetition. */
function replyMembers(call: Call, zset: ZSetValue, count: number, withScores: boolean): void {
  const { reply } = call;
  const { length } = zset;
  const begin = (picks: number) => (withScores ? scoredHeader(reply, picks) : reply.array(picks));
  const write = (member: string, score: number) => {
    if (withScores) scoredMember(reply, member, score);
    else reply.bulk(member);
  };
  const writeAt = (position: number) => write(zset.memberAt(position)!, zset.scoreAt(position)!);
  if (count < 0) return replyRepeatedPicks(call, -count, length, begin, writeAt);
  begin(Math.min(count, length));
  if (count >= length) zset.forRange(0, length, write);
  else for (const position of distinctPositions(call.random, length, count)) writeAt(position);
}
