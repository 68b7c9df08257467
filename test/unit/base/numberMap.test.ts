import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NumberMap } from "../../../src/base/numberMap.ts";

test("it holds what a Map holds, whatever comes and goes", () => {
  const key = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.maxSafeNat());
  const step = fc.record({ key, kind: fc.constantFrom("set", "set", "delete", "clear") });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const map = new NumberMap<string>();
      const model = new Map<number, string>();
      steps.forEach(({ key, kind }, i) => {
        if (kind === "set") {
          map.set(key, `v${i}`);
          model.set(key, `v${i}`);
        } else if (kind === "delete") assert.equal(map.delete(key), model.delete(key));
        else if (i % 50 === 0) {
          map.clear();
          model.clear();
        }
        assert.equal(map.size, model.size);
        assert.equal(map.get(key), model.get(key));
        assert.equal(map.has(key), model.has(key));
      });
      const sorted = [...model].sort(([a], [b]) => a - b);
      assert.deepEqual(map.entries(), sorted);
      assert.deepEqual(map.values().sort(), sorted.map(([, value]) => value).sort());
      for (const [key, value] of model) assert.equal(map.get(key), value);
    }),
  );
});

test("it grows for many entries, and becomes small again", () => {
  const map = new NumberMap<number>();
  for (let i = 0; i < 100_000; i++) map.set(i * 7, i);
  for (let i = 0; i < 100_000; i++) assert.equal(map.get(i * 7), i);
  for (let i = 0; i < 100_000; i++) assert.ok(map.delete(i * 7));
  assert.deepEqual([map.size, map.get(7), map.entries()], [0, undefined, []]);
});
