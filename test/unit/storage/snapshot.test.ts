import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { checkStore } from "../../../sim/invariants/theStoreIsTidy.ts";
import { seq } from "../../../src/base/ids.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import { FLUSH_SIZES, type FlushSizes } from "../../../src/storage/flusher.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { SnapshotInstall } from "../../../src/storage/snapshotInstall.ts";
import { SnapshotSource } from "../../../src/storage/snapshotSource.ts";
import { keyLine } from "../core/state/plainState.ts";
import { KEYS, RandomMutations } from "../core/state/randomMutations.ts";
import { open, record } from "./logSupport.ts";
import { StoreRig } from "./storeRig.ts";

const TINY: FlushSizes = { batchBytes: 300, batchRecords: 2, wholeBytesMax: 150 };
const LOG_BYTES_MAX = 1 << 20;

/** A replica: a store, a log that only counts, and random changes. */
class Sender {
  readonly rig: StoreRig;
  readonly mutations: RandomMutations;
  log!: Log;

  constructor(prng: Prng, sizes: FlushSizes) {
    this.rig = new StoreRig({ prng, sizes });
    this.mutations = new RandomMutations(prng, this.rig.mutator);
  }

  async begin(): Promise<this> {
    this.log = await open(new SimDisk({ prng: createPrng("sender") }).mount(), { segmentBytesMax: 400 });
    return this;
  }

  change(prng: Prng): void {
    const before = this.rig.entries.length;
    this.rig.entry((at) => (prng.chance(1, 80) ? this.mutations.clear(at) : this.mutations.entry(at)));
    if (this.rig.entries.length > before) this.log.writeNow(record(before + 1, ["entry"], 1 + Math.floor(before / 20)));
  }

  source(): Promise<SnapshotSource> {
    const { engine } = this.rig.store;
    return SnapshotSource.open({ engine, log: this.log, checksum: nodeChecksum, logBytesMax: LOG_BYTES_MAX });
  }
}

/** A replica with data of its own, which it gives up for another's. */
class Receiver {
  readonly rig: StoreRig;
  readonly logDisk = new SimDisk({ prng: createPrng("receiver") });
  log!: Log;

  constructor(prng: Prng, sizes: FlushSizes) {
    this.rig = new StoreRig({ prng, sizes, hashSeed: [77, 88] });
  }

  async begin(): Promise<this> {
    this.log = await open(this.logDisk.mount());
    return this;
  }

  /** The process ends and another one begins. */
  async restart(how: "crash" | "kill"): Promise<void> {
    this.rig.disk[how]();
    this.logDisk[how]();
    this.rig.open();
    await this.begin();
  }

  install(): Promise<SnapshotInstall> {
    const { state, store } = this.rig;
    const hashOf = (key: string): number => state.hashOf(key);
    return SnapshotInstall.begin({ engine: store.engine, log: this.log, hashOf, checksum: nodeChecksum });
  }

  /** Takes the store as it is now, and the entries behind it. */
  async goOn(entries: readonly Uint8Array[]): Promise<void> {
    this.rig.entries.splice(0, this.rig.entries.length, ...entries);
    await this.restart("crash");
  }
}

function assertEqual(receiver: Receiver, sender: Sender): void {
  assert.equal(receiver.rig.state.size, sender.rig.state.size);
  for (const key of KEYS)
    assert.equal(keyLine(receiver.rig.state, key), keyLine(sender.rig.state, key), `key ${key.slice(0, 20)}`);
  checkStore(receiver.rig.disk, receiver.rig.entries.length, (violation) => assert.fail(violation.message));
}

