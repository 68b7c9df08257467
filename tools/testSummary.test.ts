import assert from "node:assert/strict";
import { it } from "node:test";
import { SummaryLines } from "./testSummary.ts";

const line = (message: string, nesting = 0) => ({ type: "test:diagnostic", data: { message, nesting } });

it("adds up the closing lines of several runs and leaves the rest alone", () => {
  const summary = new SummaryLines();
  for (const message of ["tests 3", "pass 2", "duration_ms 1.5", "tests 4", "pass 4", "duration_ms 2"]) {
    assert.ok(summary.takes(line(message)));
  }
  assert.ok(!summary.takes(line("seed 7")));
  assert.ok(!summary.takes(line("tests 9", 1)));
  assert.ok(!summary.takes({ type: "test:pass", data: {} }));
  assert.deepEqual([...summary.events()], [line("tests 7"), line("pass 6"), line("duration_ms 3.5")]);
});
