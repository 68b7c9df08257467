import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { checkStore } from "../../../sim/invariants/theStoreIsTidy.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { keySlot } from "../../../src/base/crc16.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import type { SlotChange } from "../../../src/core/slots/slotChange.ts";
import { ALL_SLOTS, rangesOf } from "../../../src/core/slots/slotRanges.ts";
import { SlotTable } from "../../../src/core/slots/slotTable.ts";
import { countKeysInSlots, keysInSlot, SlotKeyWalk } from "../../../src/core/state/slotKeys.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import { FLUSH_SIZES, type FlushSizes } from "../../../src/storage/flusher.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { SnapshotInstall } from "../../../src/storage/snapshotInstall.ts";
import { SnapshotSource } from "../../../src/storage/snapshotSource.ts";
import { KEYS, RandomMutations } from "../core/state/randomMutations.ts";
import { open, record } from "./logSupport.ts";
import { StoreRig } from "./storeRig.ts";

const TINY: FlushSizes = { batchBytes: 300, batchRecords: 2, wholeBytesMax: 150 };
const HERE = rangesOf(KEYS.filter((_, at) => at % 2 === 0).map(keySlot));
const THERE = rangesOf(KEYS.filter((_, at) => at % 2 === 1).map(keySlot));

function bytesOf(slots: SlotTable): string {
  const writer = new ByteWriter();
  slots.encode(writer);
  return Buffer.from(writer.slice()).toString("hex");
}

/** Any change of the slots of the keys. */
function draw(prng: Prng): SlotChange {
  const move = prng.pick(["m1", "m2"]);
  return prng.pick<SlotChange>([
    { kind: "assign", slots: HERE },
    { kind: "import", move, slots: THERE, source: "g2" },
    { kind: "imported", move, sourceSeq: prng.below(1_000), isWhole: prng.chance(1, 2) },
    { kind: "imported", move, sourceSeq: prng.below(1_000), isWhole: prng.chance(1, 2) },
    { kind: "ready", move, sourceSeq: prng.below(1_000) },
    { kind: "purge", move },
    { kind: "seal", move, slots: HERE, target: "g2" },
    { kind: "close", move },
    { kind: "unseal", move },
    { kind: "cleaned", slots: THERE },
  ]);
}

/** Random entries about keys and about slots. */
function change(rig: StoreRig, mutations: RandomMutations, prng: Prng): void {
  rig.entry((at) => {
    if (prng.chance(1, 40)) return void mutations.clear(at);
    if (prng.chance(1, 2)) mutations.entry(at);
    if (prng.chance(1, 3)) rig.mutator.changeSlots(draw(prng));
  });
}

/** That counts and lists of each slot are what a look at all keys gives. */
function checkKeys(rig: StoreRig, prng: Prng): void {
  const { state } = rig;
  const keys = KEYS.filter((key) => state.find(key) !== 0);
  const slots = [...new Set(KEYS.map(keySlot))];
  for (const slot of prng.chance(1, 3) ? slots : [prng.pick(slots)]) {
    const expected = keys.filter((key) => keySlot(key) === slot).sort();
    assert.deepEqual(keysInSlot(state, slot, Number.POSITIVE_INFINITY).sort(), expected, `slot ${slot}`);
    assert.equal(keysInSlot(state, slot, 1).length, Math.min(1, expected.length));
    assert.equal(countKeysInSlots(state, [[slot, slot]]), expected.length, `slot ${slot}`);
  }
  if (prng.chance(1, 10)) assert.equal(countKeysInSlots(state, ALL_SLOTS), keys.length);
  if (prng.chance(1, 10)) {
    const walk = new SlotKeyWalk(state, HERE, 2);
    const found = new Set<string>();
    for (let some = walk.next(); some !== undefined; some = walk.next()) for (const key of some) found.add(key);
    assert.deepEqual([...found].sort(), keys.filter((key) => HERE.some(([slot]) => slot === keySlot(key))).sort());
  }
}

