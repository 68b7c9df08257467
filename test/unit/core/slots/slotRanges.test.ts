import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { afterMoves, assignmentOf, ownedSlots, ownersOf, sectionsOf } from "../../../../src/core/slots/assignment.ts";
import {
  areRanges,
  commonSlot,
  commonSlots,
  eachSlot,
  hasSlots,
  joinedSlots,
  rangesOf,
  SLOT_COUNT,
  type SlotRanges,
  slotsWithout,
} from "../../../../src/core/slots/slotRanges.ts";

/** Few slots, so that ranges meet, touch and miss one another; with both ends of all slots. */
const slot = fc.integer({ min: -12, max: 11 }).map((n) => (n + SLOT_COUNT) % SLOT_COUNT);
const ranges = fc.uniqueArray(slot, { maxLength: 16 }).map((slots) => rangesOf(slots));
const owners = fc
  .array(fc.tuple(slot, fc.constantFrom("g1", "g2", "constructor", "__proto__")), { maxLength: 24 })
  .map((pairs) => {
    const all = new Array<string | undefined>(SLOT_COUNT).fill(undefined);
    for (const [at, group] of pairs) all[at] = group;
    return all;
  });

function setOf(slots: SlotRanges): Set<number> {
  assert.ok(areRanges(slots), JSON.stringify(slots));
  return new Set(eachSlot(slots));
}

describe("ranges of slots", () => {
  it("are joined, cut and compared like the sets that they stand for", () => {
    fc.assert(
      fc.property(ranges, ranges, (one, other) => {
        const [a, b] = [setOf(one), setOf(other)];
        const common = [...a].filter((each) => b.has(each));
        assert.deepEqual(setOf(commonSlots(one, other)), new Set(common));
        assert.equal(commonSlot(one, other), common[0]);
        assert.deepEqual(setOf(slotsWithout(one, other)), new Set([...a].filter((each) => !b.has(each))));
        assert.deepEqual(joinedSlots(one, other), rangesOf([...a, ...b]));
        assert.equal(hasSlots(one, other), common.length === b.size);
      }),
    );
  });

  it("are given away, one gift after the other", () => {
    const gift = fc.record({ slots: ranges, target: fc.constantFrom("g1", "g3", "__proto__") });
    fc.assert(
      fc.property(owners, fc.array(gift, { maxLength: 4 }), (before, gifts) => {
        const after = [...before];
        for (const { slots, target } of gifts) for (const each of eachSlot(slots)) after[each] = target;
        assert.deepEqual(ownersOf(afterMoves(assignmentOf(before), gifts)), after);
      }),
      { numRuns: 40 },
    );
  });

  it("of all groups stand in a row", () => {
    fc.assert(
      fc.property(owners, (all) => {
        const found = new Array<string | undefined>(SLOT_COUNT).fill(undefined);
        let last = -1;
        for (const { from, to, group } of sectionsOf(assignmentOf(all))) {
          assert.ok(from > last);
          found.fill(group, from, to + 1);
          last = to;
        }
        assert.deepEqual(found, all);
        const owned = [...all.keys()].filter((each) => all[each] !== undefined);
        assert.deepEqual(ownedSlots(assignmentOf(all)), rangesOf(owned));
      }),
      { numRuns: 40 },
    );
  });
});
