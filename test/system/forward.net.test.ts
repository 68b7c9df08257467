import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { spawnHoldfast } from "../support/holdfastServer.ts";

const READY = /^holdfast dev ready redis=(\S+) data=(\S+) pid=\d+$/;
const READY_MILLIS_MAX = 60_000;

/** Sends `text` to the port, and collects what comes until the other side closes or `bytes` are there. */
function exchange(port: number, text: string, bytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      answer += chunk;
      if (answer.length >= bytes) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
    socket.on("end", () => socket.destroy());
    socket.end(text, "latin1");
  });
}

describe("forwarding in a group", { timeout: 120_000 }, () => {
  let data: string;
  let dev: ReturnType<typeof spawnHoldfast>;
  /** The primary's, then those of its secondaries. */
  let ports: number[];
  let clients: Redis[] = [];

  before(async () => {
    data = await mkdtemp(join(tmpdir(), "holdfast-forward-"));
    dev = spawnHoldfast(["dev", "--base-port", "0", "--data", data, "--replicas", "3"]);
    const [, addresses] = READY.exec(await dev.waitForLine(READY, READY_MILLIS_MAX))!;
    const all = addresses!.split(",").map((address) => Number(address.split(":")[1]));
    const roles = await Promise.all(
      all.map(async (port) => {
        const redis = new Redis(port);
        const [role] = (await redis.role()) as [string];
        redis.disconnect();
        return role;
      }),
    );
    ports = [...all.filter((_, at) => roles[at] === "master"), ...all.filter((_, at) => roles[at] !== "master")];
  });
  after(async () => {
    await dev.stop();
    await rm(data, { recursive: true, force: true });
  });

  function clientOf(which: number, options: object = {}): Redis {
    const client = new Redis(ports[which]!, { lazyConnect: false, maxRetriesPerRequest: 1, ...options });
    clients.push(client);
    return client;
  }

  async function ended(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } finally {
      for (const client of clients) client.disconnect();
      clients = [];
    }
  }

  it("lets a client that knows nothing of clusters write and read at a secondary", () =>
    ended(async () => {
      const secondary = clientOf(1);
      assert.equal(await secondary.set("greeting", "hello"), "OK");
      assert.equal(await secondary.get("greeting"), "hello");
      assert.equal(await clientOf(0).get("greeting"), "hello");
      assert.equal(await secondary.get("absent"), null);
      await assert.rejects(secondary.lpush("greeting", "x"), /WRONGTYPE/);
      const large = "x".repeat(300_000);
      await secondary.set("large", large);
      assert.equal(await secondary.get("large"), large);
    }));

  it("keeps the order of replies that come from here and from there", () =>
    ended(async () => {
      const secondary = clientOf(1);
      const pipeline = secondary.pipeline();
      const expected: unknown[] = [];
      for (let i = 0; i < 500; i++) {
        pipeline.set(`order:${i % 7}`, i);
        expected.push("OK");
        if (i % 3 === 0) {
          pipeline.echo(`local ${i}`);
          expected.push(`local ${i}`);
        }
        if (i % 10 === 0) {
          pipeline.call("nonsense");
          expected.push("error");
        }
        pipeline.get(`order:${i % 7}`);
        expected.push(String(i));
      }
      const replies = await pipeline.exec();
      assert.deepEqual(
        replies!.map(([error, reply]) => (error === null ? reply : "error")),
        expected,
      );
    }));

  it("answers a client that closes its side after its last request", async () => {
    const answer = await exchange(ports[1]!, "SET half closed\r\nPING\r\nGET half\r\nDBSIZE\r\nQUIT\r\n", 1_000);
    assert.match(answer, /^\+OK\r\n\+PONG\r\n\$6\r\nclosed\r\n:\d+\r\n\+OK\r\n$/);
  });

  it("says nothing where the client wants no reply", async () => {
    const requests =
      "SET quiet 1\r\nCLIENT REPLY SKIP\r\nINCR quiet\r\nGET quiet\r\nCLIENT REPLY OFF\r\nINCR quiet\r\nPING\r\n";
    assert.equal(
      await exchange(ports[1]!, `${requests}CLIENT REPLY ON\r\nGET quiet\r\n`, 1_000),
      "+OK\r\n$1\r\n2\r\n+OK\r\n$1\r\n3\r\n",
    );
  });

  it("speaks the protocol that the client speaks", async () => {
    const requests = "HSET map a 1 b 2\r\nHELLO 3\r\nHGETALL map\r\nGET absent\r\nHELLO 2\r\nHGETALL map\r\nQUIT\r\n";
    const answer = await exchange(ports[1]!, requests, 100_000);
    assert.match(answer, /%2\r\n\$1\r\na\r\n\$1\r\n1\r\n\$1\r\nb\r\n\$1\r\n2\r\n_\r\n/);
    assert.match(answer, /\*4\r\n\$1\r\na\r\n\$1\r\n1\r\n\$1\r\nb\r\n\$1\r\n2\r\n\+OK\r\n$/);
    const client = createClient({ socket: { port: ports[2]! }, RESP: 3 });
    await client.connect();
    assert.deepEqual({ ...(await client.hGetAll("map")) }, { a: "1", b: "2" });
    client.destroy();
  });

  it("lets a blocking command wait at the primary", () =>
    ended(async () => {
      const blocked = clientOf(1);
      const popped = blocked.blpop("queue", 20);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await clientOf(2).rpush("queue", "one");
      assert.deepEqual(await popped, ["queue", "one"]);
      assert.equal(await blocked.blpop("queue", 0.1), null);
      const both = await Promise.all([
        blocked.rpush("queue", "a", "b"),
        blocked.blpop("queue", 1),
        blocked.lpop("queue"),
      ]);
      assert.deepEqual(both, [2, ["queue", "a"], "b"]);
    }));

  it("CLIENT UNBLOCK ends a wait at the primary", () =>
    ended(async () => {
      const [blocked, other] = [new Redis(ports[1]!), clientOf(1)];
      const id = await blocked.client("ID");
      const unblock = async (...reason: string[]): Promise<void> => {
        while ((await other.call("CLIENT", "UNBLOCK", String(id), ...reason)) !== 1);
      };
      const outcome = (waiting: Promise<unknown>): Promise<string> => waiting.then(String, ({ message }) => message);
      const first = outcome(blocked.blpop("nothing", 0));
      await unblock("ERROR");
      assert.equal(await first, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
      const second = outcome(blocked.blpop("nothing", 0));
      await unblock();
      assert.equal(await second, "null");
      assert.equal(await other.call("CLIENT", "UNBLOCK", String(id)), 0);
      blocked.disconnect();
    }));

  it("gives up a wait whose client goes", () =>
    ended(async () => {
      const leaving = new Redis(ports[1]!);
      leaving.blpop("deserted", 0).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 200));
      leaving.disconnect();
      await new Promise((resolve) => setTimeout(resolve, 200));
      const client = clientOf(1);
      await client.rpush("deserted", "x");
      assert.equal(await client.llen("deserted"), 1);
    }));

  it("executes a transaction as one", () =>
    ended(async () => {
      const secondary = clientOf(1);
      await secondary.del("tx");
      const replies = await secondary.multi().incr("tx").ping().lpush("tx", "x").incr("tx").exec();
      assert.deepEqual(
        replies!.map(([error, reply]) => error?.message.slice(0, 9) ?? reply),
        [1, "PONG", "WRONGTYPE", 2],
      );
      assert.match(
        await exchange(ports[1]!, "MULTI\r\nINCR tx\r\nCLIENT REPLY OFF\r\nEXEC\r\nGET tx\r\n", 400),
        /EXECABORT.*\r\n\$1\r\n2/,
      );
      assert.match(
        await exchange(ports[1]!, "MULTI\r\nINCR\r\nEXEC\r\nMULTI\r\nDISCARD\r\nGET tx\r\n", 400),
        /EXECABORT.*\r\n\+OK\r\n\+OK\r\n\$1\r\n2/,
      );
    }));

  it("watches keys there", () =>
    ended(async () => {
      const [watcher, other] = [clientOf(1), clientOf(2)];
      await watcher.set("watched", 1);
      for (const disturbed of [false, true, false]) {
        await watcher.watch("watched");
        const value = Number(await watcher.get("watched"));
        if (disturbed) await other.set("watched", 100);
        const result = await watcher
          .multi()
          .set("watched", value + 1)
          .exec();
        assert.equal(result === null, disturbed);
      }
      assert.equal(await watcher.get("watched"), "101");
      await watcher.watch("watched");
      await other.set("watched", 5);
      await watcher.unwatch();
      assert.equal((await watcher.multi().incr("watched").exec())?.[0]?.[1], 6);
      await watcher.watch("watched");
      await other.set("watched", 7);
      assert.equal(await watcher.multi().exec(), null);
    }));

  it("answers MOVED to who was forwarded already, and counts", () =>
    ended(async () => {
      const client = clientOf(1);
      await client.call("client", "forwarded", "on");
      await assert.rejects(client.set("x", 1), /^ReplyError: MOVED \d+ 127\.0\.0\.1:\d+/);
      await client.call("client", "forwarded", "off");
      assert.equal(await client.set("x", 1), "OK");
      assert.match(await client.info("stats"), /forwarded_requests:[1-9]/);
    }));

  it("counts up for many clients at once", () =>
    ended(async () => {
      const some = Array.from({ length: 20 }, (_, at) => clientOf(1 + (at % 2)));
      await clientOf(0).del("sum");
      await Promise.all(
        some.map(async (client) => {
          for (let i = 0; i < 20; i++) await Promise.all([client.incr("sum"), client.get("sum"), client.ping()]);
        }),
      );
      assert.equal(await clientOf(1).get("sum"), "400");
    }));
});
