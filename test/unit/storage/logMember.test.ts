import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SimDisk } from "../../../sim/disk/simDisk.ts";
import { epoch, type Seq, seq } from "../../../src/base/ids.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import { discardLog } from "../../../src/storage/log/discardLog.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { openLog } from "../../../src/storage/log/openLog.ts";
import type { LogOptions } from "../../../src/storage/log/options.ts";
import { EntryCursor, RECORD_HEADER_BYTES, RecordView } from "../../../src/storage/log/record.ts";
import { readWire, wireHeader, wireRecord } from "../../../src/storage/log/wireRecord.ts";
import { entries, logOptions, open, record, simDisk } from "./logSupport.ts";

let lives = 0;

const wire = (firstSeq: number, contents: readonly string[], inEpoch = 1): Uint8Array =>
  wireRecord(record(firstSeq, contents, inEpoch), nodeChecksum);

/** The process ends, and another one opens the log; salts are other ones in each life. */
async function reopened(disk: SimDisk, how: "crash" | "kill", changes: Partial<LogOptions> = {}): Promise<Log> {
  disk[how]();
  return open(disk.mount(), { random: createPrng(`salts ${++lives}`), ...changes });
}

function wireEntries(bytes: Uint8Array): string[] {
  const view = new RecordView();
  assert.ok(readWire(bytes, nodeChecksum, view));
  const found: string[] = [];
  for (const cursor = new EntryCursor().open(view); cursor.next(); )
    found.push(`${cursor.seq}:${decodeLatin1(cursor.bytes, cursor.start, cursor.end)}`);
  return found;
}

async function readAll(log: Log, from: Seq, bytesMax: number): Promise<string[]> {
  const found: string[] = [];
  for (let next: number = from; next <= log.lastSeq; ) {
    const read = await log.readFrom(seq(next), bytesMax);
    assert.ok(read.ok && read.value.length > 0);
    for (const { bytes, firstSeq, lastSeq } of read.value) {
      assert.equal(firstSeq, next);
      found.push(...wireEntries(bytes));
      next = lastSeq + 1;
    }
  }
  return found;
}

describe("a tail that is taken back", () => {
  test("is gone for good, and other entries take its seqs", async () => {
    for (const segmentBytesMax of [1 << 20, 200]) {
      const disk = simDisk();
      const log = await open(disk.mount(), { segmentBytesMax, aheadBytes: 1000 });
      await log.write(record(1, ["a", "b"]));
      for (let at = 3; at <= 12; at++) await log.write(record(at, ["old"]));
      await log.truncateAfter(seq(2));
      assert.deepEqual([log.lastSeq, log.durableSeq, log.lastEpoch], [2, 2, 1]);
      const again = await reopened(disk, "crash", { segmentBytesMax, aheadBytes: 1000 });
      assert.deepEqual(await entries(again), ["1:a", "2:b"]);
      await again.write(record(3, ["new"], 2));
      const last = await reopened(disk, "crash", { segmentBytesMax });
      assert.deepEqual(await entries(last), ["1:a", "2:b", "3:new"]);
      assert.equal(last.epochAt(seq(3)), 2);
    }
  });

  test("may be everything that the log still has", async () => {
    const disk = simDisk();
    const log = await open(disk.mount(), { segmentBytesMax: 200 });
    for (let at = 1; at <= 12; at++) await log.write(record(at, ["entry"], at < 5 ? 1 : 2));
    await log.cut(seq(8));
    const before = seq(log.firstSeq - 1);
    assert.ok(before > 4);
    await log.truncateAfter(before);
    assert.deepEqual([log.lastSeq, log.lastEpoch, log.firstSeq], [before, 2, before + 1]);
    const again = await reopened(disk, "crash");
    assert.deepEqual([again.lastSeq, again.lastEpoch, again.firstSeq], [before, 2, before + 1]);
    await again.write(record(before + 1, ["other"], 3));
    assert.deepEqual(await entries(await reopened(disk, "kill"), before), [`${before + 1}:other`]);
  });

  test("may be nothing; then the log is synced", async () => {
    const log = await open(simDisk().mount());
    log.writeNow(record(1, ["a"]));
    await log.truncateAfter(seq(1));
    assert.deepEqual([log.lastSeq, log.durableSeq], [1, 1]);
  });

  test("waits for a write that is under way, and a sync waits for it", async () => {
    const log = await open(simDisk().mount());
    const write = log.write(record(1, ["a"]));
    const truncation = log.truncateAfter(seq(0));
    await write;
    const sync = log.sync();
    await Promise.all([truncation, sync]);
    assert.equal(log.lastSeq, 0);
  });

  test("ends with a record of the log: anything else is a bug of the caller", async () => {
    const log = await open(simDisk().mount());
    await log.write(record(1, ["a", "b"]));
    await assert.rejects(log.truncateAfter(seq(1)), /not the last one of a record/);
    await assert.rejects(log.truncateAfter(seq(3)), /not in the log/);
    const truncation = log.truncateAfter(seq(0));
    assert.throws(() => log.writeNow(record(3, ["c"])), /during a rewrite/);
    await truncation;
  });
});

