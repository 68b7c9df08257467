import assert from "node:assert/strict";
import { test } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { StepQueue } from "../../../sim/disk/stepQueue.ts";
import { epoch, seq } from "../../../src/base/ids.ts";
import { InvariantViolation } from "../../../src/base/invariant.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { entries, open, record, simDisk, writeEach } from "./logSupport.ts";

test("a new log is empty, and what is written is there after a restart", async () => {
  const sim = simDisk();
  const log = await open(sim.mount());
  assert.deepEqual([log.firstSeq, log.lastSeq, log.lastEpoch, log.durableSeq], [1, 0, 0, 0]);
  assert.deepEqual(await entries(log), []);
  await log.write(record(1, ["a", "b"], 3));
  await log.write(record(3, ["c"], 4));
  assert.deepEqual([log.firstSeq, log.lastSeq, log.lastEpoch, log.durableSeq], [1, 3, 4, 3]);
  assert.deepEqual(await entries(log), ["1:a", "2:b", "3:c"]);
  sim.crash();
  const again = await open(sim.mount());
  assert.deepEqual([again.firstSeq, again.lastSeq, again.lastEpoch, again.durableSeq], [1, 3, 4, 3]);
  assert.deepEqual(await entries(again), ["1:a", "2:b", "3:c"]);
  assert.deepEqual(await entries(again, seq(2)), ["3:c"]);
});

test("a replay gives epoch and time, and waits for whoever is slow", async () => {
  const log = await open(simDisk().mount());
  await log.write(record(1, ["a"], 2, 1234));
  await log.write(record(2, ["b", "c"], 5, 1300));
  const seen: string[] = [];
  const replayed = await log.replay(seq(0), async (view) => {
    const facts = [view.epoch, view.firstSeq, view.lastSeq, view.count, view.time].join(" ");
    await new Promise((done) => setImmediate(done));
    seen.push(facts);
  });
  assert.ok(replayed.ok);
  assert.deepEqual(seen, ["2 1 1 1 1234", "5 2 3 2 1300"]);
});

test("a log that begins after a snapshot goes on from there", async () => {
  const sim = simDisk();
  const startAfter = { seq: seq(900), epoch: epoch(7) };
  const log = await open(sim.mount(), { startAfter });
  assert.deepEqual([log.firstSeq, log.lastSeq, log.lastEpoch], [901, 900, 7]);
  await log.close();
  const again = await open(sim.mount());
  assert.deepEqual([again.firstSeq, again.lastSeq, again.lastEpoch], [901, 900, 7]);
  await again.write(record(901, ["x"], 7));
  assert.deepEqual(await entries(again, seq(900)), ["901:x"]);
});

test("segments follow one another, and a record that is larger than a segment has one of its own", async () => {
  const sim = simDisk();
  const log = await open(sim.mount(), { segmentBytesMax: 300 });
  await writeEach(log, "a", "b", "c".repeat(1000), "d", "e".repeat(90_000), "f");
  assert.deepEqual(
    await sim.mount().list(),
    [1, 2, 3, 4, 5].map((n) => `000000000000000${n}.log`),
  );
  const found = await entries(log);
  assert.deepEqual(
    found.map((entry) => entry.length),
    [3, 3, 1002, 3, 90_002, 3],
  );
  await log.close();
  assert.deepEqual(await entries(await open(sim.mount())), found);
  assert.deepEqual(await entries(await open(sim.mount()), seq(4)), found.slice(4));
});

