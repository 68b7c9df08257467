import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createPrng } from "../../../src/base/prng.ts";
import { splitInline } from "../../../src/gateway/resp/inlineRequest.ts";
import { parseChunks } from "../../fuzz/chunkedParse.ts";
import { drawStream } from "../../fuzz/requestGrammar.ts";
import { type RedisProcess, startRedis } from "../../support/redisServer.ts";
import { formatReply, type Reply, RespClient } from "../../support/respClient.ts";
import { streams } from "./requestStreams.ts";

const PASSWORD = "open sesame";
const LINES = 1500;
const DRAWN_STREAMS = 400;
const LINE_CHARACTERS = [..."abx0'\"\\ \t\v\f\r", "\\x41", "\\n", '" ', "' ", ' "', " '", "\xff", "\\'", '\\"'];

/** What our parser is compared with: the parser of a real redis-server. */
describe("redis-server's own parser", () => {
  let redis: RedisProcess;
  let witness: RespClient;
  before(async () => {
    redis = await startRedis();
    witness = await RespClient.connect(redis);
  });
  after(() => redis.removeData());

  it(`splits ${LINES} inline commands into the same words`, async () => {
    const prng = createPrng(7);
    let client = await RespClient.connect(redis);
    for (let i = 0; i < LINES; i++) {
      const line = Array.from({ length: prng.between(0, 12) }, () => prng.pick(LINE_CHARACTERS)).join("");
      const expected = splitInline(line);
      client.write(Buffer.from(`EVAL "return ARGV" 0 ${line}\r\n`, "latin1"));
      const reply = await client.nextReply();
      if (reply.type === "error") {
        assert.equal(reply.text, "ERR Protocol error: unbalanced quotes in request");
        assert.equal(expected, undefined, JSON.stringify(line));
        client = await RespClient.connect(redis);
      } else assert.deepEqual(words(reply), expected, JSON.stringify(line));
    }
    await client.close();
  });

  for (const stream of streams) {
    it(`makes the same of ${JSON.stringify(stream)}`, () => compare(redis, witness, stream, true));
  }

  it(`makes the same of ${DRAWN_STREAMS} drawn streams`, async () => {
    for (let seed = 0; seed < DRAWN_STREAMS; seed++) {
      await compare(redis, witness, drawStream(createPrng(seed)), true);
    }
  });

  it("makes the same of long lines", async () => {
    for (const start of ["", "*", "*1\r\n$"]) await compare(redis, witness, start + "1".repeat(65_537), true);
  });

  it("makes the same of what strangers send", async () => {
    assert.equal(formatReply(await witness.call("CONFIG", "SET", "requirepass", PASSWORD)), "+OK");
    const argument = `$16384\r\n${"a".repeat(16_384)}\r\n`;
    const requests = [
      "*11\r\n",
      "*10\r\n",
      "*1\r\n$16385\r\n",
      `*1\r\n${argument}`,
      "*1\r\n$536870913\r\n",
      "*-11\r\nPING\r\n",
    ];
    for (const request of requests) await compare(redis, witness, request, false);
  });
});

function words(reply: Reply): string[] {
  assert.equal(reply.type, "array");
  return reply.items.map((item) => (item.type === "bulk" ? item.bytes.toString("latin1") : formatReply(item)));
}

/** Redis answers as many requests as our parser finds, then tells of the same error and hangs up, or waits for more. */
async function compare(
  redis: RedisProcess,
  witness: RespClient,
  stream: string,
  authenticated: boolean,
): Promise<void> {
  const bytes = Buffer.from(stream, "latin1");
  const limits = { bulkBytesMax: 512 << 20, authenticated };
  const { requests, error } = parseChunks(bytes, [], limits);
  const client = await RespClient.connect(redis);
  client.write(bytes);
  const replies: Reply[] = [];
  for (const _ of requests) replies.push(await client.nextReply());
  const errors = replies.map(formatReply).filter((text) => text.startsWith("-ERR Protocol error"));
  assert.deepEqual(errors, [], JSON.stringify(stream));
  if (error === undefined) {
    await isThroughWith(witness);
    const surplus = client.takeReply();
    assert.equal(surplus, undefined, `${JSON.stringify(stream)}: ${surplus === undefined ? "" : formatReply(surplus)}`);
    assert.ok(client.isOpen, JSON.stringify(stream));
  } else {
    const text = `-ERR ${error}`.replace(/[\r\n]/g, " ").trimEnd();
    assert.equal(formatReply(await client.nextReply()).trimEnd(), text, JSON.stringify(stream));
    await client.closed();
  }
  await client.close();
}

/** When a second request of another client is answered, Redis has read all that was there before the first. */
async function isThroughWith(witness: RespClient): Promise<void> {
  await witness.call("PING");
  await witness.call("PING");
  await nextTurn();
  await nextTurn();
}
