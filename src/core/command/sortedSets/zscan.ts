import { formatDouble } from "../../../base/double.ts";
import type { Call } from "../call.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { argCursor, argScanOptions, replyScanStep } from "../sets/elementScan.ts";
import type { CommandSpec } from "../spec.ts";
import { readZSetArg } from "./readSortedSet.ts";

/** Half of the largest 64-bit integer, as a double (`double2ll` of Redis 7.0). */
const COMPACT_INTEGER_MAX = 2 ** 62;

export const zscan: CommandSpec = {
  name: "zscan",
  arity: -3,
  flags: ["readonly"],
  group: "sorted-set",
  since: "2.8.0",
  summary: "Incrementally iterate sorted sets elements and associated scores",
  syntax: "key#0 cursor<integer> [MATCH=pattern<pattern>] [COUNT=count<integer>]",
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
  const isCompact = zset.encoding === "listpack";
  const next = zset.scan(cursor, options.count, (member, score) => {
    if (options.matches(member)) found.push(member, isCompact ? compactScore(score) : formatDouble(score));
  });
  replyScanStep(call, next, found);
}

/** Redis keeps whole scores in a listpack as 64-bit integers, and `ZSCAN` shows them as they are kept. */
function compactScore(score: number): string {
  const isKeptAsInteger = Number.isInteger(score) && Math.abs(score) <= COMPACT_INTEGER_MAX;
  return isKeptAsInteger ? String(BigInt(score)) : formatDouble(score);
}
