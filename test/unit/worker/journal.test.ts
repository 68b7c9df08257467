import assert from "node:assert/strict";
import { it } from "node:test";
import { epoch, monotonicMillis, seq, wallMillis } from "../../../src/base/ids.ts";
import type { GroupReplica } from "../../../src/core/replica/groupReplica.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { Journal } from "../../../src/worker/journal.ts";

/** A primary whose log takes records at once, and whose entries are committed when a test says so. */
function rig(durability: "sync" | "memory") {
  const replica = { lastSeq: seq(0), commitPoint: seq(0), epoch: epoch(1), generation: 0 };
  const log = { write: async () => undefined, writeNow: () => undefined } as unknown as Log;
  const timers = { after: () => ({ cancel() {} }), every: () => ({ cancel() {} }), endOfTurn: () => undefined };
  const journal = new Journal({
    log,
    replica: replica as unknown as GroupReplica,
    clock: { wall: () => wallMillis(0), monotonic: () => monotonicMillis(0), micros: () => 0 },
    timers,
    checksum: nodeChecksum,
    durability,
    onSealed: () => undefined,
    onPersisted: () => undefined,
    onFailure: (error) => assert.fail(String(error)),
  });
  const add = async (bytes: number): Promise<void> => {
    const { writer } = journal;
    for (let i = 0; i < bytes; i++) writer.u8(1);
    replica.lastSeq = seq(replica.lastSeq + 1);
    journal.entryAdded();
    journal.endTurn();
    await new Promise(setImmediate);
  };
  return { replica, journal, add };
}

for (const durability of ["sync", "memory"] as const) {
  it(`entries that others lack count as uncommitted, however soon the own log has them (${durability})`, async () => {
    const { replica, journal, add } = rig(durability);
    await add(1_000);
    assert.equal(journal.pendingBytes, 0);
    const first = journal.uncommittedBytes;
    assert.ok(first >= 1_000);
    replica.commitPoint = seq(1);
    journal.committed();
    assert.equal(journal.uncommittedBytes, 0);
    await add(10);
    await add(500);
    assert.ok(journal.uncommittedBytes >= 510);
    // With fsync the second of them still gathers.
    replica.commitPoint = seq(3);
    assert.equal(journal.uncommittedBytes, durability === "sync" ? 500 : 0);
  });

  it(`who is the primary no more has nothing that waits (${durability})`, async () => {
    const { journal, add } = rig(durability);
    await add(1_000);
    journal.discard();
    assert.equal(journal.uncommittedBytes, 0);
  });
}
