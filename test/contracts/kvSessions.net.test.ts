import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { after, before, describe, mock, test } from "node:test";
import { type ServiceError, status } from "@grpc/grpc-js";
import { keySlot } from "../../src/base/crc16.ts";
import { SESSION_KEY_BYTES, writeSessionKey } from "../../src/core/state/sessionKey.ts";
import { freePort } from "../support/freePort.ts";
import { startHoldfast } from "../support/holdfastServer.ts";
import {
  failureOf,
  KvCallsClient,
  KvClient,
  type KvFailure,
  type KvMethod,
  type Message,
} from "../support/kvClient.ts";
import { KvNode } from "../support/kvNode.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const DAY_MILLIS = 24 * 3_600_000;

/** Writes in the name of one session. */
class Writer {
  readonly kv: KvClient;
  readonly session: Buffer;
  #number = 0;

  private constructor(kv: KvClient, session: Buffer) {
    this.kv = kv;
    this.session = session;
  }

  static async open(kv: KvClient, ttlMillis = 0): Promise<Writer> {
    const { session } = await kv.call("openSession", { ttlMillis });
    return new Writer(kv, session);
  }

  /** A number that was not used before. */
  once(firstOpen = 0): object {
    return { session: this.session, number: ++this.#number, firstOpen };
  }

  /** Sends it several times: all are told the same. */
  async twice(method: KvMethod, request: object): Promise<Message> {
    const whole = { ...request, once: this.once() };
    const first = await this.kv.call(method, whole);
    assert.deepEqual(await this.kv.call(method, whole), first);
    assert.deepEqual(await this.kv.call(method, whole), first);
    return first;
  }

  async twiceRefused(method: KvMethod, request: object): Promise<KvFailure> {
    const whole = { ...request, once: this.once() };
    const first = await this.kv.failure(method, whole);
    assert.deepEqual(await this.kv.failure(method, whole), first);
    return first;
  }
}

/** From now on nothing can be written to any file of this process, until `end`. */
function fullDisk(): { end(): void } {
  const error = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  const calls = [
    mock.method(fs, "writeSync", () => {
      throw error;
    }),
    mock.method(fs, "write", (...args: unknown[]) => {
      process.nextTick(args.at(-1) as (error: Error) => void, error);
    }),
  ];
  syncBuiltinESMExports();
  return {
    end: () => {
      for (const call of calls) call.mock.restore();
      syncBuiltinESMExports();
    },
  };
}

const reasonOf = ({ code, detail }: KvFailure): unknown[] => [code, detail.reason, detail.field];
const PRECONDITION = status.FAILED_PRECONDITION;

describe("writes that happen exactly once", () => {
  let rig: KvNode;
  let kv: KvClient;
  let redis: KvNode["redis"];

  before(async () => {
    rig = await KvNode.start();
    ({ kv, redis } = rig);
  });

  after(() => rig.stop());

  test("OpenSession gives each another session, which lasts as long as was asked", async () => {
    const { session, ttlMillis } = await kv.call("openSession", {});
    assert.deepEqual([session.length, ttlMillis], [16, "300000"]);
    const longest = await kv.call("openSession", { ttlMillis: DAY_MILLIS });
    assert.equal(longest.ttlMillis, String(DAY_MILLIS));
    assert.notDeepEqual(longest.session, session);
    const refused = await kv.failure("openSession", { ttlMillis: DAY_MILLIS + 1 });
    assert.deepEqual(reasonOf(refused), [status.INVALID_ARGUMENT, "REASON_INVALID_FIELD", "ttl_millis"]);
  });

  test("every method is executed once and answered as at first", async () => {
    const writer = await Writer.open(kv);
    const key = bytes("all methods");
    const put = await writer.twice("put", { key, value: bytes("1"), ifAbsent: true });
    assert.equal(put.applied, true);
    assert.deepEqual((await kv.call("get", { key })).version, put.version, "the key was written once");
    const sum = await writer.twice("increment", { key, delta: "5" });
    assert.equal(sum.value, "6");
    assert.equal((await kv.call("get", { key })).value.toString(), "6");
    const replaced = await writer.twice("put", { key, value: bytes("7"), returnPrevious: true });
    assert.equal(replaced.previous.toString(), "6");
    const swapped = await writer.twice("compareAndSet", { key, expected: bytes("7"), value: bytes("8") });
    assert.equal(swapped.applied, true);
    const deleted = await writer.twice("delete", { key, returnPrevious: true });
    assert.deepEqual([deleted.deleted, deleted.previous.toString()], [true, "8"]);
    assert.equal((await kv.call("get", { key })).found, false);
  });

  test("conditions that did not hold are answered again, though they would hold by now", async () => {
    const writer = await Writer.open(kv);
    const key = bytes("conditions");
    await kv.call("put", { key, value: bytes("there") });
    const once = writer.once();
    const refused = await kv.call("put", { key, value: bytes("new"), ifAbsent: true, once });
    assert.equal(refused.applied, false);
    const swap = { key, expected: bytes("other"), value: bytes("new"), once: writer.once() };
    const current = await kv.call("compareAndSet", swap);
    assert.deepEqual([current.applied, current.current.toString()], [false, "there"]);
    const remove = { key: bytes("conditions nobody"), once: writer.once() };
    assert.equal((await kv.call("delete", remove)).deleted, false);
    await kv.call("put", { key: remove.key, value: bytes("there now") });
    await kv.call("put", { key, value: bytes("other") });
    assert.deepEqual(await kv.call("compareAndSet", swap), current);
    assert.equal((await kv.call("delete", remove)).deleted, false);
    await kv.call("delete", { key });
    assert.deepEqual(await kv.call("put", { key, value: bytes("new"), ifAbsent: true, once }), refused);
    assert.equal((await kv.call("get", { key })).found, false);
  });

  test("errors of what a key holds are remembered", async () => {
    const writer = await Writer.open(kv);
    await redis.rPush("a list", "x");
    await kv.call("put", { key: bytes("text"), value: bytes("text") });
    await kv.call("put", { key: bytes("huge"), value: bytes("9223372036854775807") });
    const wrongType = { key: bytes("a list"), delta: "1", once: writer.once() };
    const first = await kv.failure("increment", wrongType);
    assert.deepEqual(reasonOf(first), [PRECONDITION, "REASON_WRONG_TYPE", "key"]);
    await redis.del("a list");
    assert.deepEqual(await kv.failure("increment", wrongType), first);
    const text = await writer.twiceRefused("increment", { key: bytes("text"), delta: "1" });
    assert.equal(text.detail.reason, "REASON_NOT_AN_INTEGER");
    const overflow = await writer.twiceRefused("increment", { key: bytes("huge"), delta: "1" });
    assert.deepEqual(reasonOf(overflow), [status.OUT_OF_RANGE, "REASON_OVERFLOW", "delta"]);
  });

  test("a batch is one write", async () => {
    const writer = await Writer.open(kv);
    const operations = [
      { increment: { key: bytes("{batch}1"), delta: "3" } },
      { get: { key: bytes("{batch}1") } },
      { put: { key: bytes("{batch}2"), value: bytes("v") } },
    ];
    const done = await writer.twice("batch", { operations });
    assert.deepEqual([done.applied, done.results[1].get.value.toString()], [true, "3"]);
    assert.equal((await kv.call("get", { key: bytes("{batch}1") })).value.toString(), "3");
    const held = await writer.twice("batch", {
      operations: [operations[0]!, { put: { key: bytes("{batch}2"), value: bytes("w"), ifAbsent: true } }],
    });
    assert.equal(held.applied, false);
    const refused = await writer.twiceRefused("batch", {
      operations: [{ increment: { key: bytes("{batch}2"), delta: "1" } }],
    });
    assert.equal(refused.detail.field, "operations[0].increment.key");
    const inner = { put: { key: bytes("{batch}2"), value: bytes("w"), once: writer.once() } };
    assert.deepEqual(reasonOf(await kv.failure("batch", { operations: [inner] })), [
      status.INVALID_ARGUMENT,
      "REASON_INVALID_FIELD",
      "operations[0].put.once",
    ]);
  });

  test("over Calls as well, in one message with the first, with the id of each", async () => {
    const writer = await Writer.open(kv);
    const calls = new KvCallsClient(kv);
    const request = { key: bytes("calls"), delta: "1", once: writer.once() };
    const answers = await Promise.all([1, 2, 3].map(() => calls.call("increment", request)));
    assert.deepEqual(
      answers.map(({ increment }) => increment),
      answers.map(() => answers[0].increment),
    );
    assert.equal(new Set(answers.map(({ id }) => id)).size, 3);
    assert.equal((await kv.call("get", { key: bytes("calls") })).value.toString(), "1");
    calls.stream.cancel();
  });

  test("numbers that are said to be answered are forgotten, and refused", async () => {
    const { session } = await kv.call("openSession", {});
    const key = bytes("trimmed");
    const put = (number: number, firstOpen = 0) => ({ key, delta: "1", once: { session, number, firstOpen } });
    const far = 2 ** 53 - 2;
    for (const number of [3, 1, 2, 7]) await kv.call("increment", put(number));
    assert.equal((await kv.call("increment", put(5, 3))).value, "5");
    const replayed = await kv.failure("increment", put(2));
    assert.deepEqual(reasonOf(replayed), [PRECONDITION, "REASON_REPLAYED", "once.number"]);
    assert.equal((await kv.call("increment", put(3))).value, "1", "3 is open");
    assert.equal((await kv.call("increment", put(far + 1, far))).value, "6");
    for (const number of [3, 5, 7, far - 1]) {
      assert.equal((await kv.failure("increment", put(number))).detail.reason, "REASON_REPLAYED");
    }
    assert.equal((await kv.call("increment", put(far))).value, "7");
    assert.equal((await kv.call("increment", put(far + 1))).value, "6");
  });

  test("an answer that is too large is forgotten, and that is told", async () => {
    const writer = await Writer.open(kv);
    const key = bytes("large");
    for (const [size, isRemembered] of [
      [900, true],
      [1_100, false],
    ] as const) {
      await kv.call("put", { key, value: Buffer.alloc(size, 1) });
      const request = { key, value: bytes("small"), returnPrevious: true, once: writer.once() };
      assert.equal((await kv.call("put", request)).previous.length, size);
      if (isRemembered) assert.equal((await kv.call("put", request)).previous.length, size);
      else {
        const failure = await kv.failure("put", request);
        assert.deepEqual(reasonOf(failure), [PRECONDITION, "REASON_REPLY_FORGOTTEN", "once.number"]);
      }
    }
  });

  test("what is no session, no number, or that of another write, is refused", async () => {
    const { session } = await kv.call("openSession", {});
    const key = bytes("fields");
    const refused = async (once: object, method: KvMethod = "put") =>
      reasonOf(await kv.failure(method, { key, once })).slice(1);
    const invalid = "REASON_INVALID_FIELD";
    assert.deepEqual(await refused({}), [invalid, "once.session"]);
    assert.deepEqual(await refused({ session: session.subarray(1), number: 1 }), [invalid, "once.session"]);
    assert.deepEqual(await refused({ session }), [invalid, "once.number"]);
    assert.deepEqual(await refused({ session, number: "9007199254740992" }), [invalid, "once.number"]);
    assert.deepEqual(await refused({ session, number: 3, firstOpen: 4 }), [invalid, "once.first_open"]);
    const madeUp = Buffer.from(session);
    madeUp[1]!++;
    assert.deepEqual(await refused({ session: madeUp, number: 1 }), [invalid, "once.session"]);
    await kv.call("put", { key, once: { session, number: 1 } });
    assert.deepEqual(await refused({ session, number: 1 }, "delete"), [invalid, "once.number"]);
    madeUp[1]! -= 2;
    assert.deepEqual(await refused({ session: madeUp, number: 1 }), ["REASON_SESSION_EXPIRED", "once.session"]);
  });

  test("sessions do not know of each other, nor slots", async () => {
    const [a, b] = [await Writer.open(kv), await Writer.open(kv)];
    const key = bytes("shared");
    for (const writer of [a, b]) await writer.kv.call("increment", { key, delta: "1", once: writer.once() });
    assert.equal((await kv.call("get", { key })).value.toString(), "2");
    const once = a.once();
    for (const each of ["slot 1", "slot 2"]) await kv.call("increment", { key: bytes(each), delta: "1", once });
    assert.equal((await kv.call("get", { key: bytes("slot 2") })).value.toString(), "1");
  });

  test("what is remembered is no key: for nobody who counts, lists, watches or names keys", async () => {
    await redis.flushAll();
    const changes: Message[] = [];
    const watch = kv.stub["watch"]({ prefix: Buffer.alloc(0) }, kv.metadata);
    watch.on("error", () => undefined);
    const begun = new Promise((resolve) => watch.once("data", resolve));
    watch.on("data", (message: Message) => changes.push(...message.changes));
    await begun;
    const writer = await Writer.open(kv);
    const names = Array.from({ length: 40 }, (_, i) => `name ${i}`);
    for (const name of names) {
      const once = writer.once();
      for (let i = 0; i < 2; i++) await kv.call("increment", { key: bytes(name), delta: "1", once });
      const once2 = writer.once();
      await kv.call("put", { key: bytes(name), ifAbsent: true, once: once2 });
    }
    assert.equal(await redis.dbSize(), 40);
    assert.equal((await redis.keys("*")).length, 40);
    const info = await redis.info("keyspace");
    assert.match(info, /keys=40,expires=0/);
    const scanned: string[] = [];
    for await (const keys of redis.scanIterator({ COUNT: 7 })) scanned.push(...[keys].flat());
    assert.deepEqual(scanned.toSorted(), names.toSorted());
    const page = await kv.call("scan", { pageSize: 1_000 });
    assert.deepEqual(page.items.map(({ key }: Message) => key.toString()).toSorted(), names.toSorted());
    for (let i = 0; i < 30; i++) assert.ok(names.includes(String(await redis.randomKey())));
    await kv.call("delete", { key: bytes(names[0]!) });
    for (const end = Date.now() + 10_000; changes.at(-1)?.kind !== "KIND_DELETED"; ) {
      assert.ok(Date.now() < end, `${changes.length} changes`);
      await new Promise((resolve) => watch.once("data", resolve));
    }
    assert.equal(changes.length, 41);
    assert.ok(changes.every(({ key }) => key.toString().startsWith("name ")));
    watch.cancel();
    const slot = keySlot(names[1]!);
    const row = new Uint8Array(SESSION_KEY_BYTES);
    writeSessionKey(row, slot, writer.session, 0);
    const name = Buffer.from(row);
    assert.equal(keySlot(name.toString("latin1")), slot);
    for (const command of [
      ["GET"],
      ["TYPE"],
      ["DEL"],
      ["OBJECT", "ENCODING"],
      ["SET", name, "1"],
      ["MSET", "a", "1", name, "1"],
      ["DUMP"],
      ["RENAME", "a"],
      ["APPEND", name, "1"],
    ]) {
      const line = command.includes(name as unknown as string) ? command : [...command, name];
      await assert.rejects(redis.sendCommand(line as string[]), /reserved|unknown command/, command.join(" "));
    }
    assert.equal(await redis.sendCommand(["SET", "a value", name as unknown as string]), "OK", "values are free");
    assert.equal((await kv.failure("put", { key: name, value: bytes("1") })).detail.field, "key");
  });

  test("while the disk is full, what was executed is answered and everything else refused", async (t) => {
    const writer = await Writer.open(kv);
    const request = { key: bytes("full disk"), delta: "1", once: writer.once() };
    const reply = await kv.call("increment", request);
    const batch = { operations: [{ put: { key: request.key, ifAbsent: true } }], once: writer.once() };
    const held = await kv.call("batch", batch);
    const full = fullDisk();
    t.after(() => full.end());
    const next = { ...request, once: writer.once() };
    for (let i = 0; i < 3; i++) {
      const refused = await kv.failure("increment", next);
      assert.deepEqual(reasonOf(refused).slice(0, 2), [status.UNAVAILABLE, "REASON_DISK"]);
      assert.deepEqual(await kv.call("increment", request), reply);
      assert.deepEqual(await kv.call("batch", batch), held);
    }
    full.end();
    for (const end = Date.now() + 20_000; ; ) {
      try {
        assert.equal((await kv.call("increment", next)).value, "2");
        break;
      } catch (error) {
        const { detail } = failureOf(error as ServiceError);
        assert.ok(Date.now() < end && detail?.reason === "REASON_DISK", String(error));
      }
    }
    assert.equal((await kv.call("increment", next)).value, "2");
  });

  test("after FLUSHALL nothing is remembered", async () => {
    const writer = await Writer.open(kv);
    const request = { key: bytes("flushed"), delta: "1", once: writer.once() };
    await kv.call("increment", { ...request, delta: "5" });
    await redis.flushAll();
    assert.equal((await kv.call("increment", request)).value, "1");
    assert.equal((await kv.call("increment", request)).value, "1");
  });
});

describe("a session at a node that is killed", () => {
  test("a write that is sent again to the next process is answered as it was", { timeout: 60_000 }, async () => {
    const grpcPort = await freePort();
    const server = await startHoldfast({ args: ["--grpc-port", String(grpcPort)] });
    let kv = new KvClient(`127.0.0.1:${grpcPort}`);
    const call = async (method: KvMethod, request: object): Promise<Message> => {
      for (const end = Date.now() + 20_000; ; ) {
        try {
          return await kv.call(method, request);
        } catch (error) {
          const { code } = failureOf(error as ServiceError);
          assert.ok(Date.now() < end && code === status.UNAVAILABLE, String(error));
        }
      }
    };
    const { session } = await call("openSession", {});
    const requests = Array.from({ length: 60 }, (_, i) => ({
      key: bytes(`key ${i % 7}`),
      delta: "1",
      once: { session, number: i + 1 },
    }));
    const replies: Message[] = [];
    for (const request of requests) replies.push(await call("increment", request));
    kv.close();
    await server.kill();
    const again = await server.restart();
    kv = new KvClient(`127.0.0.1:${grpcPort}`);
    for (const [i, request] of requests.entries()) assert.deepEqual(await call("increment", request), replies[i]);
    const refused = await kv.failure("put", { key: bytes("key 0"), once: { session, number: 1 } });
    assert.equal(refused.detail.field, "once.number");
    kv.close();
    await again.kill();
    await again.removeData();
  });
});