test("a cut removes whole segments, and the log goes on after a restart", async () => {
  const sim = simDisk();
  const log = await open(sim.mount(), { segmentBytesMax: 200 });
  await writeEach(log, "a", "b", "c", "d", "e", "f");
  assert.equal((await sim.mount().list()).length, 3);
  const all = log.bytesAfter(seq(0));
  await log.cut(seq(3));
  assert.equal(log.firstSeq, 3);
  assert.deepEqual(await entries(log, seq(2)), ["3:c", "4:d", "5:e", "6:f"]);
  await log.cut(seq(6));
  assert.equal(log.firstSeq, 5, "the last segment stays");
  assert.ok(log.bytesAfter(seq(0)) < all);
  assert.equal(log.bytesAfter(seq(6)), 0);
  assert.ok(log.bytesAfter(seq(5)) < log.bytesAfter(seq(4)));
  sim.crash();
  const again = await open(sim.mount());
  assert.deepEqual([again.firstSeq, again.lastSeq], [5, 6]);
  await writeEach(again, "g");
  assert.deepEqual(await entries(again, seq(4)), ["5:e", "6:f", "7:g"]);
});

test("zeros are written ahead, in pieces, and are no part of the log", async () => {
  const sim = simDisk();
  const log = await open(sim.mount(), { aheadBytes: 1000 });
  await writeEach(log, "a");
  assert.equal(sim.usedBytes, 64 + 53 + 1000);
  for (let i = 0; i < 18; i++) await writeEach(log, "b");
  assert.equal(sim.usedBytes, 64 + 53 + 1000);
  await writeEach(log, "c");
  assert.ok(sim.usedBytes > 2000);
  sim.crash();
  const again = await open(sim.mount());
  assert.equal(again.tornBytes, 0);
  assert.equal(again.lastSeq, 20);
  assert.equal(sim.usedBytes, 64 + 20 * 53);
});

test("records written at once survive the process, and the power after a sync", async () => {
  const sim = simDisk("now");
  const log = await open(sim.mount(), { segmentBytesMax: 300 });
  log.writeNow(record(1, ["a"]));
  log.writeNow(record(2, ["b"]));
  assert.deepEqual([log.lastSeq, log.durableSeq], [2, 0]);
  sim.kill();
  const killed = await open(sim.mount(), { segmentBytesMax: 300 });
  assert.deepEqual([killed.lastSeq, killed.durableSeq], [2, 2]);
  killed.writeNow(record(3, ["c"]));
  const sync = killed.sync();
  killed.writeNow(record(4, ["d"]));
  await sync;
  assert.deepEqual([killed.lastSeq, killed.durableSeq], [4, 3]);
  await killed.sync();
  assert.equal(killed.durableSeq, 4);
  assert.equal((await sim.mount().list()).length, 1);
  killed.writeNow(record(5, ["e"]));
  await killed.sync();
  assert.equal((await sim.mount().list()).length, 2, "a sync of a full segment starts a new one");
  sim.crash();
  assert.deepEqual(await entries(await open(sim.mount())), ["1:a", "2:b", "3:c", "4:d", "5:e"]);
});

test("a full disk refuses a record, nothing of it stays, and the next one is taken when there is room", async () => {
  for (const aheadBytes of [0, 4096]) {
    const sim = simDisk("full");
    const log = await open(sim.mount(), { aheadBytes });
    await writeEach(log, "a");
    sim.capacityBytes = sim.usedBytes + 100;
    const large = record(2, ["x".repeat(10_000)]);
    await assert.rejects(log.write(large), { code: "disk_full" });
    assert.deepEqual([log.lastSeq, log.durableSeq], [1, 1]);
    await assert.rejects(log.write(large), { code: "disk_full" });
    assert.deepEqual(await entries(log), ["1:a"]);
    sim.capacityBytes = 1e9;
    await log.write(large);
    await writeEach(log, "c");
    sim.crash();
    assert.deepEqual(
      (await entries(await open(sim.mount()))).map((entry) => entry.length),
      [3, 10_002, 3],
    );
  }
});

test("a full disk refuses what is written at once until the part of it that was written is cut off", async () => {
  const sim = simDisk("full");
  const log = await open(sim.mount());
  log.writeNow(record(1, ["a"]));
  sim.capacityBytes = sim.usedBytes + 100;
  assert.throws(() => log.writeNow(record(2, ["x".repeat(200)])), { code: "disk_full" });
  sim.capacityBytes = 1e9;
  assert.throws(() => log.writeNow(record(2, ["b"])), { code: "disk_full" });
  await new Promise((done) => setImmediate(done));
  log.writeNow(record(2, ["b"]));
  await log.close();
  assert.deepEqual(await entries(await open(sim.mount())), ["1:a", "2:b"]);
});

