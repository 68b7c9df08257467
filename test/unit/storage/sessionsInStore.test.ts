import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { decodeLatin1, latin1Bytes } from "../../../src/base/latin1.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import type { KeySpace } from "../../../src/core/state/keySpace.ts";
import type { Mutator } from "../../../src/core/state/mutator.ts";
import { SESSION_KEY_BYTES, writeSessionKey } from "../../../src/core/state/sessionKey.ts";
import { SessionRow } from "../../../src/core/state/sessionRow.ts";
import { loadSessionRow } from "../../../src/core/state/sessionRows.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import { FLUSH_SIZES, type FlushSizes } from "../../../src/storage/flusher.ts";
import { SnapshotInstall } from "../../../src/storage/snapshotInstall.ts";
import { SnapshotSource } from "../../../src/storage/snapshotSource.ts";
import { open, record } from "./logSupport.ts";
import { CopySource, CopyTarget, SLOTS } from "./slotCopyRig.ts";
import { StoreRig } from "./storeRig.ts";

const TINY: FlushSizes = { batchBytes: 300, batchRecords: 2, wholeBytesMax: 150 };
const END = 2 ** 41;
const NUMBERS_MAX = 4_000;
const SLOT = SLOTS[0]![0];

function rowKey(slot: number, id: string): Uint8Array {
  const key = new Uint8Array(SESSION_KEY_BYTES);
  writeSessionKey(key, slot, latin1Bytes(id.padEnd(16, "\xfe")), 0);
  return key;
}

/** Rows of two sessions in a slot that is copied and in others, and what is remembered in them. */
class Rows {
  readonly keys = ["first", "second"].flatMap((id) => [SLOT, SLOT + 1, 12_345].map((slot) => rowKey(slot, id)));
  readonly #prng: Prng;
  #number = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  change(mutator: Mutator): void {
    const prng = this.#prng;
    const key = prng.pick(this.keys);
    if (prng.chance(1, 25)) mutator.delete(decodeLatin1(key));
    const number = ++this.#number;
    const body = latin1Bytes(`answer ${number}`.padEnd(prng.pick([5, 30, 1_000]), "."));
    const firstOpen = Math.max(1, number - prng.pick([0, 20, 20, 500]));
    mutator.state.findBytes(key, 0, key.length);
    mutator.state.keepSeek();
    mutator.rememberAnswer(key, END, firstOpen, number, 4, body, 0, body.length);
  }

  /** What a key space has of them, in the slots that `isMeant` says. */
  of(state: KeySpace, keys = this.keys): string[] {
    const row = new SessionRow();
    return keys.map((key) => {
      const ref = state.find(decodeLatin1(key));
      loadSessionRow(state, ref, row);
      const answers: string[] = [];
      for (let number = 1; number <= Math.min(this.#number, NUMBERS_MAX); number++) {
        if (row.find(number)) answers.push(`${row.kind} ${decodeLatin1(row.bytes, row.bodyStart, row.bodyEnd)}`);
      }
      return `${ref === 0 ? 0 : state.expireAt(ref)} ${row.firstOpen} ${answers.join()}`;
    });
  }
}

function ordinaryKeys(state: KeySpace): string[] {
  const keys: string[] = [];
  let cursor = 0;
  do cursor = state.scan(cursor, 10, (key) => keys.push(key));
  while (cursor !== 0);
  return keys;
}

