import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { spawnHoldfast } from "../support/holdfastServer.ts";

const READY = /^holdfast dev ready redis=(\S+) data=(\S+) pid=\d+$/;
const READY_MILLIS_MAX = 60_000;
const KEYS = 300;

describe("forwarding between groups", { timeout: 180_000 }, () => {
  let data: string;
  let dev: ReturnType<typeof spawnHoldfast>;
  let ports: number[];
  let clients: Redis[];

  before(async () => {
    data = await mkdtemp(join(tmpdir(), "holdfast-forward-"));
    const size = ["--groups", "3", "--replicas", "2", "--scatter", "yes"];
    dev = spawnHoldfast(["dev", "--base-port", "0", "--data", data, ...size]);
    const [, addresses] = READY.exec(await dev.waitForLine(READY, READY_MILLIS_MAX))!;
    ports = addresses!.split(",").map((address) => Number(address.split(":")[1]));
    clients = ports.map((port) => new Redis(port));
  });
  after(async () => {
    for (const client of clients) client.disconnect();
    await dev.stop();
    await rm(data, { recursive: true, force: true });
  });

  it("takes any key at any node", async () => {
    for (const [at, client] of clients.entries()) await client.set(`any:${at}`, at);
    for (const client of clients)
      for (let at = 0; at < clients.length; at++) assert.equal(await client.get(`any:${at}`), String(at));
  });

  it("keeps the order of a pipeline over all groups", async () => {
    for (const client of clients) {
      const pipeline = client.pipeline();
      const expected: unknown[] = [];
      for (let i = 0; i < 400; i++) {
        pipeline.set(`order:${i % 50}`, i).get(`order:${i % 50}`);
        expected.push("OK", String(i));
        if (i % 20 !== 0) continue;
        pipeline.exists(`order:${i % 50}`, "order:1", "order:2").echo(String(i));
        expected.push(i === 0 ? 1 : 3, String(i));
        if (i === 0) pipeline.del("order:1", "order:2").dbsize();
        if (i === 0) expected.push("del", "dbsize");
      }
      const replies = await pipeline.exec();
      for (const [at, [error, reply]] of replies!.entries()) {
        assert.equal(error, null);
        if (expected[at] !== "del" && expected[at] !== "dbsize") assert.equal(reply, expected[at]);
      }
      await client.del(...Array.from({ length: 50 }, (_, at) => `order:${at}`));
    }
  });

  it("gathers what is split between groups", async () => {
    const [client, other] = [clients[0]!, clients[3]!];
    await client.flushall();
    const keys = Array.from({ length: KEYS }, (_, at) => `key:${at}`);
    assert.equal(await client.mset(...keys.flatMap((key, at) => [key, at])), "OK");
    const values = await other.mget("absent", ...keys, "absent");
    assert.deepEqual(values, [null, ...keys.map((_, at) => String(at)), null]);
    assert.equal(await other.dbsize(), KEYS);
    assert.deepEqual((await client.keys("key:*")).sort(), [...keys].sort());
    const scanned = new Set<string>();
    for (let cursor = "0", step = 0; step === 0 || cursor !== "0"; step++) {
      const [next, found] = await other.scan(cursor, "MATCH", "key:1*", "COUNT", 20);
      for (const key of found) scanned.add(key);
      cursor = next;
    }
    assert.deepEqual([...scanned].sort(), keys.filter((key) => key.startsWith("key:1")).sort());
    assert.ok(keys.includes((await client.randomkey())!));
    assert.equal(await client.exists(...keys, keys[0]!), KEYS + 1);
    assert.equal(await client.touch(...keys.slice(0, 10)), 10);
    assert.equal(await client.unlink(...keys.slice(0, 100), "absent"), 100);
    assert.equal(await client.del(...keys), KEYS - 100);
    assert.equal(await client.randomkey(), null);
    await client.set("last", 1);
    assert.equal(await other.flushdb(), "OK");
    assert.equal(await client.dbsize(), 0);
  });

  it("refuses what cannot be split", async () => {
    const [client] = clients as [Redis];
    await assert.rejects(client.msetnx("a", 1, "b", 2), /CROSSSLOT/);
    await assert.rejects(client.sinter("a", "b"), /CROSSSLOT/);
    await assert.rejects(client.scan("nonsense"), /ERR invalid cursor/);
    await assert.rejects(client.multi().set("a", 1).set("b", 1).set("c", 1).exec(), /CROSSSLOT|EXECABORT/);
    await client.lpush("list", 1);
    assert.deepEqual(await client.mget("list", "a", "b"), [null, null, null]);
    await client.del("list", "a");
  });

  it("executes transactions and waits at the owner", async () => {
    for (const [at, client] of clients.entries()) {
      assert.deepEqual(await client.multi().set("{tx}1", at).incr("{tx}1").exec(), [
        [null, "OK"],
        [null, at + 1],
      ]);
      await client.watch("{tx}1");
      assert.equal(await client.get("{tx}1"), String(at + 1));
      if (at % 2 === 0) await clients[(at + 1) % clients.length]!.set("{tx}1", 100);
      const result = await client.multi().set("{tx}1", 50).exec();
      assert.equal(result === null, at % 2 === 0);
      const popped = client.blpop("waiting", 10);
      await clients[(at + 3) % clients.length]!.rpush("waiting", at);
      assert.deepEqual(await popped, ["waiting", String(at)]);
    }
  });

  it("fails no request while slots move (question 7)", async () => {
    const master = /^master \S+\s+(\S+)$/m.exec(dev.output())![1]!;
    let isOver = false;
    const counts = new Map<string, number>();
    const load = clients.map(async (client, at) => {
      for (let i = 0; !isOver; i++) {
        const key = `moving:${(i * 7 + at) % 100}`;
        const replies = await client.pipeline().incr(key).get(key).incr(key).exec();
        for (const [error] of replies!) assert.equal(error, null);
        const [[, first], [, second], [, third]] = replies as [[null, number], [null, string], [null, number]];
        assert.ok(first <= Number(second) && Number(second) < third);
        counts.set(key, (counts.get(key) ?? 0) + 2);
      }
    });
    const [waiting, pushing] = [new Redis(ports[0]!), clients[1]!];
    const popped = waiting.blpop("{patient}", 100);
    const migrate = spawnHoldfast(["migrate", "--slots", "0-5000", "--to", "g2", "--master", master, "--yes"]);
    const { code } = await migrate.exited;
    isOver = true;
    await Promise.all(load);
    assert.equal(code, 0, migrate.output());
    await pushing.rpush("{patient}", "x");
    assert.deepEqual(await popped, ["{patient}", "x"]);
    waiting.disconnect();
    for (const [key, count] of counts) assert.equal(await clients[0]!.get(key), String(count), key);
  });
});
