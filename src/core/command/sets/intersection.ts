import type { SetValue } from "../../state/values/setValue.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { countedKeys, keyAt, keysFrom } from "../lists/keySpecs.ts";
import { argRange } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { readSets, replyMembers, storeMembers } from "./operands.ts";

export const sinter: CommandSpec = {
  name: "sinter",
  arity: -2,
  flags: ["readonly"],
  group: "set",
  since: "1.0.0",
  summary: "Intersect multiple sets",
  syntax: "key#0*",
  complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
  keys: [keysFrom(1, -1, "RO", "access")],
  hints: ["nondeterministic_output_order"],
  evaluate(call: Call): void {
    const sets = readSets(call, 1);
    if (sets !== null) replyMembers(call, intersection(sets));
  },
};

export const sinterstore: CommandSpec = {
  name: "sinterstore",
  arity: -3,
  flags: ["write", "denyoom"],
  group: "set",
  since: "1.0.0",
  summary: "Intersect multiple sets and store the resulting set in a key",
  syntax: "destination#0 key#1*",
  complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
  keys: [keyAt(1, "RW", "update"), keysFrom(2, -1, "RO", "access")],
  evaluate(call: Call): void {
    const sets = readSets(call, 2);
    if (sets !== null) storeMembers(call, intersection(sets));
  },
};

export const sintercard: CommandSpec = {
  name: "sintercard",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  group: "set",
  since: "7.0.0",
  summary: "Intersect multiple sets and return the cardinality of the result",
  syntax: "numkeys<integer> key#0* [LIMIT=limit<integer>]",
  complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
  keys: [countedKeys(1, "RO", "access")],
  evaluate(call: Call): void {
    const { args } = call;
    const numKeys = argRange(call, 1, 1, Infinity, "ERR numkeys should be greater than 0");
    if (numKeys === undefined) return;
    const end = 2 + numKeys;
    if (end > args.length) return fail(call, "ERR Number of keys can't be greater than number of args");
    let limit = 0;
    for (let i = end; i < args.length; i += 2) {
      if (!args.is(i, "limit") || i + 1 === args.length) return fail(call, SYNTAX_ERROR);
      const given = argRange(call, i + 1, 0, Infinity, "ERR LIMIT can't be negative");
      if (given === undefined) return;
      limit = given;
    }
    const sets = readSets(call, 2, end);
    if (sets !== null) call.reply.integer(countCommon(sets, limit === 0 ? Infinity : limit));
  },
};

function intersection(sets: readonly (SetValue | undefined)[]): string[] {
  const common: string[] = [];
  const [smallest, ...others] = smallestFirst(sets);
  smallest?.forEach((member) => {
    if (others.every((other) => other.has(member))) common.push(member);
  });
  return common;
}

/** How many members all sets have, counted up to `limit`. */
function countCommon(sets: readonly (SetValue | undefined)[], limit: number): number {
  const [smallest, ...others] = smallestFirst(sets);
  if (smallest === undefined) return 0;
  if (others.length === 0) return Math.min(smallest.length, limit);
  let count = 0;
  for (let i = 0; i < smallest.length && count < limit; i++) {
    const member = smallest.memberAt(i)!;
    if (others.every((other) => other.has(member))) count++;
  }
  return count;
}

/** The sets by size, the cheapest way to find what they have in common; none when one of them is empty. */
function smallestFirst(sets: readonly (SetValue | undefined)[]): SetValue[] {
  const present = sets.filter((set) => set !== undefined);
  return present.length < sets.length ? [] : present.sort((a, b) => a.length - b.length);
}
