import type { Call } from "../call.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readHash } from "../lookup.ts";
import { argCursor, argScanOptions, replyScanStep } from "../sets/elementScan.ts";
import type { CommandSpec } from "../spec.ts";

export const hscan: CommandSpec = {
  name: "hscan",
  arity: -3,
  flags: ["readonly"],
  group: "hash",
  since: "2.8.0",
  summary: "Incrementally iterate hash fields and associated values",
  syntax: "key#0 cursor<integer> [MATCH=pattern<pattern>] [COUNT=count<integer>]",
  complexity:
    "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return " +
    "back to 0. N is the number of elements inside the collection..",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output"],
  evaluate(call: Call): void {
    const cursor = argCursor(call, 2);
    if (cursor === undefined) return;
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    // An absent key is answered before the options are looked at.
    if (hash === undefined) return replyScanStep(call, 0, []);
    const options = argScanOptions(call, 3);
    if (options === undefined) return;
    const found: string[] = [];
    const next = hash.scan(cursor, options.count, (field, value) => {
      if (options.matches(field)) found.push(field, value);
    });
    replyScanStep(call, next, found);
  },
};
