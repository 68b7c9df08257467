import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LOG_MICROS, NodeRig } from "./nodeRig.ts";

const TINY = {
  segmentBytesMax: 300,
  aheadBytes: 0,
  flushLogBytes: 1 << 20,
  dirtyBlockRefs: 1,
  batchBytes: 100,
  batchRecords: 1,
  wholeBytesMax: 100,
  entryBytesMax: 1_000,
};
const MISCONF =
  "-MISCONF Errors writing to the log: no space left on the disk. Commands that may modify the data set are refused until there is room. ";

const STORE_FAILED =
  "-MISCONF Errors writing to the store: IO error: /simulated/000005.log: Input/output error. Commands that may modify the data set are refused until it works again. ";

describe("a node", () => {
  test("writes what comes while a record is written with the next record, whole", async () => {
    const rig = await NodeRig.open();
    const client = rig.client();
    client.request("SET a 1");
    await rig.pass(LOG_MICROS / 2);
    client.request("SET b 2");
    // The first record is done, and the second is on its way without anybody's turn having ended.
    await rig.pass(LOG_MICROS * 2);
    client.request("SET c 3", "MULTI", "SET d 4", "SET e 5", "EXEC");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(client.take(), "+OK +OK +OK +OK +QUEUED +QUEUED *2 +OK +OK ");
    await rig.restart("crash");
    const again = rig.client();
    again.request("MGET a b c d e");
    assert.equal(again.take(), "*5 $1 1 $1 2 $1 3 $1 4 $1 5 ");
  });

  test("takes no more requests when it has taken too much that is not committed, and goes on afterwards", async () => {
    const rig = await NodeRig.open();
    const { executor, journal } = rig.node;
    const value = "v".repeat(1 << 20);
    const clients = Array.from({ length: 100 }, () => rig.client());
    for (const [i, client] of clients.entries()) client.request(`SET key${i} ${value}`);
    const taken = 64;
    assert.equal(executor.mayExecute(clients[0]!.client), false);
    assert.ok(journal.uncommittedBytes >= taken << 20 && journal.uncommittedBytes < (taken + 1) << 20);
    await rig.pass(LOG_MICROS / 2);
    assert.equal(clients.map((client) => client.take()).join(""), "");
    const reader = rig.client();
    reader.request("DBSIZE");
    assert.equal(reader.take(), "", "reads wait, too");
    await rig.pass(50 * LOG_MICROS);
    assert.deepEqual(
      clients.map((client) => client.take()),
      clients.map(() => "+OK "),
    );
    assert.equal(reader.take(), ":100 ");
    assert.equal(journal.uncommittedBytes, 0);
  });

  test("answers a write when it is on disk, and a read of it no sooner", async () => {
    const rig = await NodeRig.open();
    const [writer, reader] = [rig.client(), rig.client()];
    writer.request("SET a 1");
    reader.request("GET a");
    reader.request("GET b");
    await rig.pass(LOG_MICROS / 2);
    assert.equal(writer.take() + reader.take(), "", "and nothing overtakes");
    const other = rig.client();
    other.request("GET b");
    assert.equal(other.take(), "$-1 ", "who has seen nothing new waits for nothing");
    await rig.pass(10 * LOG_MICROS);
    assert.equal(writer.take(), "+OK ");
    assert.equal(reader.take(), "$1 1 $-1 ");
  });

  test("executes what a woken client asks next apart from the replies of the one who woke it", async () => {
    const rig = await NodeRig.open();
    const [waiting, pushing] = [rig.client(), rig.client()];
    waiting.request("BLPOP list 0", "GET x", "STRLEN x");
    pushing.request("RPUSH list a b", "LLEN list");
    await rig.pass(10 * LOG_MICROS);
    assert.equal(waiting.take(), "*2 $4 list $1 a $-1 :0 ");
    assert.equal(pushing.take(), ":2 :1 ");
  });

  test("lets who has to wait anew wait for what is left of its time", async () => {
    const rig = await NodeRig.open();
    const waiting = rig.client();
    waiting.request("BLPOP list 10");
    await rig.pass(6_000_000);
    rig.node.executor.startOver((key) => key === "list");
    await rig.pass(3_900_000);
    assert.equal(waiting.take(), "");
    await rig.pass(200_000);
    assert.equal(waiting.take(), "*-1 ");
  });
});

