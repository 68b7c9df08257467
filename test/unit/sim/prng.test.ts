import assert from "node:assert/strict";
import { test } from "node:test";
import { createPrng } from "../../../src/base/prng.ts";

const draws = (seed: string, count = 5): number[] => {
  const prng = createPrng(seed);
  return Array.from({ length: count }, () => prng.u32());
};

test("a seed always gives the same draws", () => {
  assert.deepEqual(draws("holdfast"), draws("holdfast"));
  assert.notDeepEqual(draws("holdfast"), draws("holdfasu"));
  assert.deepEqual(draws("holdfast", 3), [1377995949, 2140303638, 545420720]);
});

test("a fork depends on the seed and its name, not on what was drawn before", () => {
  const early = createPrng("seed");
  const late = createPrng("seed");
  for (let i = 0; i < 100; i++) late.u32();
  assert.equal(early.fork("disk").u32(), late.fork("disk").u32());
  assert.notEqual(early.fork("disk").u32(), early.fork("net").u32());
  assert.notEqual(early.fork("disk").u32(), createPrng("other").fork("disk").u32());
});

test("draws stay in their bounds and reach all of them", () => {
  const prng = createPrng(1);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) seen.add(prng.between(3, 7));
  assert.deepEqual([...seen].sort(), [3, 4, 5, 6, 7]);
  assert.equal(prng.between(4, 4), 4);
  assert.ok(!prng.chance(0, 10));
  assert.ok(prng.chance(10, 10));
  assert.ok(["a", "b"].includes(prng.pick(["a", "b"])));
});

test("draws are about evenly spread", () => {
  const prng = createPrng("spread");
  const buckets = new Array<number>(16).fill(0);
  for (let i = 0; i < 160_000; i++) buckets[prng.below(16)]!++;
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 500, String(buckets));
});

test("fill writes only its range", () => {
  const bytes = new Uint8Array(10);
  createPrng("fill").fill(bytes, 3, 7);
  assert.deepEqual([...bytes.subarray(0, 3), ...bytes.subarray(7)], [0, 0, 0, 0, 0, 0]);
  assert.ok(bytes.subarray(3, 7).some((byte) => byte !== 0));
});
