import { SetValue } from "../../state/values/setValue.ts";
import type { Call } from "../call.ts";
import { keyAt, keysFrom } from "../lists/keySpecs.ts";
import type { CommandSpec } from "../spec.ts";
import { readSets, replyMembers, storeMembers } from "./operands.ts";

export const sdiff: CommandSpec = {
  name: "sdiff",
  arity: -2,
  flags: ["readonly"],
  group: "set",
  since: "1.0.0",
  summary: "Subtract multiple sets",
  syntax: "key#0*",
  complexity: "O(N) where N is the total number of elements in all given sets.",
  keys: [keysFrom(1, -1, "RO", "access")],
  hints: ["nondeterministic_output_order"],
  evaluate(call: Call): void {
    const sets = readSets(call, 1);
    if (sets !== null) replyMembers(call, difference(sets));
  },
};

export const sdiffstore: CommandSpec = {
  name: "sdiffstore",
  arity: -3,
  flags: ["write", "denyoom"],
  group: "set",
  since: "1.0.0",
  summary: "Subtract multiple sets and store the resulting set in a key",
  syntax: "destination#0 key#1*",
  complexity: "O(N) where N is the total number of elements in all given sets.",
  keys: [keyAt(1, "OW", "update"), keysFrom(2, -1, "RO", "access")],
  evaluate(call: Call): void {
    const sets = readSets(call, 2);
    if (sets !== null) storeMembers(call, difference(sets));
  },
};

/** The members of the first set that no other has. */
function difference(sets: readonly (SetValue | undefined)[]): string[] {
  const [first, ...rest] = sets;
  if (first === undefined || rest.includes(first)) return [];
  const members: string[] = [];
  const isExcluded = exclusion(
    first,
    rest.filter((set) => set !== undefined),
  );
  first.forEach((member) => {
    if (!isExcluded(member)) members.push(member);
  });
  return members;
}

/** Asks every other set about each member, or, when they are many and small, one table of all that they have. */
function exclusion(first: SetValue, others: SetValue[]): (member: string) => boolean {
  const otherMembers = others.reduce((sum, set) => sum + set.length, 0);
  if (first.length * others.length > first.length + otherMembers * 2) {
    const excluded = new SetValue();
    for (const set of others) {
      set.forEach((member) => {
        excluded.add(member);
      });
    }
    return (member) => excluded.has(member);
  }
  // The largest first: it most likely has the member.
  others.sort((a, b) => b.length - a.length);
  return (member) => others.some((set) => set.has(member));
}
