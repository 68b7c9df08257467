import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RespClient } from "../../support/respClient.ts";
import { formatReply, type Reply } from "../../support/respReply.ts";
import { type RunningServer, startServersToCompare } from "../../support/serverUnderTest.ts";
import { type RawCase, rawCases } from "./rawCases.ts";

const SILENCE_MILLIS = 3_000;
const REPLIES_MAX = 100;
const HANG_UP_MILLIS = 200;
const PIECES: readonly number[] = [1, 7];
const THE_END = "*2\r\n$4\r\nECHO\r\n$7\r\nthe end\r\n";

describe("raw bytes, to redis-server and to the server under test", () => {
  let servers: readonly RunningServer[] = [];
  before(async () => {
    servers = await startServersToCompare();
  });
  after(() => Promise.all(servers.map((server) => server.removeData())));

  for (const each of rawCases) {
    it(each.name, async () => {
      const [expected, actual] = await Promise.all(servers.map((server) => converse(server, each)));
      assert.deepEqual(actual, expected);
      for (const bytesPerWrite of each.isCut === true ? PIECES : []) {
        const cut = { bytesPerWrite, endsInClose: expected?.at(-1) === "(closed)" };
        const inPieces = await converse(servers[1] as RunningServer, each, cut);
        assert.deepEqual(inPieces, expected, `in pieces of ${bytesPerWrite}`);
      }
    });
  }

  it("a value of 20 MB in pieces of 64 KB, there and back", async () => {
    const value = Buffer.alloc(20_000_000, "0123456789abcdef\r\n");
    const client = await RespClient.connect(servers[1] as RunningServer);
    client.write(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${value.length}\r\n`);
    for (let from = 0; from < value.length; from += 65_536) {
      client.write(value.subarray(from, from + 65_536));
    }
    client.write("\r\n");
    assert.equal(formatReply(await client.nextReply()), "+OK");
    const reply = await client.call("GET", "big");
    assert.ok(reply.type === "bulk" && reply.bytes.equals(value));
    await client.call("DEL", "big");
    await client.close();
  });

  it("a pipeline of 10,000 commands is answered in order", async () => {
    const client = await RespClient.connect(servers[1] as RunningServer);
    const commands = Array.from({ length: 10_000 }, (_, index) => ["ECHO", String(index)]);
    const replies = await client.pipeline(commands);
    assert.deepEqual(
      replies.map(formatReply),
      commands.map((command) => `$"${command[1]}"`),
    );
    await client.close();
  });

  it("a client that only half closes still gets its replies", async () => {
    const replies = await Promise.all(
      servers.map(async (server) => {
        const client = await RespClient.connect(server);
        client.write("*1\r\n$4\r\nPING\r\n");
        const reply = formatReply(await client.nextReply());
        client.endWriting();
        await client.closed();
        return reply;
      }),
    );
    assert.deepEqual(replies, ["+PONG", "+PONG"]);
  });
});

type Cut = { readonly bytesPerWrite: number; readonly endsInClose: boolean };

/**
 * Sends the bytes, then ECHO with a word that ends the conversation (unless the case leaves the stream in the middle
 * of a command), and tells all replies and whether the server hung up.
 */
async function converse(server: RunningServer, each: RawCase, cut?: Cut): Promise<string[]> {
  const client = await RespClient.connect(server);
  const ending = each.isOpenEnded === true ? "" : THE_END;
  if (cut === undefined) {
    client.write(Buffer.from(each.bytes + ending, "latin1"));
  } else {
    await writeInPieces(client, Buffer.from(each.bytes, "latin1"), cut);
    client.write(ending);
  }
  const heard: string[] = [];
  const repliesMax = each.isOpenEnded === true ? (each.replies ?? 0) : REPLIES_MAX;
  for (let isOver = false; !isOver && heard.length < repliesMax; ) {
    const reply = await replyOrEnd(client);
    const text = reply === undefined ? "(closed)" : formatReply(reply);
    heard.push(reply !== undefined && each.comparesTypesOnly === true ? reply.type : text);
    isOver = reply === undefined || text === '$"the end"';
  }
  await client.close();
  return heard;
}

/**
 * Where the server is about to hang up we wait for that: a write to a connection that it has closed would reset the
 * connection, and its last words could be lost. (Sometimes it hangs up only at what comes next.)
 */
async function writeInPieces(client: RespClient, bytes: Buffer, cut: Cut): Promise<void> {
  for (let from = 0; from < bytes.length; from += cut.bytesPerWrite) {
    client.write(bytes.subarray(from, Math.min(bytes.length, from + cut.bytesPerWrite)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (cut.endsInClose) {
    await client.closed(HANG_UP_MILLIS).catch(() => undefined);
  }
}

async function replyOrEnd(client: RespClient): Promise<Reply | undefined> {
  try {
    return await client.nextReply(SILENCE_MILLIS);
  } catch (error) {
    if (client.isOpen || String(error).includes("after")) {
      throw new Error(`neither a reply nor the end of the connection: ${error}`);
    }
    return undefined;
  }
}
