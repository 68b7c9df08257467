import assert from "node:assert/strict";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { after, before, test } from "node:test";
import { readAnswers } from "../../../../src/client/answers.ts";
import { writeCall } from "../../../../src/client/callWriter.ts";
import { ProtoWriter } from "../../../../src/client/wire/protoWriter.ts";
import { start } from "../../../../src/main/server.ts";
import { frameOf } from "../../../../src/proto/grpcFrames.ts";
import { freePort } from "../../../support/freePort.ts";

let node: Awaited<ReturnType<typeof start>>;
let session: ClientHttp2Session;
/** The last status's words. */
let said = "";

before(async () => {
  const grpcPort = await freePort();
  node = await start({ grpcPort });
  session = connect(`http://127.0.0.1:${grpcPort}`);
});

after(async () => {
  session.close();
  await node.stop();
});

function open(isPlain: boolean): ClientHttp2Stream {
  return session.request({
    ...{ ":method": "POST", ":path": "/holdfast.v1.Kv/Calls", "content-type": "application/grpc", te: "trailers" },
    ...(isPlain && { "holdfast-plain": "1" }),
  });
}

function calls(ids: readonly number[]): Buffer {
  const writer = new ProtoWriter();
  for (const id of ids) writeCall(writer, id, 5000, "put", { key: `k${id}`, value: "v".repeat(10_000) });
  return framed(writer.take());
}

function framed(message: Buffer): Buffer {
  return frameOf([message], message.length);
}

/** What the stream has said when it has ended: how many answers, and its status. */
async function heard(stream: ClientHttp2Stream): Promise<{ readonly answers: number; readonly status: unknown }> {
  const pieces: Buffer[] = [];
  let status: unknown;
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  stream.on("response", (headers) => {
    status = headers["grpc-status"] ?? status;
  });
  stream.on("trailers", (headers) => {
    status = headers["grpc-status"];
    said = String(headers["grpc-message"]);
  });
  stream.once("end", () => stream.close());
  await new Promise((resolve) => stream.once("close", resolve));
  const bytes = Buffer.concat(pieces);
  let answers = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    answers += readAnswers(bytes.subarray(at + 5, at + 5 + length)).length;
    at += 5 + length;
  }
  return { answers, status };
}

for (const isPlain of [true, false]) {
  test(`a stream of calls ends when all is answered, ${isPlain ? "past" : "through"} the library`, async () => {
    const stream = open(isPlain);
    const told = heard(stream);
    const message = calls([1, 2, 3, 4, 5]);
    for (let at = 0; at < message.length; at += 7001) stream.write(message.subarray(at, at + 7001));
    stream.write(calls([6]));
    stream.end();
    assert.deepEqual(await told, { answers: 6, status: "0" });
  });

  test(`what is no message ends it with a code, ${isPlain ? "past" : "through"} the library`, async () => {
    const stream = open(isPlain);
    const told = heard(stream);
    stream.write(framed(Buffer.from([0x0a, 0x7f, 1])));
    assert.deepEqual(await told, { answers: 0, status: "3" });
  });
}

test("who promised to compress nothing is held to it, and to the limit of a message", async () => {
  const compressed = open(true);
  const first = heard(compressed);
  compressed.write(Buffer.from([1, 0, 0, 0, 1, 0]));
  assert.deepEqual(await first, { answers: 0, status: "13" });
  assert.match(said, /holdfast-plain/);
  const long = open(true);
  const second = heard(long);
  long.write(Buffer.from([0, 0x7f, 0, 0, 0, 0]));
  assert.deepEqual(await second, { answers: 0, status: "8" });
});
