import { formatDouble } from "../../../base/double.ts";
import type { Call } from "../call.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { argCursor, argScanOptions, replyScanStep } from "../sets/elementScan.ts";
import type { CommandSpec } from "../spec.ts";
import { readZSetArg } from "./readSortedSet.ts";

export const zscan: CommandSpec = {
  name: "zscan",
  arity: -3,
  flags: ["readonly"],
  group: "sorted-set",
  since: "2.8.0",
  summary: "Incrementally iterate sorted sets elements and associated scores",
  complexity:
    "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output"],
  evaluate: scan,
};

function scan(call: Call): void {
  const cursor = argCursor(call, 2);
  if (cursor === undefined) return;
  const zset = readZSetArg(call, 1);
  if (zset === null) return;
  // An absent key is answered before the options are looked at.
  if (zset === undefined) return replyScanStep(call, 0, []);
  const options = argScanOptions(call, 3);
  if (options === undefined) return;
  const found: string[] = [];
  const next = zset.scan(cursor, options.count, (member, score) => {
    if (options.matches(member)) found.push(member, formatDouble(score));
  });
  replyScanStep(call, next, found);
}
