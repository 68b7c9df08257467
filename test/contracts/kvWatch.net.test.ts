import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ClientReadableStream, type ServiceError, status } from "@grpc/grpc-js";
import { start } from "../../src/main/server.ts";
import { freePort } from "../support/freePort.ts";
import { failureOf, KvClient, type KvFailure, type Message } from "../support/kvClient.ts";
import { KvNode } from "../support/kvNode.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const UNTIL_MILLIS = 10_000;

/** A watch with all that it was told. */
class Watching {
  readonly changes: Message[] = [];
  position = Buffer.alloc(0);
  failure: KvFailure | undefined;
  readonly #call: ClientReadableStream<Message>;
  #wake: () => void = () => undefined;

  constructor(kv: KvClient, request: object) {
    this.#call = kv.stub["watch"](request, kv.metadata);
    this.#call.on("data", (message: Message) => {
      this.changes.push(...message.changes);
      this.position = message.position;
      this.#wake();
    });
    this.#call.on("error", (error: ServiceError) => {
      this.failure = failureOf(error);
      this.#wake();
    });
  }

  async until(isEnough: () => boolean): Promise<void> {
    const deadline = Date.now() + UNTIL_MILLIS;
    while (!isEnough()) {
      assert.ok(Date.now() < deadline, `it has ${this.changes.length} changes, ${JSON.stringify(this.failure)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 100);
      });
    }
  }

  async begun(): Promise<this> {
    await this.until(() => this.position.length > 0);
    return this;
  }

  cancel(): void {
    this.#call.cancel();
  }

  get texts(): string[] {
    return this.changes.map(({ kind, key, value }) => `${kind.slice(5)} ${key} ${value}`.trim());
  }
}

describe("Watch", () => {
  let rig: KvNode;
  let kv: KvClient;
  let redis: KvNode["redis"];

  before(async () => {
    rig = await KvNode.start();
    ({ kv, redis } = rig);
  });

  after(() => rig.stop());

  test("one key: every change in order, whoever makes it, with what it held before", async () => {
    await redis.set("k", "0");
    const watching = await new Watching(kv, { key: bytes("k"), previous: true }).begun();
    await kv.call("put", { key: bytes("k"), value: bytes("1") });
    await redis.append("k", "2");
    await redis.set("other", "x");
    await redis.del("k");
    await redis.rPush("k", "element");
    await watching.until(() => watching.changes.length === 4);
    const [put, append, deleted, list] = watching.changes;
    assert.deepEqual(
      watching.changes.map(({ kind, type }) => [kind, type]),
      [
        ["KIND_SET", "VALUE_TYPE_VALUE"],
        ["KIND_SET", append.valueUnknown ? "VALUE_TYPE_NONE" : "VALUE_TYPE_VALUE"],
        ["KIND_DELETED", "VALUE_TYPE_NONE"],
        ["KIND_SET", "VALUE_TYPE_LIST"],
      ],
    );
    assert.deepEqual([put.previous.toString(), put.value.toString()], ["0", "1"]);
    assert.equal(append.previous.toString(), "1");
    if (!append.valueUnknown) assert.equal(append.value.toString(), "12");
    assert.equal(deleted.previousUnknown, append.valueUnknown);
    assert.equal(list.previous, undefined);
    watching.cancel();
  });

  test("a prefix, times to live, and FLUSHALL", async () => {
    const watching = await new Watching(kv, { prefix: bytes("p:") }).begun();
    await redis.set("p:1", "a");
    await redis.set("q:1", "b");
    await kv.call("put", { key: bytes("p:2"), value: bytes("c"), ttlMillis: 100 });
    await watching.until(() => watching.changes.some(({ kind }) => kind === "KIND_DELETED"));
    await redis.flushAll();
    await watching.until(() => watching.changes.length === 4);
    assert.deepEqual(watching.texts, ["SET p:1 a", "SET p:2 c", "DELETED p:2", "CLEARED"]);
    assert.ok(Math.abs(Number(watching.changes[1].expiresAtMillis) - Date.now()) < 60_000);
    watching.cancel();
  });

  test("without values", async () => {
    const watching = await new Watching(kv, { prefix: bytes(""), noValues: true }).begun();
    await redis.set("silent", "value");
    await watching.until(() => watching.changes.length === 1);
    assert.equal(watching.changes[0].value.length, 0);
    watching.cancel();
  });

  test("resumed again and again, it tells everything once", async () => {
    const { position } = await new Watching(kv, { prefix: bytes("resume:") }).begun();
    const count = 3_000;
    const writing = (async () => {
      for (let i = 0; i < count; i++)
        await Promise.all([redis.set("resume:k", String(i)), redis.set("noise", String(i))]);
    })();
    const told: string[] = [];
    let from = position;
    let resumed = 0;
    while (told.length < count) {
      const watching = await new Watching(kv, { prefix: bytes("resume:"), from }).begun();
      await Promise.race([
        watching.until(() => watching.changes.length > 200),
        new Promise((resolve) => setTimeout(resolve, 100)),
      ]);
      watching.cancel();
      told.push(...watching.changes.map(({ value }) => `${value}`));
      from = watching.position;
      resumed++;
    }
    await writing;
    assert.ok(resumed > 3);
    assert.deepEqual(
      told,
      Array.from({ length: count }, (_, i) => String(i)),
    );
  });

  test("a change is told when it is committed, not when somebody looks", async () => {
    const watching = await new Watching(kv, { prefix: bytes("soon:") }).begun();
    const started = performance.now();
    for (let i = 1; i <= 20; i++) {
      await redis.set("soon:k", String(i));
      await watching.until(() => watching.changes.length === i);
    }
    // The news of a silent watch would bring them, too, three seconds later each.
    assert.ok(performance.now() - started < 30_000);
    watching.cancel();
  });

  test("bad requests, and positions that are none of this node's", async () => {
    const { position } = await new Watching(kv, { key: bytes("k") }).begun();
    const future = Buffer.from(position);
    future[2] = 200;
    const foreign = Buffer.concat([position, bytes("x")]);
    const cases: readonly (readonly [object, status, string])[] = [
      [{}, status.INVALID_ARGUMENT, "what"],
      [{ key: bytes("") }, status.INVALID_ARGUMENT, "key"],
      [{ prefix: Buffer.alloc(70_000) }, status.INVALID_ARGUMENT, "prefix"],
      [{ key: bytes("k"), from: bytes("?") }, status.INVALID_ARGUMENT, "from"],
      [{ key: bytes("k"), from: future }, status.OUT_OF_RANGE, "from"],
      [{ key: bytes("k"), from: foreign }, status.OUT_OF_RANGE, "from"],
    ];
    for (const [request, code, field] of cases) {
      const watching = new Watching(kv, request);
      await watching.until(() => watching.failure !== undefined);
      assert.deepEqual(
        [watching.failure?.code, watching.failure?.detail?.field],
        [code, field],
        watching.failure?.message,
      );
    }
  });

  test("the node's end ends the watch", async () => {
    const otherPort = await freePort();
    const other = await start({ grpcPort: otherPort });
    const client = new KvClient(`127.0.0.1:${otherPort}`);
    const watching = await new Watching(client, { prefix: bytes("") }).begun();
    await other.stop();
    await watching.until(() => watching.failure !== undefined);
    assert.equal(watching.failure?.code, status.UNAVAILABLE);
    client.close();
  });
});
