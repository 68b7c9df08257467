import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { HoldfastError } from "../../src/client/errors.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { start } from "../../src/main/server.ts";
import { FakeKvCluster } from "../support/fakeKvCluster.ts";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function cluster(): Promise<FakeKvCluster> {
  const made = await FakeKvCluster.start();
  ends.push(() => made.stop());
  return made;
}

async function client(
  addresses: readonly string[],
  options: Partial<ConnectOptions> = {},
): Promise<HoldfastClient<string>> {
  const made = (await connect({ addresses, ...options })) as HoldfastClient<string>;
  ends.push(() => made.close());
  return made;
}

const carrierOf = (one: HoldfastClient<string>): string | undefined => one.metrics().nodes[0]?.carrier;

test("calls go over the Redis port of a node, or over gRPC where the program wants that", async () => {
  const of = await cluster();
  const redis = of.nodes[0]!.redis;
  const one = await client(of.addresses);
  await one.put("k", "v");
  assert.equal(await one.get("k"), "v");
  assert.deepEqual([carrierOf(one), redis.opened, redis.before], ["redis", 1, ""]);
  const other = await client(of.addresses, { callsOver: "grpc" });
  assert.equal(await other.get("k"), "v");
  assert.deepEqual([carrierOf(other), redis.opened], ["grpc", 1]);
  await assert.rejects(client(of.addresses, { callsOver: "smoke" as "grpc" }), /callsOver: is redis or grpc/);
});

test("a password is given first, as Redis clients do", async () => {
  const of = await cluster();
  const one = await client(of.addresses, { password: "secret" });
  await one.put("k", "v");
  const { before } = of.nodes[0]!.redis;
  assert.deepEqual([before, carrierOf(one)], ["*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n", "redis"]);
});

for (const [what, prepare] of [
  ["does not know CALLS", (of: FakeKvCluster) => (of.nodes[0]!.redis.greeting = "-ERR unknown command 'CALLS'\r\n")],
  ["says nothing", (of: FakeKvCluster) => (of.nodes[0]!.redis.greeting = "")],
  ["cannot be reached", (of: FakeKvCluster) => of.nodes[0]!.redis.close()],
] as const) {
  test(`where the Redis port ${what}, the same calls go over gRPC, and happen once`, async () => {
    const of = await cluster();
    prepare(of);
    const one = await client(of.addresses, { exactlyOnce: false });
    assert.deepEqual(await Promise.all([one.increment("n"), one.increment("n"), one.increment("n")]), [1, 2, 3]);
    assert.deepEqual([carrierOf(one), of.nodes[0]!.calls, one.metrics().retries], ["grpc", 3, 0]);
  });
}

test("a connection that breaks leaves writes in doubt, and the next calls take a new one", async () => {
  const of = await cluster();
  const { redis } = of.nodes[0]!;
  const one = await client(of.addresses, { exactlyOnce: false });
  await one.put("k", "v");
  of.nodes[0]!.isMute = true;
  const lost = one.put("k", "w");
  const read = one.get("k");
  while (of.nodes[0]!.calls < 3) await new Promise(setImmediate);
  of.nodes[0]!.isMute = false;
  redis.breakAll();
  await assert.rejects(lost, (error) => error instanceof HoldfastError && error.code === "unknown");
  assert.equal(await read, "v");
  assert.deepEqual([carrierOf(one), redis.opened], ["redis", 2]);
});

test("a stream that fails says why", async () => {
  const of = await cluster();
  const one = await client(of.addresses);
  await one.put("k", "v");
  of.nodes[0]!.breakNext = "undone";
  const reasons: string[] = [];
  one.on("retry", ({ message }) => reasons.push(message));
  assert.equal(await one.get("k"), "v");
  assert.deepEqual(reasons, ["broken by the test"]);
});

test("a connection that is silent is asked for a sign of life, and given up when there is none", async () => {
  const of = await cluster();
  const [node] = of.nodes;
  const one = await client(of.addresses, { readFrom: "primary" });
  await one.put("k", "v");
  // Answers are lost, signs of life are not: it is the same connection to the end.
  node!.isMute = true;
  await assert.rejects(one.put("slow", "v", { timeoutMillis: 4500 }));
  assert.deepEqual([node!.redis.opened, node!.redis.pings > 0], [1, true]);
  node!.redis.isMute = true;
  const read = one.get("k", { timeoutMillis: 20_000 });
  while (node!.redis.opened < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  node!.isMute = false;
  node!.redis.isMute = false;
  assert.equal(await read, "v");
});

test("a real node's Redis port carries calls, its password included", async () => {
  const node = await start({ grpcPort: 0, requirepass: "secret" });
  ends.push(() => node.stop());
  const one = await client([node.grpcAddress!], { password: "secret" });
  assert.equal(await one.increment("n"), 1);
  assert.equal(carrierOf(one), "redis");
  const other = await client([node.grpcAddress!], { password: "wrong" });
  await assert.rejects(other.get("n"), (error) => error instanceof HoldfastError && error.code === "unauthenticated");
});

test("calls of one turn are one message, but two after a message that has answered all there were", async () => {
  const of = await cluster();
  const [node] = of.nodes;
  const one = await client(of.addresses);
  await one.put("k", "v");
  const begin = node!.messages;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 2; i++) await one.get("k");
    }),
  );
  // All 8; then 4 as soon as they are asked, and the other 4.
  assert.equal(node!.messages - begin, 3);
});
