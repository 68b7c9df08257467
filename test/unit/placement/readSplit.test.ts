import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { percents, type Reader, splitReads } from "../../../src/core/placement/readSplit.ts";
import { fc } from "../../support/properties.ts";

const anyReaders = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 9000 })), { minLength: 1, maxLength: 6 })
  .map((list) =>
    list.map(([capacityPerSecond, load], index): Reader => ({ worker: `w${index}`, capacityPerSecond, load })),
  );

describe("dividing reads", () => {
  it("makes all that get any equally busy, and none of them busier than one that gets none", () => {
    fc.assert(
      fc.property(anyReaders, fc.integer({ min: 0, max: 20_000 }), (readers, reads) => {
        const split = splitReads(reads, readers);
        const sum = [...split.values()].reduce((total, part) => total + part, 0);
        assert.ok(Math.abs(sum - reads) <= 1e-6 * (1 + reads), `${sum} of ${reads}`);
        const busy = (reader: Reader) => (reader.load + split.get(reader.worker)!) / reader.capacityPerSecond;
        const levels = readers.filter(({ worker }) => split.get(worker)! > 1e-6).map(busy);
        const level = Math.max(0, ...levels);
        assert.ok(levels.every((each) => level - each <= 1e-6 * level));
        assert.ok(readers.every((reader) => split.get(reader.worker)! > 1e-6 || busy(reader) >= level - 1e-6));
      }),
    );
  });

  it("is told in whole percents that make a hundred", () => {
    assert.deepEqual(
      percents(
        new Map([
          ["a", 1],
          ["b", 1],
          ["c", 1],
        ]),
      ),
      { a: 34, b: 33, c: 33 },
    );
    assert.deepEqual(
      percents(
        new Map([
          ["a", 0],
          ["b", 0],
        ]),
      ),
      { a: 50, b: 50 },
    );
    assert.deepEqual(
      percents(
        new Map([
          ["a", 999],
          ["b", 1],
        ]),
      ),
      { a: 100, b: 0 },
    );
  });
});
