import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_MODEL_RULES, exploreMoves, type ModelRules } from "./moveModel.ts";

test("no interleaving of a move loses a write or answers an old read", () => {
  const { states, completes, violation } = exploreMoves(ALL_MODEL_RULES);
  assert.deepEqual({ states, completes, violation }, { states: 132, completes: true, violation: undefined });
});

const WITHOUT: readonly (readonly [keyof ModelRules, string])[] = [
  ["close", "stale read at the source"],
  ["unsealByRecordOnly", "the source acknowledged a write after the flip"],
  ["sealCommittedBeforeReady", "the target misses an acknowledged write"],
  ["sealIsLogged", "the source acknowledged a write after the flip"],
  ["closeCommittedBeforeFlip", "stale read at the source"],
  ["flipByRecord", "the source acknowledged a write after the flip"],
];

for (const [rule, violation] of WITHOUT) {
  test(`without '${rule}' there is a way to: ${violation}`, () => {
    const found = exploreMoves({ ...ALL_MODEL_RULES, [rule]: false });
    assert.equal(found.violation, violation, found.trace.join(", "));
    assert.ok(found.trace.length > 0);
  });
}
