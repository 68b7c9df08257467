import type { Args } from "../args.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readZSet } from "../lookup.ts";
import { argDouble, parseShortInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { KeptScores } from "./keptScores.ts";
import { replyScore } from "./scoredReply.ts";

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;
const CH = 16;
const INCR = 32;

export const zadd: CommandSpec = {
  name: "zadd",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Add one or more members to a sorted set, or update its score if it already exists",
  syntax:
    "key#0 [condition(NX|XX)@3.0.2] [comparison(GT|LT)@6.2.0] [CH=change<pure-token>@3.0.2] [INCR=increment<pure-token>@3.0.2] score_member{score<double> member}*",
  complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
  keys: [keyAt(1, "RW", "update")],
  history: [
    ["2.4.0", "Accepts multiple elements."],
    ["3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."],
    ["6.2.0", "Added the `GT` and `LT` options."],
  ],
  evaluate: (call) => add(call, 0),
};

export const zincrby: CommandSpec = {
  name: "zincrby",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Increment the score of a member in a sorted set",
  syntax: "key#0 increment<integer> member",
  complexity: "O(log(N)) where N is the number of elements in the sorted set.",
  keys: [keyAt(1, "RW", "access", "update")],
  evaluate: (call) => add(call, INCR),
};

/** `ZINCRBY` is `ZADD` with the option `INCR`; Redis reads options in both. */
function add(call: Call, implied: number): void {
  const { args } = call;
  let options = implied;
  let pairsAt = 2;
  for (let bit = optionBit(args, pairsAt); bit !== 0; bit = optionBit(args, pairsAt)) {
    options |= bit;
    pairsAt++;
  }
  const refusal = conflictOf(options, args.length - pairsAt);
  if (refusal !== undefined) return fail(call, refusal);
  const scores = argScores(call, pairsAt);
  if (scores !== undefined) addPairs(call, options, scores, pairsAt + 1);
}

/** Gives the members, every second argument from `membersAt` on, their scores, and replies. */
function addPairs(call: Call, options: number, scores: readonly number[], membersAt: number): void {
  const { args } = call;
  const key = args.text(1);
  const zset = readZSet(call, key);
  if (zset === null) return;
  // What earlier pairs of this command have done to members that come again.
  const staged = scores.length === 1 ? undefined : new Map<string, number>();
  const kept = new KeptScores(zset);
  const members: string[] = [];
  const changed: number[] = [];
  let added = 0;
  let result: number | undefined;
  for (let i = 0; i < scores.length; i++) {
    const member = args.text(membersAt + i * 2);
    const current = staged?.get(member) ?? zset?.score(member);
    const score = scoreAfter(current, scores[i]!, options);
    if (score === undefined) continue;
    if (Number.isNaN(score)) return fail(call, "ERR resulting score is not a number (NaN)");
    result = score;
    if (score === current) continue;
    if (current === undefined) added++;
    staged?.set(member, score);
    members.push(member);
    changed.push(kept.of(member, current === undefined, score));
  }
  if (members.length > 0) call.mutate.zsetAdd(key, members, changed);
  if (has(options, INCR)) replyScore(call, result);
  else call.reply.integer(has(options, CH) ? members.length : added);
}

function optionBit(args: Args, i: number): number {
  if (i >= args.length) return 0;
  const length = args.byteLength(i);
  if (length === 4) return args.is(i, "incr") ? INCR : 0;
  if (length !== 2) return 0;
  if (args.is(i, "nx")) return NX;
  if (args.is(i, "xx")) return XX;
  if (args.is(i, "gt")) return GT;
  if (args.is(i, "lt")) return LT;
  return args.is(i, "ch") ? CH : 0;
}

/** The error of options that do not go together, or with so many arguments after them. */
function conflictOf(options: number, rest: number): string | undefined {
  if (rest === 0 || rest % 2 !== 0) return SYNTAX_ERROR;
  if (has(options, NX | XX)) return "ERR XX and NX options at the same time are not compatible";
  if (has(options, GT | NX) || has(options, LT | NX) || has(options, GT | LT)) {
    return "ERR GT, LT, and/or NX options at the same time are not compatible";
  }
  if (has(options, INCR) && rest > 2) return "ERR INCR option supports a single increment-element pair";
  return undefined;
}

function has(options: number, bits: number): boolean {
  return (options & bits) === bits;
}

function argScores(call: Call, pairsAt: number): number[] | undefined {
  const { args } = call;
  const scores: number[] = [];
  for (let i = pairsAt; i < args.length; i += 2) {
    const score = parseShortInteger(args.bytes, args.starts[i]!, args.ends[i]!) ?? argDouble(call, i);
    if (score === undefined) return undefined;
    scores.push(score);
  }
  return scores;
}

/** The score a member gets; undefined when the options leave it as it is, NaN when infinities cancel each other out. */
function scoreAfter(current: number | undefined, given: number, options: number): number | undefined {
  if (current === undefined) return has(options, XX) ? undefined : given;
  if (has(options, NX)) return undefined;
  const score = has(options, INCR) ? current + given : given;
  if (has(options, LT) && score >= current) return undefined;
  if (has(options, GT) && score <= current) return undefined;
  return score;
}
