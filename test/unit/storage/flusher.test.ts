import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkStore } from "../../../sim/invariants/theStoreIsTidy.ts";
import { ByteReader } from "../../../src/base/byteReader.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import type { HashValue } from "../../../src/core/state/values/hashValue.ts";
import { FLUSH_SIZES, type FlushSizes } from "../../../src/storage/flusher.ts";
import { keyLine, type PlainState, plainLine } from "../core/state/plainState.ts";
import { KEYS, RandomMutations } from "../core/state/randomMutations.ts";
import { StoreRig } from "./storeRig.ts";

const TINY: FlushSizes = { batchBytes: 300, batchRecords: 2, wholeBytesMax: 150 };

function drawSizes(prng: Prng): FlushSizes {
  return prng.pick([TINY, { batchBytes: 4_000, batchRecords: 6, wholeBytesMax: 600 }, FLUSH_SIZES]);
}

function checkAll(rig: StoreRig, plain: PlainState): void {
  const found: string[] = [];
  let cursor = 0;
  do cursor = rig.state.scan(cursor, 4, (key) => found.push(key));
  while (cursor !== 0);
  assert.deepEqual([...new Set(found)].sort(), [...plain.keys()].sort());
  assert.equal(rig.state.size, plain.size);
  for (const key of KEYS) {
    const expected = plain.get(key);
    assert.equal(keyLine(rig.state, key), expected && plainLine(expected), `key ${key.slice(0, 20)}`);
  }
  assert.equal(rig.state.size, plain.size, "loading changes nothing");
}

/** The newest version of a key in the store, and what the store says to have. */
function newestIn(rig: StoreRig): number {
  let newest = 0;
  const { shown } = rig.disk;
  for (let place = 0; ; place++) {
    const key = shown.keyAt(place);
    if (key === undefined) return newest;
    const reader = new ByteReader(shown.get(key)!);
    reader.u8();
    const table = key.charCodeAt(0);
    // The meta begins with what is applied, a key's record with its type and version.
    if (table === 0x01 || table === 0x10) newest = Math.max(newest, reader.u48());
  }
}

/** What entries make without any store. */
function plainRig(entries: readonly Uint8Array[]): StoreRig {
  const rig = new StoreRig({ prng: createPrng("plain"), sizes: FLUSH_SIZES });
  rig.entries.push(...entries);
  rig.disk.kill();
  rig.open();
  return rig;
}

function assertTidy(rig: StoreRig): void {
  checkStore(rig.disk, rig.entries.length, (violation) => assert.fail(violation.message));
}

