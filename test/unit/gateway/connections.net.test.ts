import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { createPrng } from "../../../src/base/prng.ts";
import { encodeCommand, formatReply, RespClient } from "../../support/respClient.ts";
import { type RunningServer, startServerUnderTest, testsRedis } from "../../support/serverUnderTest.ts";
import { info, untilInfo, withClient, withSetting } from "./serverFacts.ts";

const FILES_MAX = 100;
const ATTEMPTS_MAX = 100;

describe("clients that come and go", () => {
  let server: RunningServer;
  let other: RespClient;
  before(async () => {
    server = await startServerUnderTest();
    other = await RespClient.connect(server);
  });
  after(() => server.removeData());

  it("500 connections, dropped at random moments, leave nothing behind", async () => {
    const prng = createPrng(process.env["HOLDFAST_SEED"] ?? 1);
    const starts = [
      "",
      "*",
      "*2\r\n$4\r\nECHO\r\n$10\r\nabc",
      "PING\r\nPI",
      "SET k v\r\nWATCH k\r\nMULTI\r\nSET k w\r\n",
    ];
    starts.push(
      "BLPOP nothing 0\r\n",
      "GET k\r\n".repeat(1000),
      "*1\r\n$536870912\r\n",
      "HELLO 3\r\nBZPOPMIN nothing 0\r\n",
    );
    const sockets = Array.from({ length: 500 }, () => {
      const socket = connect({ port: server.port, host: server.host });
      socket.on("error", () => socket.destroy());
      socket.write(prng.pick(starts));
      return drop(socket, prng.below(30), prng.chance(1, 2));
    });
    await Promise.all(sockets);
    await untilInfo(other, "connected_clients", 1);
    await untilInfo(other, "blocked_clients", 0);
    assert.equal(formatReply(await other.call("PING")), "+PONG");
  });

  it("their bytes count, both ways, while they are here and when they are gone", async () => {
    const bytes = 300_000;
    const traffic = async (): Promise<number[]> => [
      await info(other, "total_net_input_bytes"),
      await info(other, "total_net_output_bytes"),
    ];
    const grownBy = (before: readonly number[], now: readonly number[], times: number): void => {
      for (const [i, count] of now.entries()) {
        const grown = count - before[i]!;
        assert.ok(grown >= times * bytes && grown < (times + 0.5) * bytes, `${grown} of ${times} times ${bytes} bytes`);
      }
    };
    const before = await traffic();
    await withClient(server, async (client) => {
      await client.call("ECHO", Buffer.alloc(bytes));
      grownBy(before, await traffic(), 1);
      await client.call("ECHO", Buffer.alloc(bytes));
    });
    await untilInfo(other, "connected_clients", 1);
    grownBy(before, await traffic(), 2);
  });

  it("what was asked before the client closed its side is answered", async () => {
    for (const requests of [1, 100, 5000]) {
      const client = await RespClient.connect(server);
      client.write(Buffer.concat(Array(requests).fill(encodeCommand(["INCR", `counter ${requests}`]))));
      client.endWriting();
      for (let i = 1; i <= requests; i++) assert.equal(formatReply(await client.nextReply()), `:${i}`);
      await client.closed();
    }
  });

  it("a request that was not sent to its end is never executed", async () => {
    const request = encodeCommand(["SET", "half", "a value"]);
    for (let bytes = 1; bytes < request.length; bytes += 5) {
      const client = await RespClient.connect(server);
      client.write(request.subarray(0, bytes));
      client.endWriting();
      await client.closed();
    }
    assert.equal(formatReply(await other.call("EXISTS", "half")), ":0");
  });

  it("who leaves while parked takes nothing with him", async () => {
    for (const leave of ["close", "endWriting"] as const) {
      const parked = await Promise.all(Array.from({ length: 20 }, () => RespClient.connect(server)));
      for (const client of parked) client.write(encodeCommand(["BLPOP", "queue", "0"]));
      await untilInfo(other, "blocked_clients", 20);
      const last = parked.pop()!;
      for (const client of parked) void client[leave]();
      await untilInfo(other, "blocked_clients", 1);
      await other.call("RPUSH", "queue", "first", "second");
      assert.equal(formatReply(await last.nextReply()), '*[$"queue" $"first"]');
      assert.equal(formatReply(await other.call("LPOP", "queue")), '$"second"');
      await last.close();
    }
    await untilInfo(other, "connected_clients", 1);
  });

  it("what a parked client sends meanwhile is executed afterwards, in order", async () => {
    await withClient(server, async (client) => {
      client.write(encodeCommand(["BLPOP", "queue", "0"]));
      await untilInfo(other, "blocked_clients", 1);
      client.write(encodeCommand(["ECHO", "a"]));
      client.write(encodeCommand(["BLPOP", "queue", "0"]));
      client.write(encodeCommand(["ECHO", "b"]));
      await other.call("RPUSH", "queue", "1", "2");
      const replies = [];
      for (let i = 0; i < 4; i++) replies.push(formatReply(await client.nextReply()));
      assert.deepEqual(replies, ['*[$"queue" $"1"]', '$"a"', '*[$"queue" $"2"]', '$"b"']);
    });
  });

  it("replies of one client never end up with another whom it wakes", async () => {
    await withClient(server, async (parked) => {
      parked.write(encodeCommand(["BLPOP", "queue", "0"]));
      parked.write(encodeCommand(["ECHO", "parked"]));
      await untilInfo(other, "blocked_clients", 1);
      const commands = [
        ["ECHO", "before"],
        ["LPUSH", "queue", "x"],
        ["ECHO", "after"],
      ];
      const replies = (await other.pipeline(commands)).map(formatReply);
      assert.deepEqual(replies, ['$"before"', ":1", '$"after"']);
      assert.equal(formatReply(await parked.nextReply()), '*[$"queue" $"x"]');
      assert.equal(formatReply(await parked.nextReply()), '$"parked"');
    });
  });

  it("one too many is told so and turned away, and may come when there is room", async () => {
    await withSetting(other, "maxclients", "10", async () => {
      const rejectedBefore = await info(other, "rejected_connections");
      const guests = await Promise.all(Array.from({ length: 9 }, () => RespClient.connect(server)));
      for (let i = 0; i < 20; i++) {
        const late = await RespClient.connect(server);
        assert.equal(formatReply(await late.nextReply()), "-ERR max number of clients reached");
        await late.closed();
      }
      assert.equal(await info(other, "rejected_connections"), rejectedBefore + 20);
      assert.equal(formatReply(await guests[0]!.call("QUIT")), "+OK");
      await guests[0]!.closed();
      await withClient(server, async (client) => assert.equal(formatReply(await client.call("PING")), "+PONG"));
      await Promise.all(guests.map((guest) => guest.close()));
    });
    await untilInfo(other, "connected_clients", 1);
  });

  it("more connections than there are file descriptors do not hurt those that are there", {
    skip: testsRedis,
  }, async () => {
    execFileSync("prlimit", ["--pid", String(server.pid), `--nofile=${FILES_MAX}:`]);
    const sockets = Array.from({ length: 2 * FILES_MAX }, () => connect({ port: server.port, host: server.host }));
    for (const socket of sockets) socket.on("error", () => socket.destroy());
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve).once("close", resolve))),
    );
    assert.equal(formatReply(await other.call("SET", "still", "here")), "+OK");
    await Promise.all(sockets.map((socket) => drop(socket, 0, false)));
    // The dead ones that still wait to be accepted can take the place of the next one, too.
    await untilServed(server);
    await untilInfo(other, "connected_clients", 1);
  });
});

async function untilServed(server: RunningServer): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const isServed = await withClient(server, async (client) =>
      client.call("GET", "still").then(
        (reply) => formatReply(reply) === '$"here"',
        () => false,
      ),
    );
    if (isServed) return;
  }
  assert.fail(`no new client is served in ${ATTEMPTS_MAX} attempts`);
}

/** Ends a connection after some turns of the loop: with a reset, or with FIN and then without reading. */
async function drop(socket: Socket, turns: number, resets: boolean): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
  const closed = new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once("close", resolve)));
  if (resets && !socket.connecting) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}
