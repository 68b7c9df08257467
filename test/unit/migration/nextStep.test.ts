import assert from "node:assert/strict";
import { test } from "node:test";
import type { MoveRecord, MoveState } from "../../../src/core/slots/moveRecord.ts";
import type { Move } from "../../../src/core/slots/slotTable.ts";
import { sourceStep, targetStep } from "../../../src/worker/migration/nextStep.ts";

function record(state: MoveState, more: Partial<MoveRecord> = {}): MoveRecord {
  return {
    ...{ id: "m1", slots: [[0, 1]], source: "g1", target: "g2", state, targetDone: false, sourceDone: false },
    ...{ paused: false, bytesPerSecondMax: 0, reason: "", plannedAt: 0 },
    ...more,
  };
}

function move(phase: Move["phase"]): Move {
  return { id: "m1", slots: [[0, 1]], other: "g1", phase, sourceSeq: 0, isWhole: false };
}

/** Every state of a record with every phase of the table: what cannot be is left alone. */
const TARGET = {
  planned: { none: "import", importing: "start", ready: "stuck" },
  copying: { none: "import", importing: "copy", ready: "flip" },
  flipped: { none: "finish", importing: "stuck", ready: "activate" },
  aborted: { none: "finish", importing: "purge", ready: "purge" },
} as const;

const SOURCE = {
  planned: { none: "wait", sealed: "stuck", closed: "stuck" },
  copying: { none: "wait", sealed: "watch", closed: "watch" },
  flipped: { none: "finish", sealed: "stuck", closed: "release" },
  aborted: { none: "finish", sealed: "unseal", closed: "unseal" },
} as const;

test("the target decides by record and table", () => {
  for (const state of ["planned", "copying", "flipped", "aborted"] as const) {
    assert.equal(targetStep(record(state), undefined), TARGET[state].none, state);
    for (const phase of ["importing", "ready"] as const) {
      assert.equal(targetStep(record(state), move(phase)), TARGET[state][phase], `${state}, ${phase}`);
    }
  }
  assert.equal(targetStep(record("planned", { paused: true }), undefined), "wait");
  for (const state of ["flipped", "aborted"] as const) {
    assert.equal(targetStep(record(state, { targetDone: true }), undefined), "over");
  }
});

test("the source decides by record and table", () => {
  for (const state of ["planned", "copying", "flipped", "aborted"] as const) {
    assert.equal(sourceStep(record(state), undefined), SOURCE[state].none, state);
    for (const phase of ["sealed", "closed"] as const) {
      assert.equal(sourceStep(record(state), move(phase)), SOURCE[state][phase], `${state}, ${phase}`);
    }
  }
  for (const state of ["flipped", "aborted"] as const) {
    assert.equal(sourceStep(record(state, { sourceDone: true }), undefined), "over");
  }
});

test("a record is taken away only when both sides are done: a table that still has the move is left alone", () => {
  for (const step of [targetStep, sourceStep]) {
    assert.equal(step(undefined, undefined), "over");
    assert.equal(step(undefined, move("importing")), "stuck");
    assert.equal(step(undefined, move("closed")), "stuck");
  }
});
