import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Redis, ReplyError } from "ioredis";
import { type RunningServer, startServerUnderTest } from "../support/serverUnderTest.ts";

const SUITE_MILLIS_MAX = 120_000;

/** ioredis as an application uses it. */
describe("ioredis", { timeout: SUITE_MILLIS_MAX }, () => {
  let server: RunningServer;
  let clients: Redis[] = [];
  let redis: Redis;

  before(async () => {
    server = await startServerUnderTest({ keepsData: true });
  });
  after(() => server?.removeData());

  beforeEach(async () => {
    redis = connect();
    await redis.flushall();
  });
  afterEach(() => {
    for (const client of clients) {
      client.disconnect();
    }
    clients = [];
  });

  function connect(options: object = {}): Redis {
    const client = new Redis({ host: server.host, port: server.port, ...options });
    clients.push(client);
    return client;
  }

  it("sets, gets, deletes and expires", async () => {
    assert.equal(await redis.set("key", "value"), "OK");
    assert.equal(await redis.get("key"), "value");
    assert.equal(await redis.get("none"), null);
    assert.equal(await redis.set("key", "other", "EX", 100, "NX"), null);
    assert.equal(await redis.expire("key", 100), 1);
    assert.ok((await redis.ttl("key")) > 90);
    assert.equal(await redis.set("brief", "x", "PX", 20), "OK");
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(await redis.exists("brief"), 0);
    assert.equal(await redis.del("key"), 1);
    assert.deepEqual(await redis.mget("key", "none"), [null, null]);
  });

  it("keeps binary keys and values", async () => {
    const key = Buffer.from([0, 255, 13, 10, 128]);
    const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await redis.set(key, value);
    assert.deepEqual(await redis.getBuffer(key), value);
    await redis.hset("hash", key, value);
    assert.deepEqual((await redis.hgetallBuffer("hash"))[key.toString()], value);
  });

  it("keeps a value of 10 MB", async () => {
    const value = Buffer.alloc(10_000_000, "holdfast\r\n");
    await redis.set("big", value);
    assert.equal(await redis.strlen("big"), value.length);
    assert.ok((await redis.getBuffer("big"))?.equals(value));
  });

  it("pipelines", async () => {
    const pipeline = redis.pipeline();
    for (let index = 0; index < 1_000; index += 1) {
      pipeline.set(`key:${index}`, index).incr("count");
    }
    const results = (await pipeline.exec()) ?? [];
    assert.equal(results.length, 2_000);
    assert.deepEqual(results.at(-1), [null, 1_000]);
    assert.equal(await redis.get("key:777"), "777");
    const [wrong, right] = (await redis.pipeline().lpush("key:1", "x").get("key:1").exec()) ?? [];
    assert.match(String(wrong?.[0]), /WRONGTYPE/);
    assert.deepEqual(right, [null, "1"]);
  });

  it("batches what one tick asks for", async () => {
    const automatic = connect({ enableAutoPipelining: true });
    await Promise.all(Array.from({ length: 100 }, (_, index) => automatic.set(`auto:${index}`, index)));
    const values = await Promise.all(Array.from({ length: 100 }, (_, index) => automatic.get(`auto:${index}`)));
    assert.deepEqual(
      values,
      Array.from({ length: 100 }, (_, index) => String(index)),
    );
  });

  it("runs transactions", async () => {
    const results = await redis.multi().set("a", "1").incr("a").lpush("a", "x").hgetall("none").exec();
    assert.deepEqual([results?.[0], results?.[1]?.[1], results?.[3]?.[1]], [[null, "OK"], 2, {}]);
    assert.ok(results?.[2]?.[0] instanceof ReplyError);
    await assert.rejects(redis.multi().set("b", "1").call("nosuchcommand").exec(), /EXECABORT/);
    assert.equal(await redis.exists("b"), 0);
  });

  it("gives a transaction up when a watched key was changed", async () => {
    const other = connect();
    await redis.set("balance", 10);
    await redis.watch("balance");
    await other.set("balance", 20);
    assert.equal(await redis.multi().set("balance", 0).exec(), null);
    assert.equal(await redis.get("balance"), "20");
    await redis.watch("balance");
    assert.deepEqual(await redis.multi().decrby("balance", 5).exec(), [[null, 15]]);
  });

  it("scans with streams", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `scan:${index}`);
    await redis.mset(names.flatMap((name) => [name, "1"]));
    await redis.sadd("set", ...names);
    await redis.hset("hash", ...names.flatMap((name) => [name, "1"]));
    await redis.zadd("zset", ...names.flatMap((name, index) => [index, name]));
    const keys = await collect(redis.scanStream({ match: "scan:*", count: 50 }));
    assert.deepEqual([...new Set(keys)].sort(), [...names].sort());
    assert.equal(new Set(await collect(redis.sscanStream("set"))).size, 500);
    assert.equal((await collect(redis.hscanStream("hash", { match: "scan:1*" }))).length, 2 * 111);
    assert.equal((await collect(redis.zscanStream("zset", { count: 1_000 }))).length, 1_000);
  });

  it("works with hashes, lists, sets and sorted sets", async () => {
    assert.equal(await redis.hset("user", { name: "Ada", born: 1815 }), 2);
    assert.deepEqual(await redis.hgetall("user"), { name: "Ada", born: "1815" });
    assert.equal(await redis.hincrby("user", "born", 1), 1816);
    assert.deepEqual(await redis.hmget("user", "name", "none"), ["Ada", null]);
    assert.equal(await redis.rpush("list", "a", "b", "c"), 3);
    assert.deepEqual(await redis.lrange("list", 0, -1), ["a", "b", "c"]);
    assert.deepEqual(await redis.lpop("list", 2), ["a", "b"]);
    assert.equal(await redis.sadd("set", 1, 2, 3), 3);
    assert.deepEqual(await redis.smismember("set", 1, 9), [1, 0]);
    assert.equal(await redis.zadd("board", 10, "ann", 20.5, "ben", "inf", "cid"), 3);
    assert.deepEqual(await redis.zrevrange("board", 0, 1, "WITHSCORES"), ["cid", "inf", "ben", "20.5"]);
    assert.deepEqual(await redis.zrange("board", "(10", "+inf", "BYSCORE", "LIMIT", 0, 1), ["ben"]);
    assert.equal(await redis.zrank("board", "ben"), 1);
    assert.deepEqual(await redis.zpopmin("board"), ["ann", "10"]);
  });

  it("waits in blocking pops on a connection of its own", async () => {
    const waiting = redis.duplicate();
    clients.push(waiting);
    const popped = waiting.blpop("queue", "urgent", 10);
    await waitUntilBlocked(redis);
    assert.equal(await redis.rpush("urgent", "job"), 1);
    assert.deepEqual(await popped, ["urgent", "job"]);
    assert.equal(await waiting.blpop("queue", 0.02), null);
    const moved = waiting.blmove("from", "to", "LEFT", "RIGHT", 10);
    await waitUntilBlocked(redis);
    await redis.rpush("from", "x");
    assert.equal(await moved, "x");
    assert.deepEqual(await redis.lrange("to", 0, -1), ["x"]);
    const smallest = waiting.bzpopmin("scores", 10);
    await waitUntilBlocked(redis);
    await redis.zadd("scores", 2, "b", 1, "a");
    assert.deepEqual(await smallest, ["scores", "a", "1"]);
  });

  it("names its connection and reads INFO", async () => {
    const named = connect({ connectionName: "billing" });
    assert.equal(await named.client("GETNAME"), "billing");
    assert.match(String(await redis.client("LIST")), /name=billing/);
    const info = await redis.info();
    assert.match(info, /^redis_version:7\.0\.15\r$/m);
    assert.match(info, /^connected_clients:\d+\r$/m);
    assert.match(await redis.info("keyspace"), /^# Keyspace\r$/m);
    assert.equal(await redis.ping(), "PONG");
    assert.equal(await redis.echo("hello"), "hello");
  });

  it("tells errors apart", async () => {
    await redis.set("text", "abc");
    await assert.rejects(redis.incr("text"), {
      name: "ReplyError",
      message: "ERR value is not an integer or out of range",
    });
    await assert.rejects(redis.lpush("text", "x"), /^ReplyError: WRONGTYPE Operation against a key/);
    await assert.rejects(redis.call("NOSUCH", "a"), /ERR unknown command 'NOSUCH', with args beginning with: 'a'/);
    await assert.rejects(redis.call("GET"), /ERR wrong number of arguments for 'get' command/);
    await assert.rejects(redis.select(99), /ERR DB index is out of range/);
  });

  it("keeps a key prefix apart", async () => {
    const prefixed = connect({ keyPrefix: "app:" });
    await prefixed.mset({ a: "1", b: "2" });
    assert.deepEqual((await redis.keys("*")).sort(), ["app:a", "app:b"]);
    await prefixed.zadd("z", 1, "m");
    assert.equal(await prefixed.zunionstore("out", 1, "z"), 1);
    assert.equal(await redis.exists("app:out"), 1);
  });

  it("comes back by itself after the server was restarted", async () => {
    const client = connect({ retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on("error", () => undefined);
    await client.set("kept", "before");
    await server.stop();
    const early = client.get("kept");
    server = await server.restart();
    assert.equal(await early, "before");
    assert.equal(await client.incr("count"), 1);
  });

  it("comes back after the server was killed, with every acknowledged write", async () => {
    const client = connect({ retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on("error", () => undefined);
    await Promise.all(Array.from({ length: 200 }, (_, index) => client.set(`kept:${index}`, index)));
    await server.kill();
    server = await server.restart();
    const values = await client.mget(Array.from({ length: 200 }, (_, index) => `kept:${index}`));
    assert.deepEqual(
      values,
      Array.from({ length: 200 }, (_, index) => String(index)),
    );
  });

  it("ends politely", async () => {
    const client = connect();
    await client.set("a", "1");
    assert.equal(await client.quit(), "OK");
    await assert.rejects(client.get("a"), /Connection is closed/);
  });
});

async function collect(stream: AsyncIterable<string[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const page of stream) {
    found.push(...page);
  }
  return found;
}

async function waitUntilBlocked(redis: Redis): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!/^blocked_clients:1\r$/m.test(await redis.info("clients"))) {
    assert.ok(Date.now() < deadline, "INFO never told of a blocked client");
  }
}
