import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader } from "../../../src/base/byteReader.ts";
import { keySlot } from "../../../src/base/crc16.ts";
import { monotonicMillis, seq } from "../../../src/base/ids.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { rangesOf } from "../../../src/core/slots/slotRanges.ts";
import { MutationCursor } from "../../../src/core/state/mutationsOfEntry.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import type { Clock, Timers } from "../../../src/ports/clock.ts";
import { FLUSH_SIZES, type FlushSizes } from "../../../src/storage/flusher.ts";
import { SlotCopyReader } from "../../../src/storage/slotCopyReader.ts";
import { SlotCopySource } from "../../../src/storage/slotCopySource.ts";
import { CopySource, CopyTarget, SLOTS } from "./slotCopyRig.ts";

const TINY: FlushSizes = { batchBytes: 300, batchRecords: 2, wholeBytesMax: 150 };

describe("a copy of slots", () => {
  test("is what the source has of them, though that changes all the time", async () => {
    let restarts = 0;
    let parts = 0;
    for (let seed = 0; seed < 18; seed++) {
      const prng = createPrng(`slot copy ${seed}`);
      const source = await new CopySource(prng, prng.pick([TINY, FLUSH_SIZES])).begin();
      source.breaksFlushes = prng.chance(3, 4);
      for (let i = 0; i < 60; i++) source.change();
      const target = new CopyTarget(prng);
      let left = 80;
      const change = (): void => {
        if (left > 0 && prng.chance(1, 2)) left--;
        else return;
        if (prng.chance(1, 25)) source.clear();
        else source.change();
      };
      source.rig.onWait = change;
      source.onIdle = () => {
        left--;
        source.entry(() => source.rig.mutator.setText("another", "key", 0));
      };
      const wanted = (): boolean => {
        for (let i = prng.below(4); i > 0; i--) change();
        return !target.isWhole || prng.chance(2, 3);
      };
      let copy = await source.begun();
      for (;;) {
        const outcome = await target.copy(copy, () => (left > 0 ? Number.POSITIVE_INFINITY : source.committed), wanted);
        await copy.close();
        if (outcome === "reached") break;
        if (outcome === "restart") {
          restarts++;
          target.restarts = 0;
          target.beginAnew();
          copy = await source.begun();
        } else {
          assert.equal(outcome, "enough");
          const resumed = source.resumed(target.sourceSeq);
          assert.ok(resumed !== undefined);
          target.goOn();
          copy = resumed;
        }
      }
      source.rig.onWait = () => undefined;
      assert.ok(target.isWhole);
      parts += target.parts;
      target.assertEqual(source);
    }
    assert.ok(restarts > 2 && parts > 10, `${restarts} restarts, ${parts} frames before the copy was whole`);
  });

  test("has only what is committed", async () => {
    const prng = createPrng("committed");
    const source = await new CopySource(prng, FLUSH_SIZES).begin();
    source.entry(() => source.rig.mutator.setText("a", "1", 0));
    const copy = await source.begun(rangesOf([keySlot("a")]));
    const frames = copy.frames();
    await frames.next();
    await frames.next();
    source.entry(() => source.rig.mutator.setText("a", "2", 0), false);
    source.entry(() => source.rig.mutator.setText("a", "3", 0), false);
    let isThere = false;
    const next = frames.next().finally(() => {
      isThere = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(isThere, false);
    source.commit(2);
    const reader = new SlotCopyReader(nodeChecksum);
    reader.add((await next).value as Uint8Array);
    const frame = reader.next();
    assert.ok(frame !== undefined && frame !== "malformed");
    assert.deepEqual([frame.sourceSeq, frame.isWhole], [2, true]);
    const mutations = new MutationCursor().open(new ByteReader(frame.bytes, frame.start, frame.end));
    assert.ok(mutations.next() && !mutations.next());
    const closed = frames.next();
    await copy.close();
    assert.deepEqual(await closed, { value: "closed", done: true });
  });

  test("tells of the log's progress when nothing happens to the slots, and at once of what happens to slots", async () => {
    const prng = createPrng("progress");
    const source = await new CopySource(prng, FLUSH_SIZES).begin();
    source.entry(() => source.rig.mutator.changeSlots({ kind: "assign", slots: [[0, 16_383]] }));
    const slots = rangesOf([keySlot("a")]);
    const copy = await source.begun(slots);
    const seqOf = async (frames: AsyncGenerator<Uint8Array, string>): Promise<number> => {
      const reader = new SlotCopyReader(nodeChecksum);
      reader.add((await frames.next()).value as Uint8Array);
      const frame = reader.next();
      assert.ok(frame !== undefined && frame !== "malformed" && frame.start === frame.end);
      return frame.sourceSeq;
    };
    const frames = copy.frames();
    assert.equal(await seqOf(frames), 1);
    for (let i = 0; i < 5; i++) source.entry(() => source.rig.mutator.setText("b", "1", 0));
    assert.equal(await seqOf(frames), 6);
    await copy.close();
    const parts = source.parts(slots);
    const timers: Timers = { ...parts.timers, after: () => ({ cancel: () => undefined }) };
    const clock: Clock = { ...parts.clock, monotonic: () => monotonicMillis(0) };
    const timeless = SlotCopySource.resume({ ...parts, clock, timers }, seq(6))!;
    const rest = timeless.frames();
    const next = seqOf(rest);
    source.entry(() => source.rig.mutator.setText("b", "2", 0));
    source.entry(() => source.rig.mutator.changeSlots({ kind: "seal", move: "m", slots: [[0, 5]], target: "g2" }));
    assert.equal(await next, 8);
    await timeless.close();
  });

  test("goes in parts, also where one entry or one collection is large", async () => {
    const prng = createPrng("large");
    const source = await new CopySource(prng, FLUSH_SIZES, ["big"]).begin();
    const members = Array.from({ length: 12_000 }, (_, i) => `member ${i}`);
    const slots = rangesOf(["big", "list", "hash", "zset", "set"].map(keySlot));
    source.entry(() => {
      const { mutator } = source.rig;
      mutator.listPush("list", false, members);
      mutator.hashSet(
        "hash",
        members.flatMap((member) => [member, `of ${member}`]),
      );
      mutator.zsetAdd(
        "zset",
        members,
        members.map((_, i) => i / 4),
      );
      mutator.setAdd("set", members);
      mutator.expire("zset", 2 ** 45);
    });
    const copy = await source.begun(slots);
    const target = new CopyTarget(prng);
    const sizes: number[] = [];
    const take = (frame: Uint8Array): void => {
      sizes.push(frame.length);
      target.take(frame);
    };
    const frames = copy.frames();
    while (!target.isWhole) take((await frames.next()).value as Uint8Array);
    source.entry(() => {
      for (let i = 0; i < 3_000; i++) source.rig.mutator.append("big", `part ${i}`.padEnd(100, "."));
    });
    let wasInside = false;
    while (target.sourceSeq < source.committed) {
      take((await frames.next()).value as Uint8Array);
      wasInside ||= !target.isWhole;
    }
    await copy.close();
    assert.ok(wasInside && target.isWhole);
    assert.ok(Math.max(...sizes) < 100_000 && sizes.length > 10, `${sizes.length} frames up to ${Math.max(...sizes)}`);
    for (const key of ["list", "hash", "zset", "set", "big"]) {
      const found = [source.rig.state, target.state].map((state) => {
        const ref = state.find(key);
        return key === "big" ? [state.stringLength(ref)] : [state.collection(ref).length, state.expireAt(ref)];
      });
      assert.deepEqual(found[0], found[1], key);
    }
  });

  test("cannot go on behind what the log has lost", async () => {
    const prng = createPrng("gone");
    const source = await new CopySource(prng, FLUSH_SIZES).begin();
    for (let i = 0; i < 100; i++) {
      source.change();
      if (i % 10 === 0) await source.log.sync();
    }
    await source.rig.flusher.run();
    const copy = source.resumed(1);
    assert.ok(copy !== undefined);
    await source.log.cut(source.log.lastSeq);
    assert.equal(source.log.firstSeq, 1);
    await copy.close();
    await source.log.cut(source.log.lastSeq);
    assert.equal(source.resumed(1), undefined);
    assert.equal(source.resumed(source.log.lastSeq + 1), undefined);
  });

  test("is given up when more log gathers behind it than was agreed", async () => {
    const prng = createPrng("given up");
    const source = await new CopySource(prng, FLUSH_SIZES).begin();
    for (let i = 0; i < 20; i++) source.change();
    const copy = await SlotCopySource.begin({ ...source.parts(), logBytesMax: 3_000 });
    for (let i = 0; i < 200; i++) {
      source.change();
      if (i % 10 === 0) await source.log.sync();
    }
    await source.log.cut(source.log.lastSeq);
    const frames = copy.frames();
    let next = await frames.next();
    while (next.done !== true) next = await frames.next();
    assert.equal(next.value, "gone");
    await copy.close();
  });

  test("of which something is changed is refused", async () => {
    const prng = createPrng("frames");
    const source = await new CopySource(prng, TINY).begin();
    for (let i = 0; i < 60; i++) source.change();
    const copy = await source.begun();
    const { value } = await copy.frames().next();
    await copy.close();
    const frame = value as Uint8Array;
    for (let i = 0; i < 200; i++) {
      const flipped = frame.slice();
      flipped[prng.below(frame.length)]! ^= 1 << prng.below(8);
      const reader = new SlotCopyReader(nodeChecksum);
      reader.add(flipped);
      const next = reader.next();
      // A length that became larger waits for more.
      assert.ok(next === "malformed" || next === undefined);
    }
    const reader = new SlotCopyReader(nodeChecksum);
    reader.add(new Uint8Array(8).fill(255));
    assert.equal(reader.next(), "malformed");
    reader.add(frame);
    assert.equal(reader.next(), "malformed");
  });

  test("names only keys of its slots", async () => {
    const prng = createPrng("names");
    const source = await new CopySource(prng, TINY).begin();
    for (let i = 0; i < 100; i++) source.change();
    const copy = await source.begun();
    const reader = new SlotCopyReader(nodeChecksum);
    const frames = copy.frames();
    for (let isWhole = false; !isWhole; ) {
      reader.add((await frames.next()).value as Uint8Array);
      const frame = reader.next();
      assert.ok(frame !== undefined && frame !== "malformed");
      isWhole = frame.isWhole;
      const mutations = new MutationCursor().open(new ByteReader(frame.bytes, frame.start, frame.end));
      while (mutations.next()) {
        const slot = keySlot(mutations.key);
        assert.ok(SLOTS.some(([from, to]) => from <= slot && slot <= to));
      }
    }
    await copy.close();
  });

  test("ends quietly after its store was closed, as one that was full is to be opened anew", async () => {
    const source = await new CopySource(createPrng("closed"), TINY).begin();
    for (let i = 0; i < 60; i++) source.change();
    const copy = await source.begun();
    await copy.frames().next();
    await source.rig.store.engine.close();
    await copy.close();
  });
});
