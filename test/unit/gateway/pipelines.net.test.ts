import assert from "node:assert/strict";
import { constants } from "node:buffer";
import { after, before, describe, it } from "node:test";
import { mainThreadMillis } from "../../fuzz/processUsage.ts";
import { encodeCommand, formatReply, RespClient } from "../../support/respClient.ts";
import { type RunningServer, startServerUnderTest, testsRedis } from "../../support/serverUnderTest.ts";
import { withClient } from "./serverFacts.ts";

/** `HOLDFAST_VALUE_MEBIBYTES=512` for the largest value there is: 24 bytes less, so that it fits into a string. */
const VALUE_MEBIBYTES = Number(process.env["HOLDFAST_VALUE_MEBIBYTES"] ?? 64);
const VALUE_BYTES = Math.min(VALUE_MEBIBYTES << 20, constants.MAX_STRING_LENGTH);
const DEADLINE_MILLIS = 60_000;

describe("much at a time", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServerUnderTest({ skipsSync: true });
  });
  after(() => server.removeData());

  it("10,000 requests in one write are answered in order", async () => {
    await withClient(server, async (client) => {
      const commands = Array.from({ length: 5_000 }, (_, i) => [
        ["SET", `key:${i}`, i],
        ["GET", `key:${i}`],
      ]).flat();
      const replies = await client.pipeline(commands, DEADLINE_MILLIS);
      const expected = commands.map(([name], i) => (name === "SET" ? "+OK" : `$"${i >> 1}"`));
      assert.deepEqual(replies.map(formatReply), expected);
    });
  });

  it("others are served while a client floods the server", async () => {
    await withClient(server, async (flooding) => {
      const other = await RespClient.connect(server);
      const flood = Buffer.concat(Array(100_000).fill(encodeCommand(["INCR", "counter"])));
      let isOver = false;
      flooding.write(flood);
      flooding.write(encodeCommand(["ECHO", "the end"]));
      const millis: number[] = [];
      const replies = (async () => {
        for (let i = 0; i <= 100_000; i++) await flooding.nextReply(DEADLINE_MILLIS);
        isOver = true;
      })();
      while (!isOver) {
        const before = mainThreadMillis(server.pid);
        await other.call("PING");
        millis.push(mainThreadMillis(server.pid) - before);
      }
      await replies;
      await other.close();
      millis.sort((a, b) => a - b);
      assert.ok(millis.length >= 5, `${millis.length} PINGs were answered`);
      // CPU time that the server spent on others first; it is counted in steps of 10 ms.
      assert.ok(millis[Math.floor(millis.length / 2)]! <= 20, `${millis} ms`);
    });
  });

  it("a client's expensive requests do not keep the others waiting", { skip: testsRedis }, async () => {
    await withClient(server, async (client) => {
      const members = Array.from({ length: 100_000 }, (_, i) => String(i));
      await client.callWithin(DEADLINE_MILLIS, "RPUSH", "long", ...members);
      const other = await RespClient.connect(server);
      client.write(Buffer.concat(Array(400).fill(encodeCommand(["LPOS", "long", "none"]))));
      await other.call("PING");
      let answered = 0;
      while (client.takeReply() !== undefined) answered++;
      assert.ok(answered < 200, `${answered} of 400 long requests were answered before a PING of somebody else`);
      await other.close();
    });
  });

  it(`a value of ${VALUE_MEBIBYTES} MiB, there and back`, async () => {
    await withClient(server, async (client) => {
      await client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
      const value = Buffer.alloc(VALUE_BYTES, "0123456789abcdef\r\n");
      client.write(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${value.length}\r\n`);
      for (let from = 0; from < value.length; from += 65_536) client.write(value.subarray(from, from + 65_536));
      client.write("\r\n");
      assert.equal(formatReply(await client.nextReply(DEADLINE_MILLIS)), "+OK");
      const reply = await client.callWithin(DEADLINE_MILLIS, "GET", "large");
      assert.ok(reply.type === "bulk" && reply.bytes.equals(value));
      await client.callWithin(DEADLINE_MILLIS, "DEL", "large");
    });
  });
});
