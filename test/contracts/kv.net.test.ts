import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { start } from "../../src/main/server.ts";
import { freePort } from "../support/freePort.ts";
import { KvCallsClient, KvClient, type Message } from "../support/kvClient.ts";
import { KvNode } from "../support/kvNode.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

describe("the API of one node", () => {
  let rig: KvNode;
  let kv: KvClient;
  let redis: KvNode["redis"];

  before(async () => {
    rig = await KvNode.start();
    ({ kv, redis } = rig);
  });

  after(() => rig.stop());

  test("Put and Get: bytes of every kind, a version that changes with the value, and Redis sees the same", async () => {
    const value = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const put = await kv.call("put", { key: value, value });
    assert.equal(put.applied, true);
    const got = await kv.call("get", { key: value });
    assert.equal(got.found, true);
    assert.deepEqual(got.value, value);
    assert.deepEqual(got.version, put.version);
    assert.equal(got.ttlMillis, undefined);
    await kv.call("put", { key: bytes("shared"), value: bytes("from grpc") });
    assert.equal(await redis.get("shared"), "from grpc");
    await redis.set("shared", "from redis");
    assert.equal((await kv.call("get", { key: bytes("shared") })).value.toString(), "from redis");
  });

  test("Get of a key that is not there, and without the value", async () => {
    const got = await kv.call("get", { key: bytes("nobody") });
    assert.equal(got.found, false);
    assert.equal(got.version.length, 0);
    assert.ok(got.position.length > 0);
    await kv.call("put", { key: bytes("large"), value: Buffer.alloc(100_000, 7) });
    const head = await kv.call("get", { key: bytes("large"), noValue: true });
    assert.deepEqual([head.found, head.value.length], [true, 0]);
    assert.equal((await kv.call("get", { key: bytes("large") })).value.length, 100_000);
  });

  test("an empty value is a value", async () => {
    await kv.call("put", { key: bytes("empty") });
    const got = await kv.call("get", { key: bytes("empty") });
    assert.deepEqual([got.found, got.value.length], [true, 0]);
    assert.equal(await redis.get("empty"), "");
  });

  test("Put with a time to live, keeping it, and without", async () => {
    const key = bytes("ttl");
    await kv.call("put", { key, value: bytes("1"), ttlMillis: 60_000 });
    const ttl = Number((await kv.call("get", { key })).ttlMillis);
    assert.ok(ttl > 50_000 && ttl <= 60_000);
    await kv.call("put", { key, value: bytes("2"), keepTtl: true });
    assert.ok(Number((await kv.call("get", { key })).ttlMillis) > 50_000);
    await kv.call("put", { key, value: bytes("3") });
    assert.equal((await kv.call("get", { key })).ttlMillis, undefined);
    await kv.call("put", { key, value: bytes("4"), ttlMillis: 1 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await kv.call("get", { key })).found, false);
  });

  test("Put on conditions", async () => {
    const key = bytes("conditions");
    const first = await kv.call("put", { key, value: bytes("a"), ifAbsent: true });
    assert.equal(first.applied, true);
    const second = await kv.call("put", { key, value: bytes("b"), ifAbsent: true, returnPrevious: true });
    assert.deepEqual([second.applied, second.previous.toString()], [false, "a"]);
    assert.deepEqual(second.version, first.version);
    const third = await kv.call("put", { key, value: bytes("c"), ifVersion: first.version });
    assert.equal(third.applied, true);
    const fourth = await kv.call("put", { key, value: bytes("d"), ifVersion: first.version });
    assert.equal(fourth.applied, false);
    assert.deepEqual(fourth.version, third.version);
    assert.equal((await kv.call("get", { key })).value.toString(), "c");
    const absent = await kv.call("put", { key: bytes("none"), value: bytes("x"), ifVersion: first.version });
    assert.deepEqual([absent.applied, absent.version.length], [false, 0]);
  });

  test("Delete, on a condition and without", async () => {
    const key = bytes("gone");
    const { version } = await kv.call("put", { key, value: bytes("a") });
    await kv.call("put", { key, value: bytes("b") });
    const refused = await kv.call("delete", { key, ifVersion: version });
    assert.equal(refused.deleted, false);
    assert.ok(refused.version.length > 0);
    const deleted = await kv.call("delete", { key, returnPrevious: true });
    assert.deepEqual([deleted.deleted, deleted.previous.toString()], [true, "b"]);
    const again = await kv.call("delete", { key });
    assert.deepEqual([again.deleted, again.version.length], [false, 0]);
    await redis.rPush("list", "x");
    assert.equal((await kv.call("delete", { key: bytes("list") })).deleted, true);
  });

  test("CompareAndSet: from nothing, from a value, to nothing, and what there is instead", async () => {
    const key = bytes("cas");
    assert.equal((await kv.call("compareAndSet", { key, expected: bytes("x"), value: bytes("y") })).applied, false);
    assert.equal((await kv.call("compareAndSet", { key, value: bytes("1") })).applied, true);
    const refused = await kv.call("compareAndSet", { key, value: bytes("2") });
    assert.deepEqual([refused.applied, refused.current.toString()], [false, "1"]);
    assert.equal((await kv.call("compareAndSet", { key, expected: bytes("1"), value: bytes("2") })).applied, true);
    const removed = await kv.call("compareAndSet", { key, expected: bytes("2") });
    assert.deepEqual([removed.applied, removed.version.length], [true, 0]);
    assert.equal((await kv.call("get", { key })).found, false);
  });

  test("Increment over all 64 bits", async () => {
    const key = bytes("number");
    assert.equal((await kv.call("increment", { key, delta: "5", initial: "10" })).value, "15");
    assert.equal((await kv.call("increment", { key, delta: "-20" })).value, "-5");
    assert.equal(await redis.get("number"), "-5");
    const high = bytes("high");
    assert.equal(
      (await kv.call("increment", { key: high, delta: "9223372036854775806" })).value,
      "9223372036854775806",
    );
    assert.equal((await kv.call("increment", { key: high, delta: "1" })).value, "9223372036854775807");
    const over = await kv.failure("increment", { key: high, delta: "1" });
    assert.deepEqual([over.code, over.detail.reason], [status.OUT_OF_RANGE, "REASON_OVERFLOW"]);
    assert.equal(
      (await kv.call("increment", { key: bytes("low"), delta: "-9223372036854775808" })).value,
      "-9223372036854775808",
    );
    await kv.call("put", { key, value: bytes("word") });
    const word = await kv.failure("increment", { key, delta: "1" });
    assert.deepEqual([word.code, word.detail.reason], [status.FAILED_PRECONDITION, "REASON_NOT_AN_INTEGER"]);
  });

  test("keys of other types are refused, and keep what they hold", async () => {
    await redis.rPush("a list", "x");
    const key = bytes("a list");
    for (const [method, more] of [
      ["get", {}],
      ["increment", { delta: "1" }],
      ["compareAndSet", { expected: bytes("x") }],
      ["put", { value: bytes("y"), returnPrevious: true }],
    ] as const) {
      const { code, detail } = await kv.failure(method, { key, ...more });
      assert.deepEqual([code, detail.reason, detail.field], [9, "REASON_WRONG_TYPE", "key"], method);
    }
    assert.equal(await redis.lLen("a list"), 1);
  });

  test("Batch: each operation sees those before it", async () => {
    const a = bytes("{b}a");
    const b = bytes("{b}b");
    const { applied, results } = await kv.call("batch", {
      operations: [
        { put: { key: a, value: bytes("1") } },
        { increment: { key: a, delta: "4" } },
        { get: { key: a } },
        { put: { key: b, value: bytes("x") } },
        { delete: { key: b } },
        { compareAndSet: { key: b, value: bytes("y") } },
      ],
    });
    assert.equal(applied, true);
    assert.equal(results[1].increment.value, "5");
    assert.equal(results[2].get.value.toString(), "5");
    assert.equal(results[4].delete.deleted, true);
    const [gotA, gotB] = await Promise.all([kv.call("get", { key: a }), kv.call("get", { key: b })]);
    assert.deepEqual([gotA.value.toString(), gotB.value.toString()], ["5", "y"]);
    assert.deepEqual(gotA.version, gotB.version);
    assert.deepEqual(gotA.version, results[0].put.version);
  });

  test("Batch: all or nothing", async () => {
    const a = bytes("{n}a");
    const b = bytes("{n}b");
    await kv.call("put", { key: b, value: bytes("word") });
    const refused = await kv.call("batch", {
      operations: [
        { put: { key: a, value: bytes("1") } },
        { put: { key: b, value: bytes("2"), ifAbsent: true } },
        { delete: { key: b } },
      ],
    });
    assert.deepEqual([refused.applied, refused.results.length], [false, 2]);
    assert.equal(refused.results[1].put.applied, false);
    const failed = await kv.failure("batch", {
      operations: [{ put: { key: a, value: bytes("1") } }, { increment: { key: b, delta: "1" } }],
    });
    assert.deepEqual([failed.code, failed.detail.field], [9, "operations[1].increment.key"]);
    assert.equal((await kv.call("get", { key: a })).found, false);
    assert.equal((await kv.call("get", { key: b })).value.toString(), "word");
  });

  test("errors name the field", async () => {
    const key = bytes("k");
    const long = Buffer.alloc(65_536, 1);
    const cases: readonly (readonly [Parameters<KvClient["failure"]>[0], object, string])[] = [
      ["get", {}, "key"],
      ["get", { key: long }, "key"],
      ["put", { key, value: Buffer.alloc(32 * 2 ** 20 + 1) }, "value"],
      ["put", { key, ifAbsent: true, ifVersion: bytes("x") }, "if_version"],
      ["put", { key, keepTtl: true, ttlMillis: 5 }, "keep_ttl"],
      ["put", { key, ttlMillis: String(2n ** 60n) }, "ttl_millis"],
      ["get", { key, atLeast: bytes("nonsense") }, "at_least"],
      ["get", { key, consistency: 7 }, "consistency"],
      ["scan", { pageSize: 10_001 }, "page_size"],
      ["scan", { cursor: bytes("nonsense") }, "cursor"],
      ["batch", {}, "operations"],
      ["batch", { operations: [{ get: { key } }, { put: {} }] }, "operations[1].put.key"],
      ["batch", { operations: [{ get: { key: bytes("a") } }, { get: { key: bytes("b") } }] }, "operations[1].get.key"],
    ];
    for (const [method, request, field] of cases) {
      const failure = await kv.failure(method, request);
      assert.deepEqual([failure.code, failure.detail.field], [status.INVALID_ARGUMENT, field], JSON.stringify(failure));
      assert.match(failure.message, /\w/);
    }
  });

  test("the longest value goes both ways", async () => {
    const value = Buffer.alloc(32 * 2 ** 20, 3);
    await kv.call("put", { key: bytes("longest"), value });
    assert.ok((await kv.call("get", { key: bytes("longest") })).value.equals(value));
    await kv.call("delete", { key: bytes("longest") });
  });

  test("Scan: every key once, page by page, with what it holds", async () => {
    await redis.flushAll();
    const keys = Array.from({ length: 2_500 }, (_, i) => `scan:${i}`);
    await redis.mSet(keys.flatMap((key) => [key, `v${key}`]));
    await redis.hSet("scan:hash", "f", "v");
    await redis.set("other", "x");
    const found: Message[] = [];
    let pages = 0;
    for (let cursor = Buffer.alloc(0); ; ) {
      const page = await kv.call("scan", { prefix: bytes("scan:"), cursor, pageSize: 300, values: true });
      found.push(...page.items);
      assert.ok(page.items.length <= 300);
      pages++;
      cursor = page.nextCursor;
      if (cursor.length === 0) break;
    }
    assert.ok(pages >= 9);
    assert.equal(new Set(found.map((item) => item.key.toString())).size, found.length);
    assert.deepEqual(found.map((item) => item.key.toString()).sort(), [...keys, "scan:hash"].sort());
    for (const item of found) {
      if (item.type === "VALUE_TYPE_HASH") assert.equal(item.value.length, 0);
      else assert.equal(item.value.toString(), `v${item.key}`);
      assert.ok(item.version.length > 0);
    }
  });

  test("Scan of one slot by a tag, in pages, in the order of bytes", async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `{tag}${String(i).padStart(3, "0")}`);
    for (const key of keys) await redis.set(key, "1");
    const found: string[] = [];
    for (let cursor = Buffer.alloc(0), pages = 0; ; pages++) {
      assert.ok(pages < 20);
      const page = await kv.call("scan", { prefix: bytes("{tag}"), cursor, pageSize: 17 });
      found.push(...page.items.map((item: Message) => item.key.toString()));
      cursor = page.nextCursor;
      if (cursor.length === 0) break;
    }
    assert.deepEqual(found, keys);
  });

  test("Calls: many in one message, answered by id; what was asked in order is seen in order", async () => {
    const calls = new KvCallsClient(kv);
    const key = bytes("ordered");
    const asked: Promise<Message>[] = [];
    for (let i = 0; i < 500; i++) {
      asked.push(calls.call("put", { key, value: bytes(String(i)) }));
      asked.push(calls.call("get", { key }));
    }
    const answers = await Promise.all(asked);
    for (let i = 0; i < 500; i++) {
      assert.equal(answers[2 * i].put.applied, true);
      assert.equal(answers[2 * i + 1].get.value.toString(), String(i));
    }
    assert.ok(calls.messages < 200, `${calls.messages} messages`);
    calls.stream.end();
    assert.equal((await calls.status).code, status.OK);
  });

  test("Calls: large answers to one message come bit by bit, and all of them", async () => {
    const key = bytes("heavy");
    await kv.call("put", { key, value: Buffer.alloc(4 << 20, 5) });
    const calls = new KvCallsClient(kv);
    const answers = await Promise.all(Array.from({ length: 30 }, () => calls.call("get", { key })));
    for (const { get } of answers) assert.equal(get.value.length, 4 << 20);
    calls.stream.end();
    assert.equal((await calls.status).code, status.OK);
  });

  test("Calls: an error of one call is its own", async () => {
    const calls = new KvCallsClient(kv);
    const [bad, good, batch] = await Promise.all([
      calls.call("get", {}),
      calls.call("put", { key: bytes("good"), value: bytes("1") }),
      calls.call("batch", { operations: [{ increment: { key: bytes("good"), delta: "2" } }] }),
    ]);
    assert.deepEqual([bad.reply, bad.error.code, bad.error.detail.field], ["error", status.INVALID_ARGUMENT, "key"]);
    assert.equal(good.put.applied, true);
    assert.equal(batch.batch.results[0].increment.value, "3");
    calls.stream.cancel();
  });

  test("Calls: an id that is in use, and bytes that are no message, end the stream", async () => {
    await redis.clientPause(60_000, "WRITE");
    const calls = new KvCallsClient(kv);
    calls.stream.write({ calls: [{ id: 7, put: { key: bytes("p"), value: bytes("1") } }] });
    calls.stream.write({ calls: [{ id: 7, get: { key: bytes("p") } }] });
    const { code, detail } = await calls.status;
    assert.deepEqual([code, detail.field], [status.INVALID_ARGUMENT, "calls.id"]);
    await redis.clientUnpause();
    assert.equal((await kv.call("get", { key: bytes("p") })).found, false);
    const raw = kv.stub.makeBidiStreamRequest(
      "/holdfast.v1.Kv/Calls",
      (value: Buffer) => value,
      (value: Buffer) => value,
    );
    const failed = new Promise<Message>((resolve) => raw.on("error", resolve));
    raw.on("data", () => undefined);
    raw.write(Buffer.from([0x0a, 0x7f, 1]));
    assert.equal((await failed).code, status.INVALID_ARGUMENT);
  });

  test("a deadline that passes before the evaluation: never executed", async () => {
    await redis.clientPause(60_000, "WRITE");
    const key = bytes("late");
    const calls = new KvCallsClient(kv);
    const [unary, streamed] = await Promise.all([
      kv.failure("put", { key, value: bytes("1") }, { deadline: Date.now() + 50 }),
      calls.call("put", { key, value: bytes("2") }, 50),
    ]);
    assert.equal(unary.code, status.DEADLINE_EXCEEDED);
    assert.deepEqual(
      [streamed.error.code, streamed.error.detail.reason],
      [status.DEADLINE_EXCEEDED, "REASON_NOT_EXECUTED"],
    );
    const read = await calls.call("get", { key });
    assert.equal(read.get.found, false);
    await redis.clientUnpause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await kv.call("get", { key })).found, false);
    const after = await calls.call("put", { key, value: bytes("3") });
    assert.equal(after.put.applied, true);
    calls.stream.cancel();
  });

  test("a cancelled call that was held up leaves nothing", async () => {
    await redis.clientPause(60_000, "WRITE");
    const key = bytes("cancelled");
    const call = kv.stub["put"]({ key, value: bytes("1") }, kv.metadata, {}, () => undefined);
    const calls = new KvCallsClient(kv);
    const asked = calls.call("put", { key, value: bytes("2") });
    await new Promise((resolve) => setTimeout(resolve, 50));
    call.cancel();
    calls.stream.write({ cancelled: [1] });
    const { error } = await asked;
    assert.deepEqual([error.code, error.detail.reason], [status.CANCELLED, "REASON_NOT_EXECUTED"]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await redis.clientUnpause();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await kv.call("get", { key })).found, false);
    calls.stream.cancel();
  });

  test("a read at least as new as a write", async () => {
    const { version } = await kv.call("put", { key: bytes("new"), value: bytes("1") });
    const got = await kv.call("get", { key: bytes("new"), atLeast: version, consistency: "CONSISTENCY_EVENTUAL" });
    assert.equal(got.value.toString(), "1");
    const future = Buffer.from(version);
    future[2] = 255;
    const { code } = await kv.failure("get", { key: bytes("new"), atLeast: future }, { deadline: Date.now() + 100 });
    assert.equal(code, status.DEADLINE_EXCEEDED);
  });

  test("many clients count without losing any", async () => {
    const key = bytes("count");
    const streams = Array.from({ length: 4 }, () => new KvCallsClient(kv));
    await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        i % 5 === 0
          ? kv.call("increment", { key, delta: "1" })
          : streams[i % 4]!.call("increment", { key, delta: "1" }),
      ),
    );
    assert.equal((await kv.call("get", { key })).value.toString(), "400");
    for (const { stream } of streams) stream.cancel();
  });
});

test("a password", async () => {
  const port = await freePort();
  const node = await start({ grpcPort: port, requirepass: "sésame" });
  try {
    const [none, wrong, right] = [undefined, "sesame", undefined].map(
      (each) => new KvClient(`127.0.0.1:${port}`, each),
    ) as [KvClient, KvClient, KvClient];
    right.metadata.set("holdfast-password-bin", Buffer.from("sésame"));
    const { code, detail } = await none.failure("get", { key: bytes("k") });
    assert.deepEqual([code, detail.reason], [status.UNAUTHENTICATED, "REASON_PASSWORD"]);
    assert.equal((await wrong.failure("get", { key: bytes("k") })).code, status.UNAUTHENTICATED);
    assert.equal((await new KvCallsClient(wrong).status).code, status.UNAUTHENTICATED);
    assert.equal((await right.call("get", { key: bytes("k") })).found, false);
    for (const client of [none, wrong, right]) client.close();
  } finally {
    await node.stop();
  }
  const plain = await start({ grpcPort: port, requirepass: "sesame" });
  try {
    const client = new KvClient(`127.0.0.1:${port}`, "sesame");
    assert.equal((await client.call("get", { key: bytes("k") })).found, false);
    client.close();
  } finally {
    await plain.stop();
  }
});
