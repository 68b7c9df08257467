import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { createClient, ErrorReply, MultiErrorReply, RESP_TYPES, WatchError } from "redis";
import { type RunningServer, startServerUnderTest } from "../support/serverUnderTest.ts";

const SUITE_MILLIS_MAX = 120_000;

/** node-redis as an application uses it, in both protocols. */
for (const RESP of [2, 3] as const) {
  describe(`node-redis, RESP${RESP}`, { timeout: SUITE_MILLIS_MAX }, () => {
    let server: RunningServer;
    let ends: (() => void)[] = [];
    let client: Awaited<ReturnType<typeof connect>>;

    before(async () => {
      server = await startServerUnderTest({ keepsData: true });
    });
    after(() => server?.removeData());

    beforeEach(async () => {
      client = await connect();
      await client.flushAll();
    });
    afterEach(() => {
      for (const end of ends) {
        end();
      }
      ends = [];
    });

    async function connect(name?: string) {
      const created = createClient({
        RESP,
        ...(name === undefined ? {} : { name }),
        socket: { host: server.host, port: server.port, reconnectStrategy: () => 20 },
      });
      created.on("error", () => undefined);
      ends.push(() => created.destroy());
      return created.connect();
    }

    it("sets, gets, deletes and expires", async () => {
      assert.equal(await client.set("key", "value"), "OK");
      assert.equal(await client.get("key"), "value");
      assert.equal(await client.get("none"), null);
      assert.equal(await client.set("key", "other", { condition: "NX" }), null);
      assert.equal(await client.set("key", "next", { GET: true, KEEPTTL: true }), "value");
      assert.equal(await client.expire("key", 100), 1);
      assert.ok((await client.ttl("key")) > 90);
      assert.equal(await client.getEx("key", { type: "PERSIST" }), "next");
      assert.equal(await client.ttl("key"), -1);
      await client.set("brief", "x", { expiration: { type: "PX", value: 20 } });
      await new Promise((resolve) => setTimeout(resolve, 60));
      assert.equal(await client.exists("brief"), 0);
      assert.deepEqual(await client.mGet(["key", "none"]), ["next", null]);
      assert.equal(await client.del(["key", "none"]), 1);
    });

    it("keeps binary values and big ones", async () => {
      const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await client.set(Buffer.from([0, 255]), value);
      assert.deepEqual(await binary.get(Buffer.from([0, 255])), value);
      const big = Buffer.alloc(10_000_000, "holdfast\r\n");
      await client.set("big", big);
      assert.ok((await binary.get("big"))?.equals(big));
    });

    it("pipelines what one tick asks for", async () => {
      await Promise.all(Array.from({ length: 1_000 }, (_, index) => client.set(`key:${index}`, `${index}`)));
      const values = await Promise.all(Array.from({ length: 1_000 }, (_, index) => client.get(`key:${index}`)));
      assert.deepEqual(
        values,
        Array.from({ length: 1_000 }, (_, index) => String(index)),
      );
    });

    it("runs transactions", async () => {
      const replies = await client
        .multi()
        .set("a", "1")
        .incr("a")
        .hGetAll("none")
        .zAdd("z", { score: 1.5, value: "m" })
        .zScore("z", "m")
        .exec();
      assert.deepEqual(replies.slice(0, 2), ["OK", 2]);
      assert.deepEqual({ ...(replies[2] as object) }, {});
      assert.deepEqual(replies.slice(3), [1, 1.5]);
      await assert.rejects(client.multi().set("a", "1").lPush("a", "x").incr("a").exec(), (error: unknown) => {
        assert.ok(error instanceof MultiErrorReply);
        assert.deepEqual(error.errorIndexes, [1]);
        return true;
      });
      assert.equal(await client.get("a"), "2");
    });

    it("gives a transaction up when a watched key was changed", async () => {
      const other = await connect();
      await client.set("balance", "10");
      await client.watch("balance");
      await other.set("balance", "20");
      await assert.rejects(client.multi().set("balance", "0").exec(), WatchError);
      assert.equal(await client.get("balance"), "20");
      await client.watch("balance");
      assert.deepEqual(await client.multi().decrBy("balance", 5).exec(), [15]);
    });

    it("scans with iterators", async () => {
      const names = Array.from({ length: 500 }, (_, index) => `scan:${index}`);
      await client.mSet(names.map((name): [string, string] => [name, "1"]));
      await client.sAdd("set", names);
      await client.hSet("hash", Object.fromEntries(names.map((name) => [name, "1"])));
      await client.zAdd(
        "zset",
        names.map((value, score) => ({ score, value })),
      );
      const keys: string[] = [];
      for await (const page of client.scanIterator({ MATCH: "scan:*", COUNT: 50, TYPE: "string" })) {
        keys.push(...page);
      }
      assert.deepEqual([...new Set(keys)].sort(), [...names].sort());
      assert.equal(await countPages(client.sScanIterator("set")), 500);
      assert.equal(await countPages(client.hScanIterator("hash", { MATCH: "scan:1*" })), 111);
      assert.equal(await countPages(client.zScanIterator("zset", { COUNT: 1_000 })), 500);
    });

    it("works with hashes, lists, sets and sorted sets", async () => {
      assert.equal(await client.hSet("user", { name: "Ada", born: "1815" }), 2);
      assert.deepEqual({ ...(await client.hGetAll("user")) }, { name: "Ada", born: "1815" });
      assert.deepEqual(await client.hmGet("user", ["name", "none"]), ["Ada", null]);
      assert.equal(await client.hIncrByFloat("user", "born", 0.5), "1815.5");
      assert.equal(await client.rPush("list", ["a", "b", "c"]), 3);
      assert.deepEqual(await client.lRange("list", 0, -1), ["a", "b", "c"]);
      assert.deepEqual(await client.lmPop(["none", "list"], "LEFT", { COUNT: 2 }), ["list", ["a", "b"]]);
      assert.equal(await client.sAdd("set", ["1", "2", "3"]), 3);
      assert.deepEqual([...(await client.sMembers("set"))].sort(), ["1", "2", "3"]);
      assert.equal(
        await client.zAdd("board", [
          { score: 10, value: "ann" },
          { score: 20.5, value: "ben" },
          { score: Infinity, value: "cid" },
        ]),
        3,
      );
      assert.deepEqual(await client.zRangeWithScores("board", 0, -1), [
        { value: "ann", score: 10 },
        { value: "ben", score: 20.5 },
        { value: "cid", score: Infinity },
      ]);
      assert.equal(await client.zScore("board", "ben"), 20.5);
      assert.equal(await client.zScore("board", "none"), null);
      assert.deepEqual(await client.zmScore("board", ["ann", "none"]), [10, null]);
      assert.equal(await client.zIncrBy("board", 0.25, "ann"), 10.25);
      assert.deepEqual(await client.zPopMax("board"), { value: "cid", score: Infinity });
      assert.deepEqual(await client.zUnionWithScores(["board", "none"]), [
        { value: "ann", score: 10.25 },
        { value: "ben", score: 20.5 },
      ]);
    });

    it("waits in blocking pops on a connection of its own", async () => {
      const waiting = await connect();
      const popped = waiting.blPop(["queue", "urgent"], 10);
      await waitUntilBlocked(() => client.info("clients"));
      await client.rPush("urgent", "job");
      assert.deepEqual({ ...(await popped) }, { key: "urgent", element: "job" });
      assert.equal(await waiting.blPop("queue", 0.02), null);
      const smallest = waiting.bzPopMin("scores", 10);
      await waitUntilBlocked(() => client.info("clients"));
      await client.zAdd("scores", [
        { score: 2, value: "b" },
        { score: 1, value: "a" },
      ]);
      assert.deepEqual({ ...(await smallest) }, { key: "scores", value: "a", score: 1 });
      const several = waiting.bzmPop(10, "scores", "MAX", { COUNT: 2 });
      assert.deepEqual({ ...(await several) }, { key: "scores", members: [{ value: "b", score: 2 }] });
    });

    it("names its connection and reads INFO, CONFIG and COMMAND", async () => {
      const named = await connect("billing");
      assert.equal(await named.clientGetName(), "billing");
      assert.ok((await client.clientList()).some((each) => each.name === "billing"));
      assert.equal((await named.clientInfo()).name, "billing");
      assert.match(await client.info("server"), /^redis_version:7\.0\.15\r$/m);
      assert.deepEqual({ ...(await client.configGet("maxmemory")) }, { maxmemory: "0" });
      const [get] = await client.commandInfo(["get"]);
      assert.equal(get?.arity, 2);
      assert.equal(await client.ping(), "PONG");
      assert.ok((await client.time()) !== null);
    });

    it("tells errors apart", async () => {
      await client.set("text", "abc");
      await assert.rejects(client.incr("text"), (error: unknown) => {
        assert.ok(error instanceof ErrorReply);
        assert.equal(error.message, "ERR value is not an integer or out of range");
        return true;
      });
      await assert.rejects(client.lPush("text", "x"), /WRONGTYPE Operation against a key/);
      await assert.rejects(client.sendCommand(["NOSUCH", "a"]), /ERR unknown command 'NOSUCH'/);
    });

    it("comes back by itself after the server was restarted or killed", async () => {
      await client.set("kept", "before");
      for (const end of [() => server.stop(), () => server.kill()]) {
        await end();
        // What was on its way when the connection went may fail; what is asked afterwards may not.
        const early = client.get("kept").catch(() => undefined);
        server = await server.restart();
        await early;
        assert.equal(await client.get("kept"), "before");
        assert.equal(await client.incr("count"), 1);
        await client.del("count");
      }
    });

    it("ends politely", async () => {
      const other = await connect();
      await other.set("a", "1");
      await other.close();
      await assert.rejects(other.get("a"), /closed/i);
      ends.pop();
    });
  });
}

async function countPages(pages: AsyncIterable<readonly unknown[]>): Promise<number> {
  let count = 0;
  for await (const page of pages) {
    count += page.length;
  }
  return count;
}

async function waitUntilBlocked(info: () => Promise<string>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!/^blocked_clients:1\r$/m.test(await info())) {
    assert.ok(Date.now() < deadline, "INFO never told of a blocked client");
  }
}
