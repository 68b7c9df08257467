import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { describe, it } from "node:test";
import { balance } from "../../../src/core/placement/balance.ts";
import { firstAssignment } from "../../../src/core/placement/firstAssignment.ts";
import { movesBetween } from "../../../src/core/placement/movesBetween.ts";
import { nextMoves } from "../../../src/core/placement/nextMoves.ts";
import type { WeightedGroup } from "../../../src/core/placement/weights.ts";
import { type Assignment, assignmentOf } from "../../../src/core/slots/assignment.ts";
import { ALL_SLOTS, countSlots, SLOT_COUNT } from "../../../src/core/slots/slotRanges.ts";
import { fc } from "../../support/properties.ts";
import { anyGroups, countsOf, fewestMoves, slotsMoved, wholeOwners, worstDistance } from "./assignments.ts";

const even = (...ids: string[]): WeightedGroup[] => ids.map((id) => ({ id, weight: 1 }));
const counts = (assignment: Assignment) => Object.fromEntries(countsOf(wholeOwners(assignment)));
const value = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  assert.ok(result.ok, result.ok ? "" : result.error);
  return result.value;
};
const refusal = (result: { ok: true; value: unknown } | { ok: false; error: string }): string => {
  assert.ok(!result.ok);
  return result.error;
};

describe("the first assignment", () => {
  it("gives each group one range, as long as its weight says", () => {
    const assignment = value(firstAssignment([...even("g2", "g1"), { id: "g3", weight: 2 }, { id: "g4", weight: 0 }]));
    assert.deepEqual(assignment, { g1: [[0, 4095]], g2: [[4096, 8191]], g3: [[8192, 16383]] });
  });

  it("gives every slot to one group, each less than a slot away from its exact share", () => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const assignment = value(firstAssignment(groups));
        assert.ok(Object.values(assignment).every((ranges) => ranges.length === 1));
        assert.ok(worstDistance(wholeOwners(assignment), groups) < 1);
      }),
    );
  });

  it("does not depend on the order in which groups are named", () => {
    const forwards = firstAssignment(even("a", "b", "c", "d", "e"));
    assert.deepEqual(firstAssignment(even("e", "c", "a", "b", "d")), forwards);
  });

  it("refuses weights that make no sense", () => {
    assert.match(refusal(firstAssignment([])), /no group: start a worker/);
    assert.match(refusal(firstAssignment([{ id: "g1", weight: -1 }])), /weight of group g1 is -1: give it/);
    assert.match(refusal(firstAssignment([{ id: "g1", weight: Number.NaN }])), /NaN/);
    assert.match(refusal(firstAssignment([{ id: "g1", weight: Number.POSITIVE_INFINITY }])), /Infinity/);
    assert.match(refusal(firstAssignment([{ id: "g1", weight: 0 }])), /every group has the weight 0/);
    assert.match(refusal(firstAssignment(even("g1", "g1"))), /g1 is named twice/);
  });

  it("copes with weights at the ends of what a number can be", () => {
    const huge = [1e308, 1e308, 5e-324].map((weight, index) => ({ id: `g${index}`, weight }));
    assert.deepEqual(counts(value(firstAssignment(huge))), { g0: 8192, g1: 8192 });
  });
});

describe("balancing", () => {
  it("moves a third to a third group, and back when that drains", () => {
    const two = value(firstAssignment(even("g1", "g2")));
    const three = value(balance(two, even("g1", "g2", "g3"), []));
    assert.deepEqual(counts(three), { g1: 5462, g2: 5461, g3: 5461 });
    assert.equal(slotsMoved(wholeOwners(two), wholeOwners(three)), 5461);
    const drained = value(balance(three, even("g1", "g2", "g3"), ["g3"]));
    assert.deepEqual(counts(drained), { g1: 8192, g2: 8192 });
    assert.equal(slotsMoved(wholeOwners(three), wholeOwners(drained)), 5461);
  });

  it("keeps ranges long", () => {
    let assignment = value(firstAssignment(even("g1", "g2", "g3")));
    assignment = value(balance(assignment, even("g1", "g2", "g3", "g4"), []));
    assert.ok(Object.values(assignment).flat().length <= 6, JSON.stringify(assignment));
  });

  it("moves the fewest slots from any assignment to shares that are right, and then nothing", () => {
    const owned = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 2000 })), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(anyGroups, owned, fc.boolean(), (groups, pieces, hasGaps) => {
        const before = ownersFrom(groups, pieces, hasGaps);
        const after = value(balance(assignmentOf(before), groups, []));
        const owners = wholeOwners(after);
        assert.ok(worstDistance(owners, groups) < 1);
        assert.equal(slotsMoved(before, owners), fewestMoves(before, groups));
        assert.deepEqual(balance(after, groups, []), { ok: true, value: after });
      }),
    );
  });

  it("takes everything from a group that drains and from nobody else", () => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const before = value(firstAssignment(groups));
        const drained = groups[0]!.id;
        const rest = groups.map((each) => (each.id === drained ? { ...each, weight: 0 } : each));
        if (rest.every(({ weight }) => weight === 0)) {
          assert.match(refusal(balance(before, groups, [drained])), /nobody would be left/);
          return;
        }
        const after = wholeOwners(value(balance(before, groups, [drained])));
        assert.ok(!after.includes(drained));
        assert.equal(slotsMoved(wholeOwners(before), after), fewestMoves(wholeOwners(before), rest));
      }),
    );
  });

  it("refuses what makes no sense, and says what to do", () => {
    const current = { g1: ALL_SLOTS };
    assert.match(refusal(balance(current, even("g1"), ["g1"])), /nobody would be left .* g1: add a group first/);
    assert.match(refusal(balance(current, even("g1"), ["g7"])), /no group g7 to drain: the groups are g1/);
    assert.match(
      refusal(balance(current, even("g2"), [])),
      /group g1 has 16384 slots and is not among the groups: start/,
    );
    assert.match(refusal(balance(current, [{ id: "g1", weight: -0.5 }], [])), /-0.5/);
    const both = [
      { id: "g1", weight: 1 },
      { id: "g2", weight: 0 },
    ];
    assert.match(refusal(balance(current, both, ["g1"])), /nobody would be left/);
  });

  it("decides for 1,000 groups within a second", () => {
    const groups = Array.from({ length: 1000 }, (_, index) => ({ id: `g${index}`, weight: 1 + (index % 7) }));
    const before = value(firstAssignment(groups.slice(0, 900)));
    const started = performance.now();
    const after = value(balance(before, groups, ["g3", "g500"]));
    const moves = movesBetween(before, after, { slotsPerMoveMax: 64 });
    const next = nextMoves(moves, [], { movesPerSourceMax: 1, movesPerTargetMax: 1, movesMax: 100 });
    const millis = performance.now() - started;
    assert.equal(next.length, 100);
    assert.ok(millis < 1000, `${millis} ms`);
    assert.equal(
      moves.reduce((sum, { slots }) => sum + countSlots(slots), 0),
      slotsMoved(wholeOwners(before), wholeOwners(after)),
    );
  });
});

/** Owners in pieces drawn at random; what is left goes to the first group, or to nobody. */
function ownersFrom(groups: readonly WeightedGroup[], pieces: readonly [number, number][], hasGaps: boolean) {
  const owners = new Array<string | undefined>(SLOT_COUNT).fill(hasGaps ? undefined : groups[0]!.id);
  let from = 0;
  for (const [owner, length] of pieces) {
    if (from >= SLOT_COUNT) break;
    owners.fill(groups[owner % groups.length]!.id, from, Math.min(SLOT_COUNT, from + length));
    from += length;
  }
  return owners;
}