test("a segment that cannot be made refuses the record, and is made later", async () => {
  for (const [operation, code] of [
    ["replace", "disk_full"],
    ["open", "too_many_files"],
  ] as const) {
    const sim = simDisk();
    const log = await open(sim.mount(), { segmentBytesMax: 150 });
    await writeEach(log, "a");
    sim.failNext(operation, code);
    await assert.rejects(log.write(record(2, ["b"])), { code });
    await writeEach(log, "b", "c");
    sim.crash();
    assert.deepEqual(await entries(await open(sim.mount())), ["1:a", "2:b", "3:c"]);
  }
});

test("after a failed sync the log never answers again", async () => {
  const sim = simDisk();
  const log = await open(sim.mount());
  await writeEach(log, "a");
  sim.failNext("sync", "io");
  await assert.rejects(log.write(record(2, ["b"])), { code: "poisoned" });
  await assert.rejects(log.write(record(3, ["c"])), { code: "poisoned" });
  await assert.rejects(log.sync(), { code: "poisoned" });
  await assert.rejects(log.cut(seq(1)), { code: "poisoned" });
  assert.throws(() => log.writeNow(record(3, ["c"])), { code: "poisoned" });
  assert.throws(() => log.replay(seq(0), () => undefined), { code: "poisoned" });
  await assert.rejects(log.close(), { code: "poisoned" });
});

test("a sync that fails for want of room poisons too: nobody knows what it kept", async () => {
  const sim = simDisk();
  const log = await open(sim.mount());
  sim.failNext("sync", "disk_full");
  await assert.rejects(log.write(record(1, ["a"])), { code: "poisoned" });
});

test("what a failed sync left in the page cache is on the disk after the next start", async () => {
  for (let i = 0; i < 50; i++) {
    const sim = simDisk(`retry ${i}`);
    const log = await open(sim.mount());
    await writeEach(log, "a");
    sim.failNext("sync", "io");
    await assert.rejects(log.write(record(2, ["b"])));
    sim.kill();
    const again = await open(sim.mount());
    assert.equal(again.durableSeq, 2);
    sim.crash();
    assert.deepEqual(await entries(await open(sim.mount())), ["1:a", "2:b"]);
  }
});

test("a closed log says so", async () => {
  const log = await open(simDisk().mount());
  await log.close();
  await log.close();
  await assert.rejects(log.write(record(1, ["a"])), { code: "closed" });
  assert.throws(() => log.writeNow(record(1, ["a"])), { code: "closed" });
});

test("wrong use is a bug of the caller", async () => {
  const queue = new StepQueue();
  const sim = new SimDisk({ prng: createPrng("wrong"), schedule: queue.push });
  const opening = open(sim.mount());
  let log: Awaited<typeof opening> | undefined;
  opening.then((opened) => {
    log = opened;
  }, assert.fail);
  while (log === undefined) {
    queue.step();
    await new Promise((done) => setImmediate(done));
  }
  await assert.rejects(log.write(record(2, ["gap"])), InvariantViolation);
  await assert.rejects(log.write(record(1, ["a"]).subarray(0, 50)), InvariantViolation);
  void log.write(record(1, ["a"], 2));
  await assert.rejects(log.write(record(1, ["b"])), InvariantViolation);
  assert.throws(() => log?.writeNow(record(1, ["b"])), InvariantViolation);
  await assert.rejects(log.close(), InvariantViolation);
  while (log.durableSeq < 1) {
    queue.step();
    await new Promise((done) => setImmediate(done));
  }
  await assert.rejects(log.write(record(2, ["an older epoch"], 1)), InvariantViolation);
});
