import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { SimEngine } from "../../../sim/engine/simEngine.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { epoch, monotonicMillis, type Seq, seq, wallMillis } from "../../../src/base/ids.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { ok } from "../../../src/base/result.ts";
import { NO_COLD_STORE } from "../../../src/core/state/coldStore.ts";
import { KeySpace } from "../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../src/core/state/mutator.ts";
import { Replayer } from "../../../src/core/state/replay.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import { openLog } from "../../../src/storage/log/openLog.ts";
import { beginEntry, beginRecord, endEntry, RecordView, sealRecord } from "../../../src/storage/log/record.ts";
import { readWire, wireRecord } from "../../../src/storage/log/wireRecord.ts";
import { SnapshotInstall } from "../../../src/storage/snapshotInstall.ts";
import { applyRecord, openReplica, type RecoveryParts, recover, replay } from "../../../src/worker/recovery.ts";

const IDENTITY = { identity: 7, hashSeed: [1, 2] } as const;

/** Records of two entries; entry `n` sets `counter` to `n` and makes a key of its own. */
function records(last: number): Uint8Array[] {
  const entry = new ByteWriter();
  const mutator = new Mutator(new KeySpace(IDENTITY.hashSeed, NO_COLD_STORE), entry);
  const made: Uint8Array[] = [];
  for (let at = 1; at <= last; at += 2) {
    const writer = new ByteWriter();
    beginRecord(writer);
    for (const each of [at, at + 1]) {
      entry.reset();
      mutator.begin(each);
      mutator.setText("counter", `${each}`, 0);
      mutator.setText(`key${each}`, "v", 0);
      mutator.end();
      const start = beginEntry(writer);
      writer.copy(entry.bytes, 4, entry.length);
      endEntry(writer, start);
    }
    const facts = { epoch: epoch(1), firstSeq: seq(at), count: 2, time: wallMillis(1) };
    sealRecord(writer, facts, nodeChecksum);
    made.push(writer.slice());
  }
  return made;
}

class Machine {
  readonly logDisk = new SimDisk({ prng: createPrng("log") });
  readonly engine = new SimEngine({
    prng: createPrng("engine"),
    schedule: (run) => void Promise.resolve().then(run),
  });

  get parts(): RecoveryParts {
    return {
      identity: IDENTITY,
      logDisk: this.logDisk.mount(),
      openEngine: async () => ok(this.engine.open()),
      clock: { wall: () => wallMillis(1), monotonic: () => monotonicMillis(1), micros: () => 1 },
      random: createPrng("salts"),
      checksum: nodeChecksum,
    };
  }

  async writeLog(): Promise<this> {
    const { parts } = this;
    const opened = await openLog(parts.logDisk, { ...parts, identity: IDENTITY.identity });
    assert.ok(opened.ok);
    for (const record of records(10)) await opened.value.write(record);
    this.restart();
    return this;
  }

  restart(): void {
    this.logDisk.crash();
    this.engine.crash();
  }
}

function counter(state: KeySpace): string | undefined {
  const ref = state.find("counter");
  return ref === 0 ? undefined : state.stringText(ref);
}

describe("a member of a group", () => {
  test("is opened with nothing of its log applied, and goes on up to any entry, and further", async () => {
    const machine = await new Machine().writeLog();
    const opened = await openReplica(machine.parts);
    assert.ok(opened.ok);
    const { log, state, installing } = opened.value;
    assert.deepEqual([counter(state), log.lastSeq, installing], [undefined, 10, false]);
    let after: Seq = seq(0);
    for (const upTo of [3, 4, 4, 7, 10]) {
      assert.deepEqual(await replay(log, state, after, seq(upTo)), ok(upTo - after));
      assert.deepEqual([counter(state), state.size], [`${upTo}`, upTo + 1]);
      after = seq(upTo);
    }
  });

  test("applies a record that it has at hand in parts, as those are decided", async () => {
    const machine = await new Machine().writeLog();
    const opened = await openReplica(machine.parts);
    assert.ok(opened.ok);
    const { state } = opened.value;
    const replayer = new Replayer(state);
    const view = new RecordView();
    assert.ok(readWire(wireRecord(records(2)[0]!, nodeChecksum), nodeChecksum, view));
    assert.equal(applyRecord(replayer, view, seq(0), seq(1)), 1);
    assert.equal(counter(state), "1");
    assert.equal(applyRecord(replayer, view, seq(1), seq(9)), 1);
    assert.equal(counter(state), "2");
  });

  test("is opened when a snapshot was not installed to its end, and says so; a node alone refuses", async () => {
    const machine = await new Machine().writeLog();
    const opened = await openReplica(machine.parts);
    assert.ok(opened.ok);
    const { engine, log, state } = opened.value;
    await SnapshotInstall.begin({ engine, log, hashOf: (key) => state.hashOf(key), checksum: nodeChecksum });
    await log.reset(seq(50), epoch(3));
    machine.restart();
    const again = await openReplica(machine.parts);
    assert.ok(again.ok && again.value.installing);
    machine.restart();
    const alone = await recover(machine.parts);
    assert.ok(!alone.ok && alone.error.code === "damaged");
    machine.restart();
    assert.ok((await openReplica(machine.parts)).ok, "what was refused was closed");
  });
});

test("a node alone has applied its whole log when it is open", async () => {
  const machine = await new Machine().writeLog();
  const recovered = await recover(machine.parts);
  assert.ok(recovered.ok);
  assert.equal(recovered.value.report.entries, 10);
  assert.equal(counter(recovered.value.state), "10");
});

test("a log that does not begin or end where the store does is refused", async () => {
  const machine = await new Machine().writeLog();
  const opened = await openReplica(machine.parts);
  assert.ok(opened.ok);
  await opened.value.log.reset(seq(20), epoch(1));
  machine.restart();
  const refused = await openReplica(machine.parts);
  assert.ok(!refused.ok && /a part of the log is missing/.test(refused.error.message));
});
