import { below } from "../../../base/random.ts";
import type { HashValue } from "../../state/values/hashValue.ts";
import type { Call } from "../call.ts";
import { fail, OUT_OF_RANGE, SYNTAX_ERROR } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readHash } from "../lookup.ts";
import { argPickCount, distinctPositions, replyRepeatedPicks } from "../sets/randomPicks.ts";
import type { CommandSpec } from "../spec.ts";

/** Redis refuses more pairs, which would be twice as many elements. */
const PAIRS_MAX = 2n ** 62n - 1n;

export const hrandfield: CommandSpec = {
  name: "hrandfield",
  arity: -2,
  flags: ["readonly"],
  group: "hash",
  since: "6.2.0",
  summary: "Get one or multiple random fields from a hash",
  syntax: "key#0 [options{count<integer> [WITHVALUES]}]",
  complexity: "O(N) where N is the number of fields returned",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output"],
  evaluate(call: Call): void {
    const { args } = call;
    if (args.length === 2) return replyOneField(call);
    const count = argPickCount(call, 2);
    if (count === undefined) return;
    const withValues = args.length > 3;
    if (args.length > 4 || (withValues && !args.is(3, "withvalues"))) return fail(call, SYNTAX_ERROR);
    if (withValues && (count > PAIRS_MAX || count < -PAIRS_MAX)) return fail(call, OUT_OF_RANGE);
    replyFields(call, Number(count), withValues);
  },
};

function replyOneField(call: Call): void {
  const hash = readHash(call, call.args.text(1));
  if (hash === null) return;
  if (hash === undefined) call.reply.null();
  else call.reply.bulk(hash.fieldAt(below(call.random, hash.length))!);
}

/** `count` different fields, or as many as there are; when it is negative, -`count` fields with repetition. */
function replyFields(call: Call, count: number, withValues: boolean): void {
  const { reply } = call;
  const hash = readHash(call, call.args.text(1));
  if (hash === null) return;
  if (hash === undefined) return reply.array(0);
  const { length } = hash;
  const begin = (picks: number) => reply.array(withValues && reply.protocol === 2 ? picks * 2 : picks);
  const write = (position: number) => writeEntry(call, hash, position, withValues);
  if (count < 0) return replyRepeatedPicks(call, -count, length, begin, write);
  if (count < length) {
    begin(count);
    for (const position of distinctPositions(call.random, length, count)) write(position);
  } else {
    begin(length);
    for (let position = 0; position < length; position++) write(position);
  }
}

function writeEntry(call: Call, hash: HashValue, position: number, withValue: boolean): void {
  const { reply } = call;
  if (withValue && reply.protocol === 3) reply.array(2);
  reply.bulk(hash.fieldAt(position)!);
  if (withValue) reply.bulk(hash.valueAt(position)!);
}
