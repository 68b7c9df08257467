import assert from "node:assert/strict";
import { test } from "node:test";
import { createPrng, type Prng } from "../../../../src/base/prng.ts";
import { KeyIndex } from "../../../../src/core/state/keyIndex.ts";

/** Hashes as they come, or crowded into few places, where probing runs long. */
const DRAWS: readonly ((prng: Prng) => number)[] = [
  (prng) => prng.u32(),
  (prng) => (0xab000000 + prng.below(1 << 24)) >>> 0,
  (prng) => (0xff000000 + (0xffffff - prng.below(3_000))) >>> 0,
  (prng) => (0x01234000 + prng.below(4) * 3) >>> 0,
];

function refsWith(index: KeyIndex, hash: number): number[] {
  const refs: number[] = [];
  index.withHash(hash, (ref) => refs.push(ref));
  return refs.sort((a, b) => a - b);
}

function checkAll(index: KeyIndex, model: ReadonlyMap<number, number>): void {
  assert.equal(index.size, model.size);
  const byHash = new Map<number, number[]>();
  for (const [ref, hash] of model) byHash.set(hash, [...(byHash.get(hash) ?? []), ref]);
  for (const [hash, refs] of byHash) {
    assert.equal(refsWith(index, hash).join(), refs.sort((a, b) => a - b).join(), `refs of hash ${hash}`);
  }
}

function scanAll(index: KeyIndex, count: number): number[] {
  const refs: number[] = [];
  let cursor = 0;
  while (cursor < 2 ** 32) {
    const next = index.scan(cursor, count, (ref) => refs.push(ref));
    assert.ok(next > cursor, "a scan gets on");
    cursor = next;
  }
  return refs;
}

test("the index is a multimap from hashes to refs", () => {
  for (let seed = 0; seed < 24; seed++) {
    const prng = createPrng(`index ${seed}`);
    const draw = DRAWS[seed % DRAWS.length]!;
    const index = new KeyIndex();
    const model = new Map<number, number>();
    const refs: number[] = [];
    const drawRef = (): number => refs.splice(prng.below(refs.length), 1)[0]!;
    let nextRef = 1;
    const add = (hash: number): void => {
      refs.push(nextRef);
      model.set(nextRef++, hash);
    };
    const crowd = seed % DRAWS.length === 3 ? 60 : 1_500;
    for (let i = 0; i < crowd * 2; i++) {
      if (refs.length === 0 || (prng.chance(2, 3) && refs.length < crowd)) {
        const hash = draw(prng);
        index.insert(hash, nextRef);
        add(hash);
      } else if (prng.chance(1, 4)) {
        const ref = drawRef();
        const hash = model.get(ref)!;
        index.replace(hash, ref, nextRef);
        model.delete(ref);
        add(hash);
      } else {
        const ref = drawRef();
        index.remove(model.get(ref)!, ref);
        model.delete(ref);
      }
      if (i % 311 === 0) checkAll(index, model);
    }
    checkAll(index, model);
    const met = scanAll(index, prng.between(1, 50)).sort((a, b) => a - b);
    assert.equal(met.join(), refs.sort((a, b) => a - b).join(), "a scan meets everybody once");
  }
});

test("a scan meets every pair that stays, however the index grows and shrinks meanwhile", () => {
  for (let seed = 0; seed < 40; seed++) {
    const prng = createPrng(`scan ${seed}`);
    const draw = DRAWS[seed % 3]!;
    const index = new KeyIndex();
    const staying = new Map<number, number>();
    const passing: [hash: number, ref: number][] = [];
    let nextRef = 1;
    for (let i = 0; i < 400; i++) {
      const hash = draw(prng);
      index.insert(hash, nextRef);
      staying.set(nextRef++, hash);
    }
    const met = new Set<number>();
    let cursor = 0;
    while (cursor < 2 ** 32) {
      cursor = index.scan(cursor, prng.between(1, 20), (ref) => met.add(ref));
      for (let i = prng.below(60); i > 0; i--) {
        if (passing.length > 0 && prng.chance(1, 3)) {
          index.remove(...passing.splice(prng.below(passing.length), 1)[0]!);
        } else {
          passing.push([draw(prng), nextRef++]);
          index.insert(...passing.at(-1)!);
        }
      }
    }
    for (const ref of staying.keys()) assert.ok(met.has(ref), `seed ${seed}: ${ref} was not met`);
  }
});

test("a near ref is one that is there", () => {
  const prng = createPrng("near");
  const index = new KeyIndex();
  assert.equal(index.near(5), 0);
  const refs = new Set<number>();
  for (let ref = 1; ref <= 40; ref++) {
    index.insert(prng.u32(), ref);
    refs.add(ref);
  }
  const found = new Set<number>();
  for (let i = 0; i < 2_000; i++) found.add(index.near(prng.u32()));
  assert.ok([...found].every((ref) => refs.has(ref)));
  assert.ok(found.size > 30, "most of them are near something");
});

test("its memory is counted, and goes with a clear", () => {
  const index = new KeyIndex();
  const empty = index.memoryBytes;
  const prng = createPrng("memory");
  for (let ref = 1; ref <= 50_000; ref++) index.insert(prng.u32(), ref);
  const each = (index.memoryBytes - empty) / 50_000;
  assert.ok(each > 8 && each < 16, `${each} bytes a key`);
  index.clear();
  assert.equal(index.memoryBytes, empty);
  assert.equal(index.size, 0);
});

test("pairs are found as tables move to an arena, to a larger one, and one of them stays apart", () => {
  const index = new KeyIndex();
  const prng = createPrng("many pairs");
  const hashes = new Uint32Array(3_500_000);
  for (let i = 0; i < hashes.length; i++) {
    // Some tables get all that comes for a while: more than their share.
    hashes[i] = i > 400_000 && i < 460_000 ? (0x77000000 | prng.below(1 << 24)) >>> 0 : prng.u32();
    index.insert(hashes[i]!, i + 1);
  }
  assert.equal(index.size, hashes.length);
  let missing = 0;
  for (let i = 0; i < hashes.length; i += 3) {
    let isThere = false;
    index.withHash(hashes[i]!, (ref) => {
      if (ref === i + 1) isThere = true;
    });
    if (!isThere) missing++;
  }
  assert.equal(missing, 0);
  let met = 0;
  for (let cursor = 0; cursor < 2 ** 32; ) cursor = index.scan(cursor, 1_000, () => met++);
  assert.equal(met, hashes.length);
  for (let i = 0; i < hashes.length; i++) index.remove(hashes[i]!, i + 1);
  assert.equal(index.size, 0);
  assert.equal(index.near(1), 0);
});
