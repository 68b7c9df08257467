import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { NumberMap } from "../../../src/base/numberMap.ts";

/** Numbers so far apart have one place in a table, whatever its size. */
const SAME_PLACE = 2 ** 32;

function assertHolds(map: NumberMap<string>, model: ReadonlyMap<number, string>): void {
  const sorted = [...model].sort(([a], [b]) => a - b);
  assert.equal(map.size, model.size);
  assert.deepEqual(map.entries(), sorted);
  assert.deepEqual(map.values().sort(), sorted.map(([, value]) => value).sort());
  for (const [key, value] of model) assert.deepEqual([map.has(key), map.get(key)], [true, value]);
}

test("it holds what a Map holds, whatever comes and goes", () => {
  const near = fc.record({ low: fc.nat(3), high: fc.nat(5) }).map(({ low, high }) => low + high * SAME_PLACE);
  const key = fc.oneof(near, fc.nat(40), fc.maxSafeNat());
  const kind = fc.oneof(
    { weight: 20, arbitrary: fc.constant("set") },
    { weight: 10, arbitrary: fc.constant("delete") },
    { weight: 1, arbitrary: fc.constant("clear") },
  );
  fc.assert(
    fc.property(fc.array(fc.record({ key, kind }), { minLength: 50, maxLength: 300, size: "max" }), (steps) => {
      const map = new NumberMap<string>();
      const model = new Map<number, string>();
      steps.forEach(({ key, kind }, i) => {
        if (kind === "set") {
          map.set(key, `v${i}`);
          model.set(key, `v${i}`);
        } else if (kind === "delete") assert.equal(map.delete(key), model.delete(key));
        else {
          map.clear();
          model.clear();
          for (const gone of steps) assert.deepEqual([map.has(gone.key), map.get(gone.key)], [false, undefined]);
        }
        assert.equal(map.size, model.size);
        assert.equal(map.get(key), model.get(key));
        assert.equal(map.has(key), model.has(key));
      });
      assertHolds(map, model);
    }),
  );
});

test("any of those that have one place may go, wherever in the table that is, its end included", () => {
  // One after another, they have every place of a small table, and neighbours get in each other's way.
  for (let first = 0; first < 300; first++) {
    const keys = Array.from({ length: 24 }, (_, i) => first + (i >> 3) + (i & 7) * SAME_PLACE);
    const map = new NumberMap<string>();
    const model = new Map<number, string>();
    for (const key of keys) {
      map.set(key, `${key}`);
      model.set(key, `${key}`);
    }
    for (let gone = first % 5; model.size > 0; gone += 5) {
      const key = keys[gone % keys.length]!;
      assert.equal(map.delete(key), model.delete(key));
      for (const each of keys) assert.equal(map.get(each), model.get(each));
    }
    assertHolds(map, model);
  }
});

test("it grows for many entries, and becomes small again, which gives the room back", () => {
  const arrayBytes = (): number => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    for (let times = 0; times < 2; times++) gc();
    return process.memoryUsage().arrayBuffers;
  };
  const before = arrayBytes();
  const map = new NumberMap<number>();
  for (let i = 0; i < 100_000; i++) {
    map.set(i * 7, i);
    // Also those with which it has just grown.
    assert.ok(map.get(i * 7) === i);
  }
  for (let i = 0; i < 100_000; i++) assert.ok(map.get(i * 7) === i);
  const grown = arrayBytes() - before;
  assert.ok(grown >= 100_000 * 8 * 2, `${grown} bytes`);
  for (let i = 0; i < 100_000; i++) {
    assert.ok(map.delete(i * 7));
    // It moves now and then, and those that are left move with it.
    const last = 99_999;
    if (i < last) assert.ok(map.get(last * 7) === last);
  }
  assert.deepEqual([map.size, map.get(7), map.entries()], [0, undefined, []]);
  const kept = arrayBytes() - before;
  assert.ok(kept < grown / 16, `${kept} bytes of ${grown}`);
});