describe("the table of slots in the store", () => {
  test("is after a restart what it was, wherever a flush was broken off", async () => {
    for (let seed = 0; seed < 25; seed++) {
      const prng = createPrng(`slots crash ${seed}`);
      const rig = new StoreRig({ prng, sizes: prng.pick([TINY, FLUSH_SIZES]), dirtyBlockRefs: prng.pick([1, 3, 256]) });
      for (let round = 0; round < 6; round++) {
        const mutations = new RandomMutations(prng, rig.mutator);
        const step = (): void => {
          if (prng.chance(1, 2)) change(rig, mutations, prng);
        };
        for (let i = 0; i < 12; i++) step();
        rig.onWait = step;
        const flushed = rig.flusher.run();
        flushed.catch(() => undefined);
        if (prng.chance(1, 3)) await flushed;
        else for (let i = prng.below(30); i > 0; i--) await Promise.resolve();
        rig.onWait = () => undefined;
        const before = bytesOf(rig.state.slots);
        if (prng.chance(2, 3)) rig.disk.crash();
        else rig.disk.kill();
        rig.open();
        assert.equal(bytesOf(rig.state.slots), before);
        const kept = bytesOf(rig.state.slots);
        rig.state.reset();
        assert.ok(rig.state.slots.seq <= rig.entries.length);
        rig.disk.kill();
        rig.open();
        assert.equal(bytesOf(rig.state.slots), kept);
      }
      await rig.flusher.run();
      const stored = new SlotTable();
      rig.store.loadSlots(stored);
      assert.equal(bytesOf(stored), bytesOf(rig.state.slots));
      checkStore(rig.disk, rig.entries.length, (violation) => assert.fail(violation.message));
    }
  });

  test("goes to it only when the log has what it says", async () => {
    const prng = createPrng("slots durable");
    let release: () => void = () => undefined;
    const durable = (): Promise<void> =>
      new Promise((resolve) => {
        release = resolve;
      });
    const rig = new StoreRig({ prng, sizes: FLUSH_SIZES, durable });
    rig.entry(() => rig.mutator.changeSlots({ kind: "assign", slots: HERE }));
    const flushed = rig.flusher.run();
    for (let i = 0; i < 50; i++) await Promise.resolve();
    assert.equal(rig.disk.shown.size, 0);
    let isOver = false;
    void flushed.then(() => {
      isOver = true;
    });
    while (!isOver) {
      release();
      await Promise.resolve();
    }
    rig.entries.length = 0;
    rig.disk.kill();
    rig.open();
    assert.deepEqual([rig.state.slots.owned(), rig.state.slots.seq], [HERE, 1]);
  });

  test("is part of a snapshot, and an installation without one leaves none", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const prng = createPrng(`slots learner ${seed}`);
      const sender = new StoreRig({ prng, sizes: prng.pick([TINY, FLUSH_SIZES]) });
      const log = await open(new SimDisk({ prng: createPrng("sender") }).mount());
      const mutations = new RandomMutations(prng, sender.mutator);
      const step = (): void => {
        const before = sender.entries.length;
        if (seed % 4 === 0) sender.entry((at) => mutations.entry(at));
        else change(sender, mutations, prng);
        if (sender.entries.length > before) log.writeNow(record(before + 1, ["entry"]));
      };
      for (let i = 0; i < 40; i++) step();
      sender.onWait = step;
      const flushed = sender.flusher.run();
      for (let i = prng.below(20); i > 0; i--) await Promise.resolve();
      const source = await snapshotOf(sender, log);
      const receiver = new StoreRig({ prng, sizes: TINY, hashSeed: [7, 7] });
      receiver.entry(() => receiver.mutator.changeSlots({ kind: "assign", slots: ALL_SLOTS }));
      await receiver.flusher.run();
      await install(receiver, source);
      await flushed;
      receiver.entries.splice(0, 1, ...sender.entries);
      receiver.disk.crash();
      receiver.open();
      assert.equal(bytesOf(receiver.state.slots), bytesOf(sender.state.slots));
      assert.equal(sender.state.slots.isAssigned, seed % 4 !== 0);
    }
  });
});

async function snapshotOf(rig: StoreRig, log: Log): Promise<SnapshotSource> {
  return await SnapshotSource.open({ engine: rig.store.engine, log, checksum: nodeChecksum, logBytesMax: 1 << 20 });
}

async function install(receiver: StoreRig, source: SnapshotSource): Promise<void> {
  const log = await open(new SimDisk({ prng: createPrng("receiver") }).mount());
  const { state, store } = receiver;
  const hashOf = (key: string): number => state.hashOf(key);
  const taken = await SnapshotInstall.begin({ engine: store.engine, log, hashOf, checksum: nodeChecksum });
  for await (const chunk of source.chunks()) assert.ok((await taken.add(chunk)).ok);
  assert.ok((await taken.finish()).ok);
  await source.close();
}

