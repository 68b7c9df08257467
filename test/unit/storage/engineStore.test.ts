import assert from "node:assert/strict";
import { test } from "node:test";
import { seq } from "../../../src/base/ids.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { FLUSH_SIZES } from "../../../src/storage/flusher.ts";
import { decodeMeta, encodeMeta, newMeta } from "../../../src/storage/meta.ts";
import { StoreRig } from "./storeRig.ts";

async function filledRig(keys: readonly string[]): Promise<StoreRig> {
  const rig = new StoreRig({ prng: createPrng("engine store"), sizes: FLUSH_SIZES });
  for (const key of keys) rig.entry(() => rig.mutator.setText(key, `of ${key}`, 0));
  await rig.flusher.run();
  rig.evictAll();
  return rig;
}

test("pages of keys are in order, without gaps and repetitions, whatever their size", async () => {
  const keys = Array.from({ length: 200 }, (_, i) => `{tag${i % 7}}${i}`);
  const rig = await filledRig(keys);
  for (const limit of [1, 2, 7, 199, 200, 500]) {
    const found: string[] = [];
    let cursor: number | undefined = 0;
    while (cursor !== undefined) {
      const page = rig.store.keys(cursor, limit);
      found.push(...page.keys);
      assert.ok(page.next === undefined || page.next > cursor);
      cursor = page.next;
    }
    assert.deepEqual(found.sort(), [...keys].sort());
  }
});

test("keys of one hash are on one page, for a cursor cannot stand between them", async () => {
  const keys = Array.from({ length: 9 }, (_, i) => `{same slot}${i}`);
  const colliding = new StoreRig({ prng: createPrng("collision"), sizes: FLUSH_SIZES });
  colliding.state.hashOf = () => 5;
  for (const key of keys) colliding.entry(() => colliding.mutator.setText(key, "v", 0));
  await colliding.flusher.run();
  const page = colliding.store.keys(0, 2);
  assert.deepEqual([...page.keys].sort(), keys);
  assert.equal(page.next, undefined);
});

test("a key that is not stored is not loaded, and one that is comes as it was", async () => {
  const rig = await filledRig(["a"]);
  assert.equal(rig.store.load("b"), undefined);
  const record = rig.store.load("a")!;
  assert.equal(record.version, 1);
  assert.equal(record.expireAt, 0);
  assert.deepEqual(record.value, new Uint8Array(Buffer.from("of a")));
});

test("what the store says of itself is read as it was written", () => {
  const numbers = { applied: seq(2 ** 47), cleared: seq(5), generation: 70_000, storedKeys: 3, nextPieceId: 9 };
  const meta = { ...numbers, storedSessionRows: 2, installing: false };
  for (const installing of [false, true])
    assert.deepEqual(decodeMeta(encodeMeta({ ...meta, installing })), { ...meta, installing });
  assert.deepEqual(decodeMeta(encodeMeta(newMeta())), newMeta());
  const later = encodeMeta(meta);
  later[0] = 3;
  assert.equal(decodeMeta(later), undefined, "a later version is not guessed at");
});
