import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { ProtoCodecs, type ProtoTree } from "../../../src/client/wire/protoCodec.ts";
import { MalformedMessage } from "../../../src/client/wire/protoReader.ts";
import { ProtoWriter } from "../../../src/client/wire/protoWriter.ts";
import { KV_PROTO } from "../../../src/proto/kvProto.ts";

const codecs = new ProtoCodecs(KV_PROTO as ProtoTree);
const root = protobuf.Root.fromJSON(KV_PROTO as Parameters<typeof protobuf.Root.fromJSON>[0]);

function encoded(name: string, message: object): Buffer {
  const writer = new ProtoWriter();
  codecs.of(name).encode(message, writer);
  return writer.take();
}

/** As protobufjs reads what we have written. */
function readByOther(name: string, bytes: Buffer): unknown {
  const type = root.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: String, enums: String, bytes: String });
}

test("what is written is what protobufjs reads", () => {
  const bytes = fc.oneof(fc.string({ unit: "grapheme", maxLength: 300 }), fc.uint8Array({ maxLength: 300 }));
  const int64 = fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
  const calls = fc.array(
    fc.record({ id: fc.nat(), timeoutMillis: fc.nat(), key: bytes, delta: int64, initial: int64 }),
  );
  fc.assert(
    fc.property(calls, (given) => {
      const message = {
        calls: given.map(({ id, timeoutMillis, ...increment }) => ({ id, timeoutMillis, increment })),
        cancelled: given.map(({ id }) => id),
      };
      const expected = given.map(({ id, key, delta, initial }) => {
        const base64 = Buffer.from(key as string).toString("base64");
        return [String(id), base64, String(delta), String(initial)];
      });
      const read = readByOther("holdfast.v1.CallsRequest", encoded("holdfast.v1.CallsRequest", message));
      const { calls: got = [], cancelled = [] } = read as { calls?: Fields[]; cancelled?: string[] };
      const found = got.map(({ id = "0", increment = {} }) => {
        const { key = "", delta = "0", initial = "0" } = increment as { [name: string]: string };
        return [id, key, delta, initial];
      });
      assert.deepEqual(found, expected);
      assert.deepEqual(
        cancelled,
        given.map(({ id }) => String(id)),
      );
    }),
    { numRuns: 200 },
  );
});

test("messages that one writer wrote one after another stay as they were", () => {
  const length = fc.oneof(fc.nat(40), fc.nat(600), fc.integer({ min: 16_000, max: 17_000 }), fc.nat(70_000));
  fc.assert(
    fc.property(fc.array(fc.array(length, { minLength: 1, maxLength: 4 }), { maxLength: 20 }), (given) => {
      const writer = new ProtoWriter();
      const codec = codecs.of("holdfast.v1.CallsRequest");
      const messages = given.map((lengths, i) => ({
        calls: lengths.map((bytes) => ({ id: i, put: { key: `k${i}`, value: Buffer.alloc(bytes, i) } })),
      }));
      const taken = messages.map((message) => {
        writer.skip(5);
        codec.encode(message, writer);
        assert.ok(writer.length > 5);
        const bytes = writer.take();
        assert.equal(writer.length, 0);
        // As whoever takes it does with the room that was left.
        return bytes.fill(0, 0, 5).subarray(5);
      });
      assert.deepEqual(
        taken,
        messages.map((message) => encoded("holdfast.v1.CallsRequest", message)),
      );
    }),
    { numRuns: 50 },
  );
});

test("a small message does not lie in, and so hold, the memory of a large one", () => {
  const writer = new ProtoWriter();
  writer.bytes(Buffer.alloc(1 << 20));
  writer.take();
  writer.bytes("small");
  assert.ok(writer.take().buffer.byteLength <= 16 << 10);
});

type Fields = { [name: string]: unknown };

test("what protobufjs writes is read, with defaults where nothing was said", () => {
  const type = root.lookupType("holdfast.v1.CallsReply");
  const answers = [
    { id: 1, get: { found: true, value: Buffer.from("v"), ttlMillis: 0 } },
    { id: 2, error: { code: 9, message: "moved", detail: { reason: "REASON_MOVED", address: "a:1", slot: 0 } } },
    { id: 3, increment: { value: -5 } },
    { id: 4, put: {} },
  ];
  const read = codecs
    .of("holdfast.v1.CallsReply")
    .decode(Buffer.from(type.encode(type.fromObject({ answers })).finish()));
  const [get, error, increment, put] = (read as { answers: Fields[] }).answers;
  const none = Buffer.alloc(0);
  assert.deepEqual(get, {
    id: 1,
    get: { found: true, value: Buffer.from("v"), version: none, position: none, ttlMillis: 0 },
  });
  assert.deepEqual((error!["error"] as Fields)["detail"], {
    ...{ reason: "REASON_MOVED", field: "", address: "a:1", retryAfterMillis: 0, slot: 0 },
  });
  assert.equal((increment!["increment"] as Fields)["value"], -5);
  assert.deepEqual(put, { id: 4, put: { applied: false, version: none } });
});

test("numbers of 64 bits stay exact", () => {
  for (const value of [0, 1, -1, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, -(2n ** 63n), 2n ** 63n - 1n]) {
    const bytes = encoded("holdfast.v1.IncrementReply", { value });
    const { value: read } = codecs.of("holdfast.v1.IncrementReply").decode(bytes) as { value: number | bigint };
    assert.equal(BigInt(read), BigInt(value));
  }
});

test("what is no message is refused, whatever it is", () => {
  const codec = codecs.of("holdfast.v1.CallsReply");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        codec.decode(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof MalformedMessage, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