describe("the keys of a slot", () => {
  test("are those that are there, also while a flush is under way", async () => {
    for (let seed = 0; seed < 4; seed++) {
      const prng = createPrng(`slot keys ${seed}`);
      const rig = new StoreRig({ prng, sizes: prng.pick([TINY, FLUSH_SIZES]), dirtyBlockRefs: prng.pick([1, 3, 256]) });
      const mutations = new RandomMutations(prng, rig.mutator);
      const step = (): void => {
        if (prng.chance(1, 2)) rig.entry((at) => (prng.chance(1, 60) ? mutations.clear(at) : mutations.entry(at)));
        if (prng.chance(1, 10)) rig.evictAll();
        checkKeys(rig, prng);
        // What is known is made anew now and then.
        if (prng.chance(1, 6)) rig.state.slotCounts.forget();
      };
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 10; i++) step();
        rig.onWait = step;
        await rig.flusher.run();
        rig.onWait = () => undefined;
      }
    }
  });

  test("are looked for page by page, though what was deleted is still in the store", async () => {
    const rig = new StoreRig({ prng: createPrng("pages"), sizes: TINY });
    const keys = Array.from({ length: 100 }, (_, i) => `{tag}${i}`);
    const slots = rangesOf([keySlot("{tag}")]);
    rig.entry(() => {
      rig.mutator.changeSlots({ kind: "assign", slots: [] });
      for (const key of keys) rig.mutator.setText(key, "value", 0);
    });
    await rig.flusher.run();
    rig.entry(() => {
      for (const key of keys.slice(1)) rig.mutator.delete(key);
    });
    const walk = new SlotKeyWalk(rig.state, slots, 7);
    const found: string[] = [];
    let empty = 0;
    for (let some = walk.next(); some !== undefined; some = walk.next()) {
      found.push(...some);
      if (some.length === 0) empty++;
    }
    assert.deepEqual(found, keys.slice(0, 1));
    assert.ok(empty >= 10, `${empty} turns without a key`);
  });

  test("are found though they go to the store while the walk goes on", async () => {
    const rig = new StoreRig({ prng: createPrng("moving"), sizes: TINY });
    const tags = Array.from({ length: 20 }, (_, i) => `{${i}}`);
    const slots = rangesOf(tags.map(keySlot));
    rig.entry(() => {
      rig.mutator.changeSlots({ kind: "assign", slots: [] });
      for (const tag of tags) rig.mutator.setText(`${tag}stored`, "value", 0);
    });
    await rig.flusher.run();
    rig.entry(() => {
      for (const tag of tags) rig.mutator.setText(`${tag}new`, "value", 0);
    });
    const walk = new SlotKeyWalk(rig.state, slots, 3);
    const found = new Set<string>();
    for (let some = walk.next(), turn = 0; some !== undefined; some = walk.next(), turn++) {
      for (const key of some) found.add(key);
      if (turn === 2) await rig.flusher.run();
    }
    assert.deepEqual([...found].sort(), tags.flatMap((tag) => [`${tag}new`, `${tag}stored`]).sort());
  });

  test("are all found and deleted by walks, of which the last finds none", async () => {
    const prng = createPrng("walks");
    const rig = new StoreRig({ prng, sizes: TINY });
    const keys = Array.from({ length: 300 }, (_, i) => `{${i % 7}}${i}`);
    const slots = rangesOf([0, 2, 4].map((tag) => keySlot(`{${tag}}`)));
    rig.entry(() => {
      rig.mutator.changeSlots({ kind: "assign", slots: [] });
      for (const key of keys.slice(0, 200)) rig.mutator.setText(key, "value", 0);
    });
    await rig.flusher.run();
    rig.evictAll();
    rig.entry(() => {
      for (const key of keys.slice(200)) rig.mutator.setText(key, "value", 0);
    });
    const isGone = (key: string): boolean => [0, 2, 4].some((tag) => key.startsWith(`{${tag}}`));
    rig.entry(() => rig.mutator.changeSlots({ kind: "import", move: "m", slots, source: "g2" }));
    assert.equal(rig.state.hiddenKeys, keys.filter(isGone).length);
    const flushed = rig.flusher.run();
    for (let walks = 0; ; walks++) {
      assert.ok(walks < 5);
      const walk = new SlotKeyWalk(rig.state, slots, 7);
      let count = 0;
      for (let some = walk.next(); some !== undefined; some = walk.next()) {
        count += some.length;
        rig.entry(() => {
          for (const key of some) rig.mutator.delete(key);
        });
        await Promise.resolve();
      }
      if (count === 0) break;
    }
    await flushed;
    assert.deepEqual([rig.state.hiddenKeys, rig.state.size], [0, keys.filter((key) => !isGone(key)).length]);
  });
});