test("a log knows the epoch of each entry it has, and of the one before", async () => {
  const disk = simDisk();
  const log = await open(disk.mount(), { segmentBytesMax: 200 });
  assert.equal(log.epochAt(seq(0)), 0);
  const epochs = [1, 1, 1, 4, 4, 6, 7, 7, 7, 7, 9];
  for (const [i, inEpoch] of epochs.entries()) await log.write(record(i + 1, ["entry"], inEpoch));
  const check = (checked: Log): void => {
    for (let at = Math.max(1, checked.firstSeq - 1); at <= 11; at++)
      assert.equal(checked.epochAt(seq(at)), epochs[at - 1]);
    assert.equal(checked.epochAt(seq(checked.firstSeq - 2)), undefined);
    assert.equal(checked.epochAt(seq(12)), undefined);
  };
  check(log);
  await log.cut(seq(8));
  assert.ok(log.firstSeq > 4);
  assert.equal(log.epochRuns[0]!.firstSeq, log.firstSeq - 1);
  check(log);
  check(await reopened(disk, "crash"));
});

describe("records of another replica", () => {
  test("are written together, the same bytes as there", async () => {
    const there = await open(simDisk("there").mount());
    const disk = simDisk("here");
    const here = await open(disk.mount());
    const sent: Uint8Array[] = [];
    for (const [firstSeq, contents] of [
      [1, ["a", "b"]],
      [3, ["c"]],
      [4, ["d"]],
    ] as const) {
      const sealed = record(firstSeq, contents, firstSeq);
      const write = there.write(sealed);
      sent.push(new Uint8Array([...wireHeader(sealed, nodeChecksum), ...sealed.subarray(RECORD_HEADER_BYTES)]));
      await write;
    }
    assert.ok((await here.adopt(sent)).ok);
    assert.deepEqual([here.lastSeq, here.durableSeq, here.lastEpoch], [4, 4, 4]);
    const after = await reopened(disk, "crash");
    assert.deepEqual(await entries(after), await entries(there));
    assert.ok(after.adoptNow(wire(5, ["e"], 4)).ok);
    await after.sync();
    assert.deepEqual(await entries(await reopened(disk, "crash"), seq(4)), ["5:e"]);
  });

  test("that do not belong where the log ends are refused, all of them, and nothing is written", async () => {
    const log = await open(simDisk().mount());
    await log.write(record(1, ["a"], 5));
    const code = async (...records: Uint8Array[]): Promise<string> => {
      const adopted = await log.adopt(records);
      assert.equal(log.lastSeq, 1);
      return adopted.ok ? "taken" : adopted.error.code;
    };
    assert.equal(await code(wire(3, ["c"], 5)), "gap");
    assert.equal(await code(wire(1, ["a"], 5)), "gap");
    assert.equal(await code(wire(2, ["b"], 4)), "old_epoch");
    assert.equal(await code(wire(2, ["b"], 5), wire(4, ["d"], 5)), "gap");
    assert.equal(await code(record(2, ["b"], 5)), "malformed");
    assert.equal(await code(new Uint8Array(0)), "malformed");
    const good = wire(2, ["b"], 5);
    assert.equal(await code(new Uint8Array([...good, 0])), "malformed");
    for (let at = 0; at < good.length; at++) {
      const flipped = good.slice();
      flipped[at]! ^= 1;
      assert.equal(await code(flipped), "malformed", `byte ${at}`);
      assert.equal(await code(good.subarray(0, at)), "malformed");
    }
    const refused = log.adoptNow(wire(3, ["c"], 5));
    assert.ok(!refused.ok && refused.error.code === "gap");
  });
});

describe("what another replica reads", () => {
  test("begins exactly where it asks, ends with the last record, and is in pieces of the size it wants", async () => {
    for (const segmentBytesMax of [1 << 20, 300]) {
      const log = await open(simDisk().mount(), { segmentBytesMax });
      const all: string[] = [];
      for (let at = 1; at <= 60; at += 3) {
        await log.write(record(at, [`x${at}`, `y${at}`, `z${at}`]));
        all.push(`${at}:x${at}`, `${at + 1}:y${at}`, `${at + 2}:z${at}`);
      }
      for (const bytesMax of [1, 200, 1 << 20])
        for (const from of [1, 2, 3, 4, 31, 59, 60])
          assert.deepEqual(await readAll(log, seq(from), bytesMax), all.slice(from - 1));
      const [only, ...others] = await firstPage(log, seq(7), 1);
      assert.deepEqual([only!.lastSeq, others.length], [9, 0]);
      assert.deepEqual(await firstPage(log, seq(61), 1), []);
    }
  });

  test("is found without reading all that stands before it", async () => {
    const disk = simDisk();
    const log = await open(disk.mount());
    const large = "x".repeat(50_000);
    for (let at = 1; at <= 60; at++) await log.write(record(at, [`${at}${large}`]));
    const check = async (each: Log): Promise<void> => {
      for (const from of [1, 6, 7, 30, 58]) {
        const [first] = await firstPage(each, seq(from), 1);
        assert.ok(wireEntries(first!.bytes)[0]!.startsWith(`${from}:${from}x`));
      }
      await each.truncateAfter(seq(58));
      await each.write(record(59, ["new"], 2));
      await each.write(record(60, ["newer"], 2));
      assert.deepEqual(await readAll(each, seq(59), 1), ["59:new", "60:newer"]);
    };
    await check(log);
    await check(await reopened(disk, "crash"));
  });

  test("is gone when it was cut off or the log was rewritten meanwhile", async () => {
    const log = await open(simDisk().mount(), { segmentBytesMax: 200 });
    for (let at = 1; at <= 12; at++) await log.write(record(at, ["entry"]));
    const reading = log.readFrom(seq(1), 1 << 20);
    await log.truncateAfter(seq(11));
    const code = (read: Awaited<typeof reading>): string => (read.ok ? "read" : read.error.code);
    assert.equal(code(await reading), "gone");
    await log.cut(seq(5));
    assert.equal(code(await log.readFrom(seq(1), 1)), "gone");
    assert.equal(code(await log.readFrom(log.firstSeq, 1)), "read");
  });

  async function firstPage(
    log: Log,
    from: Seq,
    bytesMax: number,
  ): Promise<readonly { lastSeq: Seq; bytes: Uint8Array }[]> {
    const read = await log.readFrom(from, bytesMax);
    assert.ok(read.ok, read.ok ? "" : read.error.message);
    return read.value;
  }
});