describe("rows of sessions in the store", () => {
  test("are there after every flush, restart and loss of memory, and never counted as keys", async () => {
    let cold = 0;
    for (let seed = 0; seed < 12; seed++) {
      const prng = createPrng(`sessions ${seed}`);
      const rig = new StoreRig({ prng, sizes: prng.pick([TINY, FLUSH_SIZES]), dirtyBlockRefs: 4 });
      const rows = new Rows(prng);
      let keys = new Set<string>();
      for (let i = 0; i < 300; i++) {
        rig.entry(() => {
          if (prng.chance(1, 100)) {
            rig.mutator.clear();
            keys = new Set();
          } else if (prng.chance(1, 3)) {
            const key = `k${prng.below(20)}`;
            rig.mutator.setText(key, "v", 0);
            keys.add(key);
          } else rows.change(rig.mutator);
        });
        if (prng.chance(1, 20)) await rig.flusher.run();
        if (prng.chance(1, 30)) rig.evictAll();
        if (prng.chance(1, 40)) {
          const before = rows.of(rig.state);
          rig.disk[prng.pick(["crash", "kill"] as const)]();
          rig.open();
          assert.deepEqual(rows.of(rig.state), before);
        }
        if (rig.state.coldKeys > 0) cold++;
        assert.equal(rig.state.size, keys.size);
        const found = rows.of(rig.state).filter((row) => !row.startsWith("0 "));
        assert.equal(rig.state.sessionRows, found.length);
      }
      await rig.flusher.run();
      rig.evictAll();
      assert.deepEqual(ordinaryKeys(rig.state).toSorted(), [...keys].toSorted());
      assert.equal(rig.store.meta.storedSessionRows, rig.state.sessionRows);
      assert.equal(rig.store.meta.storedKeys, rig.state.sessionRows + keys.size);
    }
    assert.ok(cold > 50, `${cold} times there were rows on disk only`);
  });

  test("go along in a snapshot", async () => {
    const prng = createPrng("sessions in a snapshot");
    const sender = new StoreRig({ prng, sizes: TINY });
    const senderLog = await open(new SimDisk({ prng: createPrng("sender") }).mount(), { segmentBytesMax: 400 });
    const rows = new Rows(prng);
    for (let i = 1; i <= 100; i++) {
      sender.entry(() => (i % 4 === 0 ? sender.mutator.setText(`k${i}`, "v", 0) : rows.change(sender.mutator)));
      senderLog.writeNow(record(i, ["entry"]));
    }
    await sender.flusher.run();
    const { engine } = sender.store;
    const source = await SnapshotSource.open({ engine, log: senderLog, checksum: nodeChecksum, logBytesMax: 1 << 20 });
    const receiver = new StoreRig({ prng, sizes: TINY, hashSeed: [7, 8] });
    const log = await open(new SimDisk({ prng: createPrng("receiver") }).mount());
    const hashOf = (key: string): number => receiver.state.hashOf(key);
    const install = await SnapshotInstall.begin({
      engine: receiver.store.engine,
      log,
      hashOf,
      checksum: nodeChecksum,
    });
    for await (const chunk of source.chunks()) assert.ok((await install.add(chunk)).ok);
    assert.ok((await install.finish()).ok);
    await source.close();
    receiver.entries.push(...sender.entries);
    receiver.disk.kill();
    receiver.open();
    assert.deepEqual(rows.of(receiver.state), rows.of(sender.state));
    assert.deepEqual([receiver.state.size, receiver.state.sessionRows], [25, sender.state.sessionRows]);
  });

  test("go along when their slot is copied, from the store and from the log, and only those", async () => {
    for (let seed = 0; seed < 8; seed++) {
      const prng = createPrng(`sessions on the move ${seed}`);
      const source = await new CopySource(prng, prng.pick([TINY, FLUSH_SIZES])).begin();
      source.breaksFlushes = prng.chance(1, 2);
      const rows = new Rows(prng);
      const change = (): void => source.entry(() => rows.change(source.rig.mutator));
      for (let i = 0; i < 150; i++) change();
      const target = new CopyTarget(prng);
      let left = 100;
      source.rig.onWait = () => {
        if (left > 0 && left-- % 2 === 0) change();
      };
      source.onIdle = () => {
        left--;
        change();
      };
      const copy = await source.begun();
      const outcome = await target.copy(
        copy,
        () => (left > 0 ? Number.POSITIVE_INFINITY : source.committed),
        () => true,
      );
      assert.equal(outcome, "reached");
      await copy.close();
      source.rig.onWait = () => undefined;
      const moved = rows.keys.filter((_, at) => at % 3 === 0);
      assert.deepEqual(rows.of(target.state, moved), rows.of(source.rig.state, moved));
      const { sessionRows } = target.state;
      assert.equal(sessionRows, rows.of(source.rig.state, moved).filter((row) => !row.startsWith("0 ")).length);
      assert.equal(target.state.size, 0);
      target.beginAnew();
      assert.equal(target.state.sessionRows, 0, "who deletes the slot's keys deletes them, too");
    }
  });
});
