import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { residentBytes } from "../../fuzz/processUsage.ts";
import { encodeCommand, formatReply, RespClient } from "../../support/respClient.ts";
import { type RunningServer, startServerUnderTest, testsRedis } from "../../support/serverUnderTest.ts";
import { info, withClient, withSetting } from "./serverFacts.ts";

const MEBIBYTE = 1 << 20;
const DEADLINE_MILLIS = 60_000;

describe("clients that do not read", () => {
  let server: RunningServer;
  let other: RespClient;
  const value = Buffer.alloc(MEBIBYTE, "0123456789abcdef");
  before(async () => {
    server = await startServerUnderTest({ skipsSync: true });
    other = await RespClient.connect(server);
    await other.call("SET", "mebibyte", value);
  });
  after(() => server.removeData());

  it("their requests wait, memory stays as it is, and what they get in the end is whole", {
    skip: testsRedis,
  }, async () => {
    await withClient(server, async (slow) => {
      const requests = 300;
      await slow.call("GET", "mebibyte");
      slow.pauseReading();
      const bytesBefore = residentBytes(server.pid);
      slow.write(Buffer.concat(Array(requests).fill(encodeCommand(["GET", "mebibyte"]))));
      for (let i = 0; i < 50; i++) assert.equal(formatReply(await other.call("PING")), "+PONG");
      const grown = residentBytes(server.pid) - bytesBefore;
      assert.ok(grown < 64 * MEBIBYTE, `${grown} bytes for ${requests} replies of ${MEBIBYTE} bytes`);
      slow.resumeReading();
      for (let i = 0; i < requests; i++) {
        const reply = await slow.nextReply(DEADLINE_MILLIS);
        assert.ok(reply.type === "bulk" && reply.bytes.equals(value), `reply ${i}`);
      }
    });
  });

  it("a pipeline may be written to its end before the first reply is read", async () => {
    const reply = encodeReply(Buffer.alloc(10_000, "x"));
    const requests = 5_000;
    const socket = connect({ port: server.port, host: server.host });
    await new Promise<void>((resolve, reject) => {
      const echo = encodeCommand(["ECHO", Buffer.alloc(10_000, "x")]);
      socket.once("error", reject);
      socket.write(Buffer.concat(Array(requests).fill(echo)), () => resolve());
    });
    let unreadBytes = requests * reply.length;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      unreadBytes -= chunk.length;
      if (unreadBytes <= 0) break;
    }
    assert.equal(unreadBytes, 0);
  });

  it("replies beyond the limit end the connection", async () => {
    await withSetting(other, "client-output-buffer-limit", "normal 2mb 0 0", async () => {
      await other.call("SET", "large", Buffer.alloc(32 * MEBIBYTE));
      await withClient(server, async (slow) => {
        slow.pauseReading();
        slow.write("GET large\r\n");
        slow.resumeReading();
        await slow.closed();
      });
      await other.call("DEL", "large");
    });
    assert.equal(await info(other, "connected_clients"), 1);
  });
});

describe("strangers that do not read", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServerUnderTest({ skipsSync: true, password: "open sesame" });
  });
  after(() => server.removeData());

  it("are cut off when 64 KiB wait for them", async () => {
    const stranger = await RespClient.connect(server);
    stranger.pauseReading();
    const request = `${"x".repeat(100)}\r\n`.repeat(1000);
    const flood = setInterval(() => stranger.write(request), 1);
    const bytesBefore = residentBytes(server.pid);
    try {
      await stranger.closed(DEADLINE_MILLIS);
    } finally {
      clearInterval(flood);
    }
    assert.ok(residentBytes(server.pid) - bytesBefore < 64 * MEBIBYTE);
    await stranger.close();
  });
});

function encodeReply(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
}
