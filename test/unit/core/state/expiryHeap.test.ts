import assert from "node:assert/strict";
import { test } from "node:test";
import { createPrng } from "../../../../src/base/prng.ts";
import { ExpiryHeap } from "../../../../src/core/state/expiryHeap.ts";

test("entries come out in the order of their times", () => {
  for (let seed = 0; seed < 20; seed++) {
    const prng = createPrng(`heap ${seed}`);
    const heap = new ExpiryHeap();
    const model: { at: number; hash: number }[] = [];
    for (let i = 0; i < 1_500; i++) {
      if (model.length === 0 || prng.chance(3, 5)) {
        const entry = { at: prng.below(prng.pick([10, 2 ** 41])), hash: prng.u32() };
        heap.push(entry.at, entry.hash);
        model.push(entry);
      } else {
        const soonest = Math.min(...model.map(({ at }) => at));
        assert.equal(heap.soonest, soonest);
        const hash = heap.pop();
        const found = model.findIndex((entry) => entry.at === soonest && entry.hash === hash);
        assert.notEqual(found, -1, "what comes out was put in, and none is sooner");
        model.splice(found, 1);
      }
      assert.equal(heap.size, model.length);
    }
  }
});

test("nothing expires in an empty heap", () => {
  const heap = new ExpiryHeap();
  assert.equal(heap.soonest, Number.POSITIVE_INFINITY);
  heap.push(1, 1);
  heap.clear();
  assert.equal(heap.soonest, Number.POSITIVE_INFINITY);
});
