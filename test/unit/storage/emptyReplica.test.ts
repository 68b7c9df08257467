import assert from "node:assert/strict";
import { it } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { EngineBatchWriter } from "../../../src/base/engineBatch.ts";
import { epoch, seq } from "../../../src/base/ids.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import { emptyReplica } from "../../../src/storage/emptyReplica.ts";
import { FLUSH_SIZES } from "../../../src/storage/flusher.ts";
import { META_KEY } from "../../../src/storage/keyLayout.ts";
import { encodeMeta } from "../../../src/storage/meta.ts";
import { open, writeEach } from "./logSupport.ts";
import { StoreRig } from "./storeRig.ts";

/** A replica with keys in its store and entries in its log, which is in the middle of learning another's data. */
async function learner() {
  const rig = new StoreRig({ prng: createPrng("empty"), sizes: FLUSH_SIZES });
  for (let i = 0; i < 50; i++) rig.entry(() => rig.mutator.setText(`key${i}`, "value", 0));
  await rig.flusher.run();
  const logDisk = new SimDisk({ prng: createPrng("log") });
  const log = await open(logDisk.mount());
  await writeEach(log, "one", "two", "three");
  const batch = new EngineBatchWriter(nodeChecksum.crc32);
  batch.put(META_KEY, encodeMeta({ ...rig.store.meta, installing: true }));
  await rig.store.engine.apply(batch.take(), { sync: true });
  return { rig, logDisk, log };
}

it("a replica whose learning was broken off begins with nothing, and keeps nothing of before", async () => {
  const { rig, logDisk, log } = await learner();
  await emptyReplica(rig.store.engine, log, nodeChecksum);
  rig.entries.length = 0;
  rig.disk.crash();
  logDisk.crash();
  rig.open();
  const reopened = await open(logDisk.mount());
  assert.deepEqual(
    [rig.store.meta.installing, rig.store.meta.applied, rig.store.meta.storedKeys, rig.state.size],
    [false, 0, 0, 0],
  );
  assert.deepEqual([reopened.lastSeq, reopened.lastEpoch], [seq(0), epoch(0)]);
});

it("says to the last step that its store is not whole", async () => {
  const { rig, logDisk, log } = await learner();
  const { engine } = rig.store;
  const breaksOff = { ...log, reset: () => Promise.reject(new Error("the process ends")) } as unknown as typeof log;
  await assert.rejects(emptyReplica(engine, breaksOff, nodeChecksum), /the process ends/);
  rig.entries.length = 0;
  rig.disk.crash();
  logDisk.crash();
  rig.open();
  assert.equal(rig.store.meta.installing, true);
});