describe("who needs the log", () => {
  async function filled(): Promise<Log> {
    const log = await open(simDisk().mount(), { segmentBytesMax: 200 });
    for (let at = 1; at <= 40; at++) await log.write(record(at, ["entry"]));
    return log;
  }

  test("keeps it until he has moved on or let go", async () => {
    const log = await filled();
    const first = log.retain("w2", seq(10), 1 << 20);
    const second = log.retain("w3", seq(20), 1 << 20);
    await log.cut(seq(40));
    assert.ok(log.firstSeq <= 11 && log.firstSeq > 5);
    first.advance(seq(30));
    first.advance(seq(25));
    assert.equal(first.after, 30);
    await log.cut(seq(40));
    assert.ok(log.firstSeq <= 21 && log.firstSeq > 15);
    second.release();
    await log.cut(seq(40));
    assert.ok(log.firstSeq <= 31 && log.firstSeq > 25);
    assert.ok(!first.dropped && !second.dropped);
  });

  test("is dropped when too much would have to be kept for him, or what he needs is gone already", async () => {
    const log = await filled();
    const slow = log.retain("slow", seq(3), 300);
    await log.cut(seq(40));
    assert.ok(slow.dropped && log.firstSeq > 30);
    assert.equal(log.retain("late", seq(3), 300).dropped, true);
    slow.release();
  });

  test("is told when entries behind which he stands are replaced", async () => {
    const log = await filled();
    const kept = log.retain("kept", seq(20), 1 << 20);
    const lost = log.retain("lost", seq(31), 1 << 20);
    await log.truncateAfter(seq(30));
    assert.deepEqual([kept.dropped, lost.dropped], [false, true]);
    await log.reset(seq(50), epoch(2));
    assert.equal(kept.dropped, true);
  });

  test("may be nobody: so much is kept as is wanted anyway", async () => {
    const log = await filled();
    log.backlogBytes = 1_000;
    await log.cut(seq(40));
    const kept = log.bytesAfter(seq(log.firstSeq - 1));
    assert.ok(kept >= 1_000 && kept < 1_300, `${kept} bytes`);
    log.backlogBytes = 0;
    await log.cut(seq(40));
    assert.ok(log.bytesAfter(seq(log.firstSeq - 1)) < 300);
  });
});

test("a log that is reset begins behind a snapshot, whether that is older or newer", async () => {
  for (const last of [3, 100]) {
    const disk = simDisk();
    const log = await open(disk.mount(), { segmentBytesMax: 200 });
    for (let at = 1; at <= 12; at++) await log.write(record(at, ["old"], 9));
    await log.reset(seq(last), epoch(5));
    for (const each of [log, await reopened(disk, "crash")])
      assert.deepEqual([each.firstSeq, each.lastSeq, each.durableSeq, each.lastEpoch], [last + 1, last, last, 5]);
    const again = await reopened(disk, "kill");
    await again.write(record(last + 1, ["new"], 6));
    assert.deepEqual(await entries(await reopened(disk, "crash"), seq(last)), [`${last + 1}:new`]);
    assert.equal(again.epochAt(seq(last)), 5);
  }
});

test("a log of no use is discarded, and another one begins behind any entry", async () => {
  const disk = simDisk();
  const log = await open(disk.mount(), { segmentBytesMax: 200 });
  for (let at = 1; at <= 12; at++) await log.write(record(at, ["old"]));
  disk.kill();
  disk.flipBit("0000000000000001.log", 70, 1);
  assert.equal((await openLog(disk.mount(), logOptions())).ok, false);
  await discardLog(disk.mount());
  const other = await open(disk.mount(), { startAfter: { seq: seq(7), epoch: epoch(3) } });
  assert.deepEqual([other.lastSeq, other.lastEpoch], [7, 3]);
});
