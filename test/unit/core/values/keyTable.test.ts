import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyTable } from "../../../../src/core/state/values/keyTable.ts";
import { installTextHashSeed, textHash } from "../../../../src/core/state/values/textHash.ts";
import { randomFrom } from "./support.ts";

/** The same rules with a Map and an array. */
class Model {
  readonly keys: string[] = [];
  readonly positions = new Map<string, number>();

  add(key: string): number {
    const known = this.positions.get(key);
    if (known !== undefined) return known;
    this.positions.set(key, this.keys.length);
    return this.keys.push(key) - 1;
  }

  remove(key: string): void {
    const position = this.positions.get(key)!;
    this.positions.delete(key);
    const last = this.keys.pop()!;
    if (last === key) return;
    this.keys[position] = last;
    this.positions.set(last, position);
  }
}

function compare(table: KeyTable, model: Model): void {
  assert.equal(table.length, model.keys.length);
  model.keys.forEach((key, position) => {
    assert.equal(table.keyAt(position), key);
    assert.equal(table.find(key), position);
  });
}

test("a table behaves as a map with dense positions while it grows to many segments and shrinks again", () => {
  const random = randomFrom(7);
  const table = new KeyTable();
  const model = new Model();
  for (const [steps, addChance, universe] of [
    [60_000, 90, 100_000],
    [60_000, 50, 100_000],
    [90_000, 5, 60_000],
    [20_000, 80, 300],
  ] as const) {
    for (let i = 0; i < steps; i++) {
      const key = `k${random(universe)}`;
      if (random(100) < addChance) assert.equal(table.add(key), model.add(key));
      else {
        const position = table.find(key);
        assert.equal(position, model.positions.get(key) ?? -1);
        if (position >= 0) {
          table.removeAt(position);
          model.remove(key);
        }
      }
    }
    compare(table, model);
  }
});

test("keys with equal hashes are told apart", () => {
  const byHash = new Map<number, string>();
  const pairs: string[] = [];
  for (let i = 0; pairs.length < 4 && i < 400_000; i++) {
    const key = `x${i}`;
    const other = byHash.get(textHash(key));
    if (other !== undefined) pairs.push(other, key);
    byHash.set(textHash(key), key);
  }
  assert.ok(pairs.length >= 4, "no colliding keys were found");
  const table = new KeyTable();
  pairs.forEach((key, i) => {
    assert.equal(table.find(key), -1);
    assert.equal(table.add(key), i);
  });
  table.removeAt(0);
  assert.equal(table.find(pairs[0]!), -1);
  assert.equal(table.find(pairs[1]!), 1);
});

test("the hash spreads similar keys, and depends on its seed", () => {
  const buckets = new Array<number>(256).fill(0);
  for (let i = 0; i < 65_536; i++) {
    const hash = textHash(`user:${i}`);
    buckets[hash & 255]!++;
    buckets[hash >>> 24]!++;
  }
  // 512 are expected in each; 8 standard deviations are about 180.
  for (const count of buckets) assert.ok(count > 330 && count < 690, `a bucket has ${count}`);
  const before = textHash("a");
  installTextHashSeed(1, 2);
  assert.notEqual(textHash("a"), before);
  installTextHashSeed(0x5bd1e995, 0x1b873593);
  assert.equal(textHash("a"), before);
});
