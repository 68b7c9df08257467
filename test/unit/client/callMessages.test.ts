import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readAnswers } from "../../../src/client/answers.ts";
import { writeCall, writeCancelled } from "../../../src/client/callWriter.ts";
import type { AnswerMessage, CallKind } from "../../../src/client/messages.ts";
import { giveBytes, writeResultOf } from "../../../src/client/operations.ts";
import { ProtoCodecs, type ProtoTree } from "../../../src/client/wire/protoCodec.ts";
import { ProtoWriter } from "../../../src/client/wire/protoWriter.ts";
import { KV_PROTO } from "../../../src/proto/kvProto.ts";

const CODECS = new ProtoCodecs(KV_PROTO as ProtoTree);
const REQUEST = CODECS.of("holdfast.v1.CallsRequest");
const REPLY = CODECS.of("holdfast.v1.CallsReply");

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const id = fc.nat({ max: Number.MAX_SAFE_INTEGER });

/** A message as plain values, whatever its fields are made of. */
function plain({ id, get, put, ...others }: AnswerMessage): object {
  if (get !== undefined) {
    const { found, value, version, ttlMillis, position } = get;
    return { id, get: { found, value, version, ttlMillis, position }, ...others };
  }
  if (put === undefined) return { id, ...others };
  const { applied, version, previous, versionText } = put;
  const result = writeResultOf(applied, put, giveBytes);
  assert.equal(result.version, version.length === 0 ? undefined : version.toString("base64url"));
  assert.ok(versionText === undefined || versionText === result.version);
  return { id, put: { applied, version, previous }, ...others };
}

test("calls are written as their message is", () => {
  const kinds: readonly CallKind[] = ["get", "put", "delete", "compareAndSet", "increment", "scan"];
  const call = fc.record({
    kind: fc.constantFrom(...kinds),
    id,
    timeoutMillis: fc.integer({ min: 1, max: 1e6 }),
    key: bytes,
  });
  fc.assert(
    fc.property(fc.array(call), fc.array(id), (calls, cancelled) => {
      const message = (kind: CallKind, key: Buffer): object =>
        kind === "scan" ? { prefix: key } : kind === "put" ? { key, value: key } : { key };
      const ours = new ProtoWriter();
      for (const { kind, id, timeoutMillis, key } of calls)
        writeCall(ours, id, timeoutMillis, kind, message(kind, key));
      for (const each of cancelled) writeCancelled(ours, each);
      const read = REQUEST.decode(ours.take());
      const expected = new ProtoWriter();
      const written = calls.map(({ kind, id, timeoutMillis, key }) => ({
        id,
        timeoutMillis,
        [kind]: message(kind, key),
      }));
      REQUEST.encode({ calls: written, cancelled }, expected);
      assert.deepEqual(read, REQUEST.decode(expected.take()));
    }),
  );
});

test("what most calls are is written as its codec writes it, with any fields, byte by byte", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 300 });
  const given = fc.oneof(
    text,
    bytes,
    fc.nat(20_000).map((length) => "x".repeat(length)),
  );
  const flag = fc.option(fc.boolean(), { nil: undefined });
  const number = fc.option(id, { nil: undefined });
  const some = fc.option(bytes, { nil: undefined });
  const once = fc.record({ session: bytes, number: id, firstOpen: id });
  const get = fc.record({
    key: given,
    consistency: fc.constantFrom("CONSISTENCY_EVENTUAL", undefined),
    atLeast: some,
  });
  const put = fc.record({
    ...{ key: given, value: given, ttlMillis: number, ifAbsent: flag, ifVersion: some, keepTtl: flag },
    ...{ returnPrevious: flag, once: fc.option(once, { nil: undefined }) },
  });
  const call = fc.oneof(
    get.map((message) => ({ kind: "get", message }) as const),
    put.map((message) => ({ kind: "put", message }) as const),
  );
  fc.assert(
    fc.property(fc.array(call, { minLength: 1 }), (calls) => {
      const ours = new ProtoWriter();
      for (const [i, { kind, message }] of calls.entries()) writeCall(ours, i + 1, 1000, kind, message);
      const codec = new ProtoWriter();
      REQUEST.encode(
        { calls: calls.map(({ kind, message }, i) => ({ id: i + 1, timeoutMillis: 1000, [kind]: message })) },
        codec,
      );
      assert.deepEqual(ours.take(), codec.take());
    }),
  );
});

test("answers are read as their message is, also with fields that nobody knows yet", () => {
  const get = fc.record({
    get: fc.record({
      ...{ found: fc.boolean(), value: bytes, version: bytes, position: bytes },
      ttlMillis: fc.option(id, { nil: undefined }),
    }),
  });
  const put = fc.record({
    put: fc.record({ applied: fc.boolean(), version: bytes, previous: fc.option(bytes, { nil: undefined }) }),
  });
  const error = fc.record({ error: fc.record({ code: fc.nat(16), message: fc.string() }) });
  const answer = fc.tuple(id, fc.oneof(get, put, error)).map(([each, reply]) => ({ id: each, ...reply }));
  const unknown = Buffer.from([0x78, 5, 0x7a, 2, 1, 2]);
  fc.assert(
    fc.property(fc.array(answer), fc.boolean(), (answers, hasMore) => {
      const writer = new ProtoWriter();
      REPLY.encode({ answers }, writer);
      const message = Buffer.concat([writer.take(), hasMore ? unknown : Buffer.alloc(0)]);
      const { answers: expected } = REPLY.decode(message) as { readonly answers: readonly AnswerMessage[] };
      assert.deepEqual(readAnswers(message).map(plain), expected.map(plain));
    }),
  );
  const strange = Buffer.from([0x0a, 9, 0x08, 7, 0x1a, 2, 0x08, 1, 0x78, 5, 1]).subarray(0, 10);
  strange[1] = 8;
  assert.deepEqual(
    readAnswers(strange).map(({ id, get }) => [id, get?.found]),
    [[7, true]],
  );
});

test("answers that are cut off are refused", () => {
  const writer = new ProtoWriter();
  const version = Buffer.from("version");
  for (const answer of [{ get: { found: true, value: Buffer.from("value") } }, { put: { applied: true, version } }]) {
    REPLY.encode({ answers: [{ id: 1, ...answer }] }, writer);
    const message = writer.take();
    for (let length = 1; length < message.length; length++)
      assert.throws(() => readAnswers(message.subarray(0, length)), { name: "MalformedMessage" });
  }
});