describe("a snapshot", () => {
  test("with the log behind it is the sender's data, though that changes while it is sent", async () => {
    for (let seed = 0; seed < 15; seed++) {
      const prng = createPrng(`snapshot ${seed}`);
      const sizes = prng.pick([TINY, FLUSH_SIZES]);
      const sender = await new Sender(prng, sizes).begin();
      const receiver = await new Receiver(prng, sizes).begin();
      for (let i = 0; i < 100; i++) sender.change(prng);
      receiver.rig.entry(() => receiver.rig.mutator.setText("own", "goes", 5_000));
      await receiver.rig.flusher.run();
      sender.rig.onWait = () => sender.change(prng);
      const flushed = sender.rig.flusher.run();
      for (let i = prng.below(20); i > 0; i--) await Promise.resolve();
      const source = await sender.source();
      const install = await receiver.install();
      for await (const chunk of source.chunks()) {
        sender.change(prng);
        assert.ok((await install.add(chunk)).ok);
      }
      await flushed;
      await sender.rig.flusher.run();
      sender.rig.onWait = () => undefined;
      const finished = await install.finish();
      assert.ok(finished.ok, finished.ok ? "" : finished.error.message);
      assert.deepEqual(finished.value, { seq: source.seq, epoch: source.epoch });
      await source.close();
      const { log } = receiver;
      assert.deepEqual([log.firstSeq - 1, log.lastSeq, log.lastEpoch], [source.seq, source.seq, source.epoch]);
      await receiver.goOn(sender.rig.entries);
      assert.equal(receiver.rig.store.meta.applied, source.seq);
      await receiver.rig.flusher.run();
      assertEqual(receiver, sender);
    }
  });

  test("keeps the log behind it until the receiver has it, or so much is there that he is given up", async () => {
    const prng = createPrng("retention");
    const sender = await new Sender(prng, FLUSH_SIZES).begin();
    for (let i = 0; i < 50; i++) sender.change(prng);
    await sender.rig.flusher.run();
    const source = await sender.source();
    for (let i = 0; i < 200; i++) {
      sender.change(prng);
      if (i % 10 === 0) await sender.log.sync();
    }
    await sender.log.cut(sender.log.lastSeq);
    assert.ok(sender.log.firstSeq <= source.seq + 1 && !source.retention.dropped);
    source.retention.release();
    await sender.log.cut(sender.log.lastSeq);
    assert.ok(sender.log.firstSeq > source.seq + 1);
    await source.close();
  });

  test("an installation that was cut short is seen by the next process, which can begin again", async () => {
    let interrupted = 0;
    for (let seed = 0; seed < 60; seed++) {
      const prng = createPrng(`interrupted ${seed}`);
      const sender = await new Sender(prng, TINY).begin();
      const receiver = await new Receiver(prng, TINY).begin();
      for (let i = 0; i < 60; i++) sender.change(prng);
      await sender.rig.flusher.run();
      for (let i = 0; i < 5; i++) receiver.rig.entry((at) => receiver.rig.mutator.setText(`own${at}`, "goes", 5_000));
      await receiver.rig.flusher.run();
      await receiver.log.write(record(1, ["1", "2", "3", "4", "5"]));
      const copy = async (): Promise<void> => {
        const source = await sender.source();
        const install = await receiver.install();
        for await (const chunk of source.chunks()) await install.add(chunk);
        assert.ok((await install.finish()).ok);
        source.retention.release();
        await source.close();
      };
      copy().catch(() => undefined);
      for (let i = prng.below(160); i > 0; i--) await Promise.resolve();
      receiver.rig.entries.length = 0;
      await receiver.restart(prng.pick(["crash", "kill"]));
      const { meta } = receiver.rig.store;
      if (meta.installing) {
        interrupted++;
        await copy();
        await receiver.goOn(sender.rig.entries);
      } else if (meta.applied === 5 && receiver.log.lastSeq === 5) {
        continue;
      } else {
        assert.deepEqual(
          [meta.applied, receiver.log.lastSeq],
          [sender.rig.store.meta.applied, receiver.log.firstSeq - 1],
        );
        await receiver.goOn(sender.rig.entries);
      }
      assertEqual(receiver, sender);
    }
    assert.ok(interrupted > 20, `${interrupted} were interrupted`);
  });

  test("of which a part is missing, changed or too much is refused, and the store stays marked", async () => {
    const prng = createPrng("malformed");
    const sender = await new Sender(prng, TINY).begin();
    for (let i = 0; i < 100; i++) sender.change(prng);
    await sender.rig.flusher.run();
    const source = await sender.source();
    const parts: Uint8Array[] = [];
    for await (const chunk of source.chunks()) parts.push(chunk);
    const whole = new Uint8Array(Buffer.concat(parts));
    const receiver = await new Receiver(prng, TINY).begin();
    const outcome = async (bytes: Uint8Array, pieceBytes = bytes.length): Promise<string> => {
      const install = await receiver.install();
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const added = await install.add(bytes.slice(at, at + pieceBytes));
        if (!added.ok) return added.error.code;
      }
      const finished = await install.finish();
      return finished.ok ? "taken" : finished.error.code;
    };
    for (let i = 0; i < 60; i++) {
      const flipped = whole.slice();
      flipped[prng.below(whole.length)]! ^= 1 << prng.below(8);
      const code = await outcome(flipped, 1 + prng.below(500));
      assert.ok(code === "malformed" || code === "newer_format", code);
    }
    for (let i = 0; i < 20; i++) assert.equal(await outcome(whole.subarray(0, prng.below(whole.length))), "malformed");
    assert.equal(await outcome(new Uint8Array([...whole, 0])), "malformed");
    await receiver.restart("crash");
    assert.equal(receiver.rig.store.meta.installing, true);
    assert.equal(await outcome(whole, 1), "taken");
    await receiver.restart("crash");
    assert.deepEqual([receiver.rig.store.meta.installing, receiver.log.lastSeq], [false, seq(source.seq)]);
  });
});