describe("a key space with a store behind it", () => {
  test("is what it is without one, whatever was flushed and taken out of memory", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const prng = createPrng(`flusher ${seed}`);
      const rig = new StoreRig({ prng, sizes: drawSizes(prng), dirtyBlockRefs: prng.pick([1, 3, 256]) });
      const mutations = new RandomMutations(prng, rig.mutator);
      for (let i = 0; i < 200; i++) {
        rig.entry((at) => (prng.chance(1, 80) ? mutations.clear(at) : mutations.entry(at)));
        if (prng.chance(1, 12)) await rig.flusher.run();
        if (prng.chance(1, 8)) rig.evictAll();
        if (prng.chance(1, 25)) checkAll(rig, mutations.plain);
      }
      await rig.flusher.run();
      assertTidy(rig);
      checkAll(rig, mutations.plain);
    }
  });

  test("is whole again after a crash, though it changed while it was flushed", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const prng = createPrng(`crash ${seed}`);
      const rig = new StoreRig({ prng, sizes: drawSizes(prng), dirtyBlockRefs: prng.pick([1, 3, 256]) });
      let mutations = new RandomMutations(prng, rig.mutator);
      const change = (): void => {
        if (prng.chance(1, 2)) return;
        rig.entry((at) => (prng.chance(1, 60) ? mutations.clear(at) : mutations.entry(at)));
        if (prng.chance(1, 20)) rig.evictAll();
      };
      for (let round = 0; round < 6; round++) {
        for (let i = 0; i < 20; i++) change();
        rig.onWait = change;
        const flushed = rig.flusher.run();
        flushed.catch(() => undefined);
        if (prng.chance(1, 2)) await flushed;
        else for (let i = prng.below(30); i > 0; i--) await Promise.resolve();
        rig.onWait = () => undefined;
        const before = mutations.plain;
        if (prng.chance(2, 3)) rig.disk.crash();
        else rig.disk.kill();
        rig.open();
        mutations = new RandomMutations(prng, rig.mutator);
        for (const [key, value] of before) mutations.plain.set(key, value);
        checkAll(rig, mutations.plain);
      }
      await rig.flusher.run();
      assertTidy(rig);
    }
  });

  test("brings nothing to the store that is not decided, and nothing of it after it was refused", async () => {
    for (let seed = 0; seed < 30; seed++) {
      const prng = createPrng(`undecided ${seed}`);
      let decided = 0;
      let isDeposed = false;
      const waiting: {
        readonly upTo: number;
        readonly resolve: () => void;
        readonly reject: (error: Error) => void;
      }[] = [];
      const durable = (upTo: number): Promise<void> => {
        if (isDeposed) return Promise.reject(new Error("deposed"));
        if (upTo <= decided) return Promise.resolve();
        return new Promise((resolve, reject) => waiting.push({ upTo, resolve, reject }));
      };
      const rig = new StoreRig({ prng, sizes: drawSizes(prng), dirtyBlockRefs: prng.pick([1, 3, 256]), durable });
      const mutations = new RandomMutations(prng, rig.mutator);
      const change = (): void => rig.entry((at) => (prng.chance(1, 60) ? mutations.clear(at) : mutations.entry(at)));
      for (let i = 0; i < 40; i++) change();
      decided = prng.between(0, 40);
      let ended = "";
      rig.flusher.run().then(
        () => {
          ended = "whole";
        },
        () => {
          ended = "refused";
        },
      );
      for (let i = 0; i < 100; i++) {
        if (prng.chance(1, 4)) change();
        if (prng.chance(1, 4)) decided = prng.between(decided, rig.entries.length);
        for (const waiter of waiting.splice(0)) {
          if (waiter.upTo <= decided) waiter.resolve();
          else waiting.push(waiter);
        }
        await Promise.resolve();
        assert.ok(newestIn(rig) <= decided, `the store has entry ${newestIn(rig)}, and ${decided} is decided`);
      }
      isDeposed = true;
      for (const waiter of waiting.splice(0)) waiter.reject(new Error("deposed"));
      while (ended === "") await new Promise((resolve) => setImmediate(resolve));
      assert.ok(newestIn(rig) <= decided);
      rig.entries.length = decided;
      isDeposed = false;
      rig.disk.kill();
      rig.open();
      const { state } = plainRig(rig.entries);
      for (const key of KEYS) assert.equal(keyLine(rig.state, key), keyLine(state, key));
    }
  });

  test("gives all memory back when everything is in the store", async () => {
    const prng = createPrng("memory");
    const rig = new StoreRig({ prng, sizes: TINY });
    const mutations = new RandomMutations(prng, rig.mutator);
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 20; i++) rig.entry((at) => mutations.entry(at));
      await rig.flusher.run();
      rig.evictAll();
      assert.equal(rig.state.index.size, 0);
      assert.equal(rig.state.memoryUsed, rig.state.index.memoryBytes, "nothing is left but the index");
      // These touch large values that are not in memory, and do not need them.
      for (const key of KEYS) rig.entry(() => rig.state.find(key) !== 0 && rig.mutator.expire(key, 5_000 + round));
      for (const [, value] of mutations.plain) value.expireAt = 5_000 + round;
    }
  });

  test("keeps a large collection in pieces, and writes those that changed", async () => {
    const prng = createPrng("pieces");
    const rig = new StoreRig({ prng, sizes: FLUSH_SIZES });
    const fields = Array.from({ length: 3_000 }, (_, i) => [`field${i}`, `value${i}`]).flat();
    rig.entry(() => rig.mutator.hashSet("h", fields));
    await rig.flusher.run();
    const written = rig.disk.shown.size;
    assert.ok(written > 20, `${written} pieces`);
    rig.entry(() => rig.mutator.hashSet("h", ["field1234", "changed"]));
    const before = rig.disk.writtenBytes;
    await rig.flusher.run();
    assert.ok(rig.disk.writtenBytes - before < 5_000, `${rig.disk.writtenBytes - before} bytes for one field`);
    rig.evictAll();
    assert.equal((rig.state.collection(rig.state.find("h")) as HashValue).get("field1234"), "changed");
    rig.entry(() => rig.mutator.delete("h"));
    await rig.flusher.run();
    await rig.flusher.run();
    assertTidy(rig);
    assert.equal(rig.disk.shown.size, 1, "only what the store says of itself is left");
  });

  test("finds keys on disk whose time is over, soonest first", async () => {
    const prng = createPrng("expired");
    const rig = new StoreRig({ prng, sizes: FLUSH_SIZES });
    for (let i = 0; i < 50; i++) rig.entry(() => rig.mutator.setText(`k${i}`, "v", 1_000 + ((i * 7) % 50)));
    await rig.flusher.run();
    rig.evictAll();
    const keys: string[] = [];
    let after: Uint8Array | undefined;
    for (;;) {
      const page = rig.store.expired(1_030, 8, after);
      keys.push(...page.keys);
      after = page.last;
      if (page.keys.length < 8) break;
    }
    const due = Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, at: 1_000 + ((i * 7) % 50) }));
    const expected = due.filter(({ at }) => at < 1_030).sort((a, b) => a.at - b.at);
    assert.deepEqual(
      keys,
      expected.map(({ key }) => key),
    );
    assert.equal(rig.state.index.size, 0, "nobody was loaded for it");
  });
});
