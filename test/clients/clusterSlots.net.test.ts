import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Cluster, Redis } from "ioredis";
import { createCluster } from "redis";
import { keySlot } from "../../src/base/crc16.ts";
import { LocalCluster } from "../support/localCluster.ts";

const SUITE_MILLIS_MAX = 120_000;
const KEYS = 300;
const HALF = 8_192;

/** Clients in cluster mode against two groups. */
describe("clients of several groups", { timeout: SUITE_MILLIS_MAX }, () => {
  let cluster: LocalCluster;
  const clients: Redis[] = [];

  before(async () => {
    cluster = await LocalCluster.open({ g1: [[0, HALF - 1]], g2: [[HALF, 16_383]] });
    await cluster.add("g1", "a1");
    await cluster.add("g1", "a2");
    await cluster.add("g2", "b1");
    await cluster.ready();
    await cluster.until(
      async () => (await at("a1").cluster("SLOTS")).flat(1).filter(Array.isArray).length === 3,
      "a worker does not know of all replicas",
    );
  });
  after(async () => {
    for (const client of clients) client.disconnect();
    await cluster?.dispose();
  });

  function at(id: string): Redis {
    const client = new Redis(cluster.worker(id).server.port, { maxRetriesPerRequest: 1 });
    clients.push(client);
    return client;
  }

  const port = (id: string): number => cluster.worker(id).server.port;
  /** A key of the first half, and one of the second. */
  const [low, high] = [keyBelow(HALF), keyFrom(HALF)];

  it("a node sends clients to the group that has the slot", async () => {
    assert.equal(await at("a1").set(low, "1"), "OK");
    await assert.rejects(at("a1").get(high), { message: `MOVED ${keySlot(high)} 127.0.0.1:${port("b1")}` });
    await assert.rejects(at("b1").get(low), { message: `MOVED ${keySlot(low)} 127.0.0.1:${port("a1")}` });
    await assert.rejects(at("a2").get(high), { message: `MOVED ${keySlot(high)} 127.0.0.1:${port("b1")}` });
    await assert.rejects(at("a2").get(low), { message: `MOVED ${keySlot(low)} 127.0.0.1:${port("a1")}` });
    const secondary = at("a2");
    await secondary.readonly();
    assert.equal(await secondary.get(low), "1");
    await assert.rejects(secondary.get(high), { message: `MOVED ${keySlot(high)} 127.0.0.1:${port("b1")}` });
    assert.equal(await at("a1").asking(), "OK");
  });

  it("keys of several slots are refused in Redis's words, also by EXEC", async () => {
    const redis = at("a1");
    const crossed = { message: "CROSSSLOT Keys in request don't hash to the same slot" };
    await assert.rejects(redis.mget(low, high), crossed);
    await assert.rejects(redis.mget(low, `${low}${low}`), crossed);
    assert.deepEqual(await redis.mset(`{${low}}1`, "1", `{${low}}2`, "2"), "OK");
    await redis.call("MULTI");
    await redis.call("SET", low, "1");
    await assert.rejects(redis.call("MSET", low, "1", `${low}${low}`, "2") as Promise<unknown>, crossed);
    await assert.rejects(redis.call("EXEC") as Promise<unknown>, /^ReplyError: EXECABORT/);
    const other = keyBelow(HALF, keySlot(low));
    await redis.call("MULTI");
    assert.equal(await redis.call("SET", low, "1"), "QUEUED");
    assert.equal(await redis.call("SET", other, "1"), "QUEUED");
    await assert.rejects(redis.call("EXEC") as Promise<unknown>, crossed);
    await assert.rejects(redis.call("EXEC") as Promise<unknown>, /EXEC without MULTI/);
  });

  it("all nodes tell the same of all groups", async () => {
    const slots = await at("a1").cluster("SLOTS");
    assert.deepEqual(
      slots.map(([from, to]) => [from, to]),
      [
        [0, HALF - 1],
        [HALF, 16_383],
      ],
    );
    assert.deepEqual(await at("b1").cluster("SLOTS"), slots);
    assert.deepEqual(await at("a2").cluster("SLOTS"), slots);
    const nodes = String(await at("b1").cluster("NODES"));
    assert.equal(nodes.trim().split("\n").length, 3);
    assert.match(nodes, /myself,master - 0 0 \d+ connected 8192-16383/);
    const info = String(await at("b1").cluster("INFO"));
    assert.match(info, /cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384/);
    assert.match(info, /cluster_known_nodes:3\r\ncluster_size:2/);
    const groups = (await at("a2").cluster("SHARDS")) as unknown[];
    assert.equal(groups.length, 2);
  });

  it("ioredis and node-redis find every key where it is", async () => {
    const io = new Cluster([{ host: "127.0.0.1", port: port("a2") }], { scaleReads: "slave" });
    try {
      for (let i = 0; i < KEYS; i++) assert.equal(await io.set(`k:${i}`, i), "OK");
      for (let i = 0; i < KEYS; i++) assert.equal(await io.get(`k:${i}`), String(i));
      assert.equal(io.nodes("master").length, 2);
    } finally {
      io.disconnect();
    }
    const sizes = await Promise.all([at("a1").dbsize(), at("b1").dbsize()]);
    assert.ok(sizes.every((size) => size > KEYS / 4) && sizes[0]! + sizes[1]! >= KEYS, String(sizes));
    const node = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port("b1")}` }], useReplicas: true });
    await node.connect();
    try {
      for (let i = 0; i < KEYS; i++) assert.equal(await node.get(`k:${i}`), String(i));
    } finally {
      node.destroy();
    }
  });

  it("redis-cli follows, and what would change the cluster by hand tells what to do instead", async () => {
    const cli = async (...args: string[]) =>
      (await promisify(execFile)("redis-cli", ["-p", String(port("a2")), ...args])).stdout.trim();
    assert.equal(await cli("-c", "set", high, "2"), "OK");
    assert.equal(await cli("-c", "get", high), "2");
    assert.match(await cli("cluster", "setslot", "5", "importing", "x"), /^ERR CLUSTER SETSLOT .*`holdfast migrate /);
    assert.match(await cli("cluster", "meet", "h", "1"), /`holdfast worker --group GROUP`/);
    assert.match(await cli("cluster", "reset"), /does not apply to Holdfast/);
    assert.match(await cli("--cluster", "check", `127.0.0.1:${port("a1")}`), /\[OK\] All 16384 slots covered/);
  });

  function keyBelow(slot: number, not = -1): string {
    for (let i = 0; ; i++) if (keySlot(`x${i}`) < slot && keySlot(`x${i}`) !== not) return `x${i}`;
  }
  function keyFrom(slot: number): string {
    for (let i = 0; ; i++) if (keySlot(`x${i}`) >= slot) return `x${i}`;
  }
});
