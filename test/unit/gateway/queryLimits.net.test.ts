import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { residentBytes } from "../../fuzz/processUsage.ts";
import { formatReply, RespClient } from "../../support/respClient.ts";
import { type RunningServer, startServerUnderTest, testsRedis } from "../../support/serverUnderTest.ts";
import { untilInfo, withClient, withSetting } from "./serverFacts.ts";

const MEBIBYTE = 1 << 20;

describe("what clients send", () => {
  let server: RunningServer;
  let other: RespClient;
  before(async () => {
    server = await startServerUnderTest({ skipsSync: true });
    other = await RespClient.connect(server);
  });
  after(() => server.removeData());

  it("announcements cost nothing, however many and however large", async () => {
    const connections = 500;
    const idle = await Promise.all(Array.from({ length: connections }, () => RespClient.connect(server)));
    for (const client of idle) client.write("*1\r\n$4\r\nPING\r\n");
    for (const client of idle) assert.equal(formatReply(await client.nextReply()), "+PONG");
    const bytesBefore = residentBytes(server.pid);
    for (const client of idle) client.write("*2147483647\r\n$536870912\r\nabc");
    assert.equal(formatReply(await other.call("PING")), "+PONG");
    assert.equal(formatReply(await other.call("PING")), "+PONG");
    const grown = residentBytes(server.pid) - bytesBefore;
    // 64 MiB for ten thousand connections, and what a heap may grow for other reasons.
    assert.ok(grown < 16 * MEBIBYTE, `${grown} bytes`);
    await Promise.all(idle.map((client) => client.close()));
    await untilInfo(other, "connected_clients", 1);
  });

  it("a request beyond the limit of the query buffer ends the connection", async () => {
    await withSetting(other, "client-query-buffer-limit", "1mb", async () => {
      await withClient(server, async (client) => {
        client.write(`*2\r\n$4\r\nECHO\r\n$${2 * MEBIBYTE}\r\n${"x".repeat(1.5 * MEBIBYTE)}`);
        await client.closed();
      });
    });
  });

  it("an argument beyond proto-max-bulk-len is refused when it is announced", async () => {
    await withSetting(other, "proto-max-bulk-len", "1mb", async () => {
      await withClient(server, async (client) => {
        client.write(`*2\r\n$4\r\nECHO\r\n$${MEBIBYTE}\r\n${"x".repeat(MEBIBYTE)}\r\n*1\r\n$${MEBIBYTE + 1}\r\n`);
        const reply = await client.nextReply();
        assert.ok(reply.type === "bulk" && reply.bytes.length === MEBIBYTE);
        assert.equal(formatReply(await client.nextReply()), "-ERR Protocol error: invalid bulk length");
        await client.closed();
      });
    });
  });

  it("a million nested announcements are one error", async () => {
    await withClient(server, async (client) => {
      client.write("*1\r\n".repeat(MEBIBYTE / 4));
      assert.equal(formatReply(await client.nextReply()), "-ERR Protocol error: expected '$', got '*'");
      await client.closed();
    });
  });

  it("the error is heard by a client that goes on sending", { skip: testsRedis }, async () => {
    for (let round = 0; round < 20; round++) {
      await withClient(server, async (client) => {
        client.write("*x\r\n");
        for (let i = 0; i < 10; i++) {
          client.write("x".repeat(100_000));
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal(formatReply(await client.nextReply()), "-ERR Protocol error: invalid multibulk length");
        await client.closed();
      });
    }
  });
});
