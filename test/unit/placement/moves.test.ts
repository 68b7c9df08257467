import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { balance } from "../../../src/core/placement/balance.ts";
import type { MoveSlots } from "../../../src/core/placement/decision.ts";
import { firstAssignment } from "../../../src/core/placement/firstAssignment.ts";
import { movesBetween } from "../../../src/core/placement/movesBetween.ts";
import { type ActiveMove, nextMoves } from "../../../src/core/placement/nextMoves.ts";
import { type MoveRequest, planMove } from "../../../src/core/placement/planMove.ts";
import { afterMoves, assignmentOf, ownersOf } from "../../../src/core/slots/assignment.ts";
import { countSlots, eachSlot, readRanges, showRanges } from "../../../src/core/slots/slotRanges.ts";
import { fc } from "../../support/properties.ts";
import { anyGroups, fewestMoves } from "./assignments.ts";

const shown = (moves: readonly MoveSlots[]) =>
  moves.map(({ slots, source, target }) => `${source}>${target} ${showRanges(slots)}`);

describe("the moves between two assignments", () => {
  it("come in batches, source and target taking turns", () => {
    const current = { g1: [[0, 99]], g2: [[100, 199]] } as const;
    const desired = { g1: [[0, 79]], g2: [[100, 179]], g3: [[80, 99]], g4: [[180, 199]] } as const;
    const moves = movesBetween(current, desired, { slotsPerMoveMax: 10 });
    assert.deepEqual(shown(moves), ["g1>g3 80-89", "g2>g4 180-189", "g1>g3 90-99", "g2>g4 190-199"]);
    assert.equal(moves[0]!.why, "g1 has 100 slots and is to have 80, g3 has 0 slots and is to have 20");
  });

  it("make the desired assignment, whatever it is", () => {
    fc.assert(
      fc.property(anyGroups, anyGroups, fc.integer({ min: 1, max: 500 }), (before, after, slotsPerMoveMax) => {
        const current = assigned(before);
        const everybody = [...before, ...after.map(({ id, weight }) => ({ id: `h${id}`, weight }))];
        const desired = balance(current, everybody, []);
        assert.ok(desired.ok);
        const owners = ownersOf(current)!;
        for (const { slots, source, target, why } of movesBetween(current, desired.value, { slotsPerMoveMax })) {
          assert.ok(countSlots(slots) <= slotsPerMoveMax);
          assert.notEqual(why, "");
          for (const slot of eachSlot(slots)) {
            assert.equal(owners[slot], source);
            owners[slot] = target;
          }
        }
        assert.deepEqual(assignmentOf(owners), desired.value);
      }),
    );
  });
});

describe("a move that an operator asks for", () => {
  const request: MoveRequest = {
    current: { g1: [[0, 8191]], g2: [[8192, 16000]] },
    groups: ["g2", "g1", "g3"],
    locked: { m7: [[500, 599]] },
    slots: [[0, 99]],
    target: "g2",
  };
  const plan = (change: Partial<MoveRequest>) => planMove({ ...request, ...change }, { slotsPerMoveMax: 60 });
  const refusal = (change: Partial<MoveRequest>) => {
    const result = plan(change);
    assert.ok(!result.ok);
    return result.error;
  };

  it("is split by source and into batches, what is there already left out", () => {
    const result = plan({ slots: readRanges("8100-8250,9000")!, target: "g3" });
    assert.ok(result.ok);
    assert.deepEqual(shown(result.value), ["g1>g3 8100-8159", "g2>g3 8192-8250,9000", "g1>g3 8160-8191"]);
    const partly = plan({ slots: readRanges("8190-8195")!, target: "g2" });
    assert.ok(partly.ok);
    assert.deepEqual(shown(partly.value), ["g1>g2 8190-8191"]);
    assert.match(partly.value[0]!.why, /an operator asked for 2 slots of g1 to go to g2/);
  });

  it("is refused with a sentence that says what to do", () => {
    assert.match(refusal({ target: "g9" }), /no group g9 \(the groups are g1, g2, g3\): name one of them/);
    assert.match(refusal({ target: "g9", groups: [] }), /there is none yet/);
    assert.match(refusal({ slots: [] }), /no slots are named/);
    assert.match(refusal({ slots: [[16383, 16383]] }), /slot 16383 belongs to no group.*wait/);
    assert.match(refusal({ slots: [[400, 520]] }), /slot 500 is being moved already by move m7: wait/);
    assert.match(refusal({ slots: [[9000, 9001]] }), /g2 has all of these slots already/);
  });
});

describe("a plan that is made anew while slots move", () => {
  it("moves each slot once, whichever moves end first, until all is balanced", () => {
    const choices = fc.infiniteStream(fc.nat(1000));
    fc.assert(
      fc.property(anyGroups, fc.integer({ min: 50, max: 900 }), choices, (groups, slotsPerMoveMax, choice) => {
        const limits = { movesPerSourceMax: 2, movesPerTargetMax: 2, movesMax: 6 };
        const before = assigned(groups.slice(0, 1).map(({ id }) => ({ id, weight: 1 })));
        let current = before;
        let active: ActiveMove[] = [];
        let moved = 0;
        for (;;) {
          const expected = afterMoves(current, active);
          const desired = balance(expected, groups, []);
          assert.ok(desired.ok);
          active = [
            ...active,
            ...nextMoves(movesBetween(expected, desired.value, { slotsPerMoveMax }), active, limits),
          ];
          if (active.length === 0) break;
          const [over] = active.splice(choice.next().value % active.length, 1);
          moved += countSlots(over!.slots);
          current = afterMoves(current, [over!]);
        }
        assert.equal(moved, fewestMoves(ownersOf(before)!, groups));
      }),
      { numRuns: 20 },
    );
  });
});

describe("the moves that may run at once", () => {
  const move = (source: string, target: string, slot: number): MoveSlots => ({
    kind: "moveSlots",
    slots: [[slot, slot]],
    source,
    target,
    why: "",
  });
  const limits = { movesPerSourceMax: 1, movesPerTargetMax: 2, movesMax: 3 };

  it("keep to the limits of sources, targets and the cluster, those under way counted", () => {
    const planned = [move("a", "x", 1), move("a", "y", 2), move("b", "x", 3), move("c", "x", 4), move("d", "y", 5)];
    const next = nextMoves(planned, [], limits);
    assert.deepEqual(shown(next), ["a>x 1", "b>x 3", "d>y 5"]);
    const active: ActiveMove[] = [{ slots: [[9, 9]], source: "a", target: "x" }];
    assert.deepEqual(shown(nextMoves(planned, active, limits)), ["b>x 3", "d>y 5"]);
    assert.deepEqual(nextMoves(planned, next, limits), []);
  });

  it("never take a slot that is moving", () => {
    const active: ActiveMove[] = [{ slots: [[0, 9]], source: "a", target: "x" }];
    assert.deepEqual(nextMoves([move("b", "y", 5)], active, { ...limits, movesMax: 9 }), []);
  });
});

function assigned(groups: Parameters<typeof firstAssignment>[0]) {
  const assignment = firstAssignment(groups);
  assert.ok(assignment.ok);
  return assignment.value;
}
