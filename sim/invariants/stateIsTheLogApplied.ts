import type { KeySpace } from "../../src/core/state/keySpace.ts";
import { describe, difference, dump } from "../oracle/dump.ts";
import { Violation } from "../violation.ts";

const NAME = "the state is the log applied";

/** The whole key space, in memory and in the store, is what the entries of the log make of nothing. */
export function checkState(model: KeySpace, found: KeySpace, fail: (violation: Violation) => void): void {
  const wrong = difference(dump(model), dump(found));
  if (wrong !== undefined) fail(new Violation(NAME, wrong));
}

/** The same for one key, and for how many keys there are. */
export function checkKey(model: KeySpace, found: KeySpace, key: string, fail: (violation: Violation) => void): void {
  const line = describe(model, key);
  const other = describe(found, key);
  const wrong = difference(new Map([[key, line]]), new Map([[key, other]]));
  if (wrong !== undefined) fail(new Violation(NAME, wrong));
}

export function checkSize(model: KeySpace, found: KeySpace, fail: (violation: Violation) => void): void {
  if (model.size === found.size) return;
  fail(new Violation("DBSIZE counts the keys", `${found.size} keys, there should be ${model.size}`));
}
