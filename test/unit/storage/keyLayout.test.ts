import assert from "node:assert/strict";
import { test } from "node:test";
import { keySlot } from "../../../src/base/crc16.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { createPrng } from "../../../src/base/prng.ts";
import * as layout from "../../../src/storage/keyLayout.ts";

const order = (bytes: Uint8Array): string => decodeLatin1(bytes);
const isWithin = (key: Uint8Array, { gte, lt }: { gte: Uint8Array; lt: Uint8Array }): boolean =>
  order(key) >= order(gte) && order(key) < order(lt);

test("a record's key leads back to the key and its position", () => {
  const prng = createPrng("records");
  for (let i = 0; i < 2_000; i++) {
    const key = String.fromCharCode(...Array.from({ length: prng.below(20) }, () => prng.below(256)));
    const hash = prng.u32();
    const engineKey = layout.recordKey(prng.u32(), key, hash);
    assert.equal(layout.keyOfRecordKey(engineKey), key);
    assert.equal(layout.positionOfRecordKey(engineKey), keySlot(key) * 2 ** 32 + hash);
  }
});

test("records lie in the order of generation, slot and hash", () => {
  const prng = createPrng("order");
  const drawn = Array.from({ length: 1_000 }, () => ({
    generation: prng.pick([1, 2, 255, 256, 2 ** 32 - 1]),
    key: `{${prng.below(30)}}${prng.below(9)}`,
    hash: prng.pick([0, 255, 256, 2 ** 31, 2 ** 32 - 1, prng.u32()]),
  }));
  const place = ({ generation, key, hash }: (typeof drawn)[number]): readonly number[] => [
    generation,
    keySlot(key),
    hash,
  ];
  const keyOf = ({ generation, key, hash }: (typeof drawn)[number]): string =>
    order(layout.recordKey(generation, key, hash));
  const byBytes = drawn.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  for (let i = 1; i < byBytes.length; i++) {
    const [before, after] = [place(byBytes[i - 1]!), place(byBytes[i]!)];
    const differs = before.findIndex((part, at) => part !== after[at]);
    assert.ok(differs === -1 || before[differs]! < after[differs]!);
  }
});

test("a cursor is the place before the first record at its position", () => {
  for (const [key, hash] of [
    ["a", 0],
    ["b", 2 ** 32 - 1],
    ["", 77],
  ] as const) {
    const record = layout.recordKey(7, key, hash);
    const position = layout.positionOfRecordKey(record);
    assert.ok(order(layout.recordKeyAt(7, position)) <= order(record));
    assert.ok(order(layout.recordKeyAt(7, position + 1)) > order(record));
    assert.ok(isWithin(record, layout.recordsRange(7)));
    assert.ok(!isWithin(record, layout.recordsRange(6)) && !isWithin(record, layout.recordsRange(8)));
  }
});

test("the pieces of a collection are a range of their own", () => {
  const ids = [1, 2, 255, 256, 2 ** 32, 2 ** 40 + 5];
  for (const id of ids) {
    for (const name of ["", "a", "\xff\xff"]) {
      const key = layout.pieceKey(3, id, name);
      assert.equal(layout.pieceOfPieceKey(key), name);
      for (const other of ids) assert.equal(isWithin(key, layout.pieceRange(3, other)), other === id);
    }
    assert.equal(layout.pieceIdOfOrphanKey(layout.orphanKey(id)), id);
    assert.ok(isWithin(layout.orphanKey(id), layout.ORPHANS_RANGE));
  }
});

test("expiries lie in the order of their times", () => {
  const times = [1, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 47];
  const keys = times.map((at) => layout.expiryKey(1, at, "key"));
  assert.deepEqual(keys.map(order), keys.map(order).sort());
  for (const key of keys) assert.equal(layout.keyOfExpiryKey(key), "key");
});

test("what earlier generations have left is one range a table", () => {
  const [records, pieces, expiries] = layout.GENERATION_TABLES;
  for (const generation of [1, 2, 3, 4]) {
    const isOld = generation < 3;
    assert.equal(isWithin(layout.recordKey(generation, "k", 5), layout.generationRange(records!, 0, 3)), isOld);
    assert.equal(isWithin(layout.pieceKey(generation, 5, "p"), layout.generationRange(pieces!, 0, 3)), isOld);
    assert.equal(isWithin(layout.expiryKey(generation, 5, "k"), layout.generationRange(expiries!, 0, 3)), isOld);
  }
});