describe("a node whose log takes nothing", () => {
  test("refuses what was not committed, and tells truly what only waited behind it", async () => {
    const rig = await NodeRig.open();
    const client = rig.client();
    client.request("SET kept 1");
    await rig.pass(10 * LOG_MICROS);
    rig.logDisk.capacityBytes = 0;
    client.request("SET a 1");
    client.request("GET kept");
    client.request("GET a");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(client.take(), `+OK ${MISCONF}$1 1 ${MISCONF}`);
    client.request("SET b 1");
    client.request("GET a");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(client.take(), `${MISCONF}$-1 `);
  });

  test("cuts off a client that does not know whether its transaction is open", async () => {
    const rig = await NodeRig.open();
    const [client, other] = [rig.client(), rig.client()];
    rig.logDisk.capacityBytes = 0;
    client.request("SET a 1", "MULTI");
    other.request("SET b 1");
    await rig.pass(20 * LOG_MICROS);
    assert.ok(client.isCut);
    assert.ok(!other.isCut);
  });

  test("takes writes again when there is room, and forgets the refused ones", async () => {
    const rig = await NodeRig.open();
    const client = rig.client();
    rig.logDisk.capacityBytes = 0;
    client.request("SET a 1");
    await rig.pass(100_000);
    assert.equal(client.take(), MISCONF);
    rig.logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
    await rig.pass(2_000_000);
    client.request("SET b 2", "GET a");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(client.take(), "+OK $-1 ");
    await rig.restart("crash");
    const again = rig.client();
    again.request("MGET a b");
    assert.equal(again.take(), "*2 $-1 $1 2 ");
    assert.deepEqual(rig.fatal, []);
  });

  test("brings nothing that was refused to the store, though a flush is under way", async () => {
    const rig = await NodeRig.open({ sizes: TINY });
    const client = rig.client();
    client.request(...Array.from({ length: 10 }, (_, i) => `SET k${i} old`));
    await rig.pass(30 * LOG_MICROS);
    const flushed = rig.node.maintenance.startFlush();
    await rig.pass(LOG_MICROS);
    rig.logDisk.capacityBytes = 0;
    client.request("SET k9 refused");
    await rig.settled(flushed);
    await rig.pass(400_000);
    rig.logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
    await rig.restart("kill");
    const again = rig.client();
    again.request("GET k9");
    assert.equal(again.take(), "$3 old ");
  });

  test("ends when it cannot know what is on disk, also if it is the flush that finds out", async () => {
    for (const operation of ["remove", "syncDirectory"] as const) {
      const rig = await NodeRig.open({ sizes: TINY });
      const client = rig.client();
      client.request(...Array.from({ length: 30 }, (_, i) => `SET k${i} v`));
      await rig.pass(60 * LOG_MICROS);
      client.request("SET k v");
      await rig.pass(60 * LOG_MICROS);
      rig.logDisk.failNext(operation, "io");
      await rig.settled(rig.node.maintenance.startFlush());
      assert.equal(rig.fatal.length, 1, operation);
      client.take();
      client.request("SET after 1");
      await rig.pass(100_000);
      assert.equal(client.take(), "");
    }
  });
});

describe("a node whose store takes nothing", () => {
  test("does not say that a write was refused of which nobody knows what became", async () => {
    for (let moment = 0; moment < 30_000; moment += 700) {
      const rig = await NodeRig.open({ sizes: TINY });
      const client = rig.client();
      client.request("SET a 1");
      await rig.pass(20 * LOG_MICROS);
      client.take();
      rig.engine.failNext(0);
      const flushed = rig.node.maintenance.startFlush();
      await rig.pass(moment);
      rig.logDisk.failNext("sync", "io");
      client.request("SET a 2");
      await rig.settled(flushed);
      await rig.pass(100_000);
      // Either the store's failure came first, and the write was refused before it was begun, or nobody is told anything.
      assert.equal(client.take(), rig.fatal.length === 0 ? STORE_FAILED : "", `${moment} µs into the flush`);
    }
  });

  test("serves on, and writes again when the store does", async () => {
    const rig = await NodeRig.open({ sizes: TINY });
    const client = rig.client();
    client.request("SET a 1");
    await rig.pass(20 * LOG_MICROS);
    rig.engine.full = true;
    await rig.settled(rig.node.maintenance.startFlush());
    await rig.pass(100_000);
    client.take();
    client.request("GET a", "SET b 1");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(client.take(), `$1 1 ${MISCONF}`);
    rig.engine.full = false;
    await rig.pass(2_000_000);
    client.request("SET b 1", "DBSIZE");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(client.take(), "+OK :2 ");
    assert.deepEqual(rig.fatal, []);
  });

  test("can be stopped all the same", async () => {
    const rig = await NodeRig.open({ sizes: TINY });
    const client = rig.client();
    client.request("SET a 1");
    await rig.pass(20 * LOG_MICROS);
    rig.engine.failNext(0);
    await rig.settled(rig.process.stop());
    await rig.restart("crash");
    const again = rig.client();
    again.request("GET a");
    assert.equal(again.take(), "$1 1 ");
  });
});

describe("a node that answers before the disk has a write (--durability memory)", () => {
  test("does not flush what the log has not got yet", async () => {
    const rig = await NodeRig.open({ durability: "memory" });
    const client = rig.client();
    client.request("SET a 1");
    // In the same turn: the entry is evaluated, and not even written.
    const flushed = rig.node.maintenance.startFlush();
    for (let i = 0; i < 20; i++) {
      await rig.pass(1_000);
      if (rig.engine.shown.size > 0) assert.equal(rig.node.log.durableSeq, rig.node.log.lastSeq);
    }
    await rig.settled(flushed);
    await rig.restart("crash");
    const again = rig.client();
    again.request("GET a");
    assert.equal(again.take(), "$1 1 ");
  });

  test("loses at most a second when the power goes, and nothing when it is killed", async () => {
    const rig = await NodeRig.open({ durability: "memory" });
    const client = rig.client();
    client.request("SET a 1");
    await rig.pass(10);
    assert.equal(client.take(), "+OK ");
    await rig.restart("kill");
    await rig.pass(1_100_000);
    await rig.restart("crash");
    const again = rig.client();
    again.request("GET a");
    assert.equal(again.take(), "$1 1 ");
  });

  test("takes writes again after the disk was full", async () => {
    const rig = await NodeRig.open({ durability: "memory" });
    const client = rig.client();
    rig.logDisk.capacityBytes = 0;
    client.request("SET a 1");
    await rig.pass(100_000);
    assert.equal(client.take(), MISCONF);
    rig.logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
    await rig.pass(3_000_000);
    client.request("SET a 2");
    await rig.pass(10);
    assert.equal(client.take(), "+OK ");
  });
});
