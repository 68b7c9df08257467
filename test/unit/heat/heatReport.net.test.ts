import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { splitAddress } from "../../../src/base/address.ts";
import { keySlot } from "../../../src/base/crc16.ts";
import { readCluster } from "../../../src/coordination/clusterTree.ts";
import { parseWorkerRecord } from "../../../src/coordination/workerRecord.ts";
import { type HeatReport, parseHeat } from "../../../src/master/heatReport.ts";
import { grpcWorkerCalls } from "../../../src/platform/rpc/grpcWorkerCalls.ts";
import { LocalCluster } from "../../support/localCluster.ts";

describe("what a worker tells of its heat", { timeout: 60_000 }, () => {
  let cluster: LocalCluster;
  let redis: Redis;

  before(async () => {
    cluster = await LocalCluster.open({
      g1: [[0, 9_999]],
      g2: [[10_000, 16_383]],
    });
    await cluster.add("g1", "w1");
    await cluster.add("g2", "w2");
    await cluster.ready();
    redis = new Redis(cluster.worker("w1").server.port);
  });
  after(async () => {
    redis.disconnect();
    await cluster.dispose();
  });

  /** As a master asks. */
  async function ask(id: string): Promise<HeatReport> {
    const name = await readCluster(cluster.session);
    const znode = await cluster.session.get(`/workers/${id}`, { sync: true });
    assert.ok(name.ok && znode.ok);
    const { rpc, group } = parseWorkerRecord(znode.value.data)!;
    const calls = await grpcWorkerCalls(undefined);
    const caller = calls.caller(splitAddress(rpc)!, { cluster: name.value, group, replica: id });
    const answer = await caller.heat(5_000);
    caller.close();
    assert.ok(answer.ok, JSON.stringify(answer));
    const report = parseHeat(answer.value);
    assert.ok(report !== undefined, answer.value);
    return report;
  }

  const owned = (key: string): boolean => keySlot(key) < 10_000;

  it("is what the master reads", async () => {
    const keys = Array.from({ length: 200 }, (_, at) => `key:${at}`).filter(owned);
    for (const key of keys) await redis.set(key, "value");
    const hot = keys[0]!;
    for (let round = 0; round < 100; round++) await Promise.all(Array.from({ length: 50 }, () => redis.get(hot)));
    await sleep(1_200);
    const report = await ask("w1");
    assert.ok(report.readsPerSecond > 50, `${report.readsPerSecond}`);
    assert.ok(report.writesPerSecond > 1, `${report.writesPerSecond}`);
    assert.ok(report.bytesPerSecond > 1_000);
    assert.ok(report.load > 0 && report.load <= 1 && report.capacityPerSecond > 0);
    const slot = report.slots.find((each) => each.slot === keySlot(hot))!;
    assert.ok(slot.readsPerSecond > 50);
    assert.ok(slot.keys > 0 && slot.bytes > 0);
    assert.ok(report.slots.every((each) => each.slot < 10_000));
    const bytes = report.slots.reduce((sum, each) => sum + each.bytes, 0);
    assert.ok(bytes > 1_000, `${bytes}`);
    assert.equal(report.topKeys[0]?.key, hot);
    assert.deepEqual(report.moves, []);
    const other = await ask("w2");
    assert.deepEqual([other.readsPerSecond, other.slots], [0, []]);
  });

  it("is shown by CLUSTER SLOT-STATS and HOTKEYS", async () => {
    await redis.config("RESETSTAT");
    const key = "key:1".repeat(owned("key:1") ? 1 : 2);
    const mine = owned(key) ? key : "key:0";
    assert.ok(owned(mine));
    await redis.set(mine, "value");
    await redis.get(mine);
    await redis.get(mine);
    const slot = keySlot(mine);
    type Rows = [number, (string | number)[]][];
    const [row] = (await redis.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", slot, slot)) as Rows;
    assert.equal(row![0], slot);
    const figures = Object.fromEntries(Array.from({ length: 8 }, (_, at) => row![1].slice(at * 2, at * 2 + 2)));
    assert.equal(figures["key-count"], 1);
    assert.equal(figures["reads"], 2);
    assert.equal(figures["writes"], 1);
    assert.equal(figures["network-bytes-out"], 5 + 11 + 11);
    const ordered = (await redis.call("CLUSTER", "SLOT-STATS", "ORDERBY", "reads", "LIMIT", "3")) as Rows;
    assert.equal(ordered.length, 3);
    assert.equal(ordered[0]![0], slot);
    const all = (await redis.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 0, 16_383)) as Rows;
    assert.equal(all.length, 10_000);
    const hot = (await redis.call("HOTKEYS", "COUNT", "1")) as [string, number][];
    assert.equal(hot.length, 1);
    for (const [line, error] of [
      ["SLOTSRANGE 5 4", /Start slot number 5 is greater than end slot number 4/],
      ["SLOTSRANGE 0 16384", /Invalid or out of range slot/],
      ["SLOTSRANGE 0", /syntax error/],
      ["ORDERBY nothing", /Unrecognized sort metric/],
      ["ORDERBY reads LIMIT 0", /Limit has to lie in between 1 and 16384/],
      ["ORDERBY reads ASC DESC", /syntax error/],
    ] as const) {
      await assert.rejects(redis.call("CLUSTER", "SLOT-STATS", ...line.split(" ")), error);
    }
    await assert.rejects(redis.call("HOTKEYS", "COUNT", "0"), /COUNT must be at least 1/);
  });
});
