import { SetValue } from "../../state/values/setValue.ts";
import type { Call } from "../call.ts";
import { putValue } from "../generic/transfer.ts";
import { keyAt, keysFrom } from "../lists/keySpecs.ts";
import type { CommandSpec } from "../spec.ts";
import { readSets } from "./operands.ts";

export const sunion: CommandSpec = {
  name: "sunion",
  arity: -2,
  flags: ["readonly"],
  group: "set",
  since: "1.0.0",
  summary: "Add multiple sets",
  syntax: "key#0*",
  complexity: "O(N) where N is the total number of elements in all given sets.",
  keys: [keysFrom(1, -1, "RO", "access")],
  hints: ["nondeterministic_output_order"],
  evaluate(call: Call): void {
    const { reply } = call;
    const sets = readSets(call, 1);
    if (sets === null) return;
    const union = unionOf(sets);
    reply.set(union.length);
    union.forEach((member) => {
      reply.bulk(member);
    });
  },
};

export const sunionstore: CommandSpec = {
  name: "sunionstore",
  arity: -3,
  flags: ["write", "denyoom"],
  group: "set",
  since: "1.0.0",
  summary: "Add multiple sets and store the resulting set in a key",
  syntax: "destination#0 key#1*",
  complexity: "O(N) where N is the total number of elements in all given sets.",
  keys: [keyAt(1, "OW", "update"), keysFrom(2, -1, "RO", "access")],
  evaluate(call: Call): void {
    const sets = readSets(call, 2);
    if (sets === null) return;
    const union = unionOf(sets);
    const { length } = union;
    if (putValue(call, call.args.text(1), union, 0)) call.reply.integer(length);
  },
};

function unionOf(sets: readonly (SetValue | undefined)[]): SetValue {
  const union = new SetValue();
  for (const set of sets) {
    set?.forEach((member) => {
      union.add(member);
    });
  }
  return union;
}
