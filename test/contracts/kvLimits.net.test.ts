import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { createClient } from "redis";
import { failureOf, KvCallsClient, type KvClient, type Message } from "../support/kvClient.ts";
import { KvNode } from "../support/kvNode.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

describe("limits of streams", () => {
  let rig: KvNode;
  let kv: KvClient;
  let redis: KvNode["redis"];

  before(async () => {
    rig = await KvNode.start();
    ({ kv, redis } = rig);
  });

  after(() => rig.stop());

  const setting = (name: string, value: string) => redis.sendCommand(["CONFIG", "SET", name, value]);
  const fact = async (section: string, name: string): Promise<number> =>
    Number(new RegExp(`^${name}:(\\d+)\r$`, "m").exec(await redis.info(section))?.[1]);
  const untilStreams = async (count: number): Promise<void> => {
    const deadline = Date.now() + 20_000;
    while ((await fact("clients", "grpc_streams")) !== count) assert.ok(Date.now() < deadline, `not ${count} streams`);
  };
  const watch = (): Message => {
    const stream = kv.stub["watch"]({ prefix: bytes("") }, kv.metadata);
    stream.on("error", () => undefined);
    return stream;
  };

  test("maxclients counts connections and streams together, and turns away who is one too many", async () => {
    const [calls, watching] = [new KvCallsClient(kv), watch()];
    assert.equal((await calls.call("put", { key: bytes("k"), value: bytes("v") })).put.applied, true);
    await once(watching, "data");
    assert.equal(await fact("clients", "grpc_streams"), 2);
    assert.equal(await fact("clients", "connected_clients"), 3);
    const rejected = await fact("stats", "rejected_connections");
    await setting("maxclients", "3");
    try {
      for (const refused of [kv.stub["calls"](kv.metadata), watch()]) {
        const [error] = await once(refused, "error");
        const { code, detail, message } = failureOf(error);
        assert.deepEqual([code, detail.reason], [status.RESOURCE_EXHAUSTED, "REASON_TOO_MANY"]);
        assert.match(message, /has 3 clients, connections and streams together, as many as maxclients allows/);
      }
      const late = createClient({ url: rig.node.url, socket: { reconnectStrategy: false } });
      late.on("error", () => undefined);
      await assert.rejects(late.connect());
      assert.equal(await fact("stats", "rejected_connections"), rejected + 3);
      // A call by itself is no client that stays.
      assert.equal((await kv.call("get", { key: bytes("k") })).value.toString(), "v");
      watching.cancel();
      await untilStreams(1);
      const again = new KvCallsClient(kv);
      assert.equal((await again.call("get", { key: bytes("k") })).get.found, true);
      again.stream.end();
      await again.status;
    } finally {
      await setting("maxclients", "10000");
    }
    calls.stream.end();
    await calls.status;
    await untilStreams(0);
  });

  for (const kind of ["calls", "watch"] as const) {
    test(`client-output-buffer-limit ends a stream of ${kind} whose client does not read`, async () => {
      const value = Buffer.alloc(512 << 10, 1);
      await redis.set("large", value);
      await setting("client-output-buffer-limit", "normal 1mb 0 0");
      try {
        const stream = kind === "watch" ? watch() : kv.stub["calls"](kv.metadata);
        const failed = new Promise<Message>((resolve) => stream.on("error", resolve));
        if (kind === "calls") stream.write({ calls: [{ id: 1, get: { key: bytes("nobody") } }] });
        await once(stream, "data");
        stream.pause();
        const get = { key: bytes("large") };
        if (kind === "calls") stream.write({ calls: Array.from({ length: 32 }, (_, i) => ({ id: i + 2, get })) });
        else for (let i = 0; i < 32; i++) await redis.set("other", value);
        await untilStreams(0);
        stream.resume();
        assert.equal((await failed).code, status.RESOURCE_EXHAUSTED);
      } finally {
        await setting("client-output-buffer-limit", "normal 268435456 0 0");
      }
    });
  }
});
