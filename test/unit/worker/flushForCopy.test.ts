import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeClock } from "../../../src/platform/nodeClock.ts";
import { Maintenance, type MaintenanceParts } from "../../../src/worker/maintenance.ts";

const FLUSH_LOG_BYTES = 32_000;

function makeRig() {
  const rig = { flushes: 0, logBytes: 0, clearPending: false, release: (): void => undefined };
  const maintenance = new Maintenance({
    flusher: {
      run: () => {
        rig.flushes++;
        return new Promise<void>((resolve) => {
          rig.release = resolve;
        });
      },
    },
    log: { firstSeq: 1, bytesAfter: () => rig.logBytes, cut: async () => undefined },
    store: { flushedSeq: 0 },
    state: rig,
    replica: { lastSeq: 0, neededBehind: 0, cut: () => undefined },
    clock: nodeClock,
    flushLogBytes: FLUSH_LOG_BYTES,
    onFlushFailure: (error: unknown) => assert.fail(String(error)),
  } as unknown as MaintenanceParts);
  return Object.assign(rig, { maintenance });
}

describe("before slots are copied", () => {
  it("nothing is flushed while the log behind the store is short", async () => {
    const rig = makeRig();
    rig.logBytes = 1_000;
    await rig.maintenance.flushForCopy();
    assert.equal(rig.flushes, 0);
  });

  it("a longer log is flushed, and the removal of every key", async () => {
    for (const why of [{ logBytes: 1_001 }, { clearPending: true }]) {
      const rig = makeRig();
      Object.assign(rig, why);
      const flushed = rig.maintenance.flushForCopy();
      assert.equal(rig.flushes, 1);
      rig.release();
      await flushed;
    }
  });

  it("a flush that is under way is waited for", async () => {
    const rig = makeRig();
    const running = rig.maintenance.startFlush();
    const order: string[] = [];
    const waited = rig.maintenance.flushForCopy().then(() => order.push("copy"));
    await new Promise((resolve) => setImmediate(resolve));
    order.push("flushed");
    rig.release();
    await Promise.all([running, waited]);
    assert.deepEqual(order, ["flushed", "copy"]);
    assert.equal(rig.flushes, 1);
  });
});
