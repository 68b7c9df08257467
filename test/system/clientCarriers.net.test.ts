import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { HoldfastError } from "../../src/client/errors.ts";
import { type ConnectOptions, settingsOf } from "../../src/client/options.ts";
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
  await one.close();
  await redis.until(() => redis.connections === 0);
  await assert.rejects(client(of.addresses, { callsOver: "smoke" as "grpc" }), /callsOver: is redis or grpc/);
});

for (const [password, bytes] of [
  ["secret", 6],
  ["sécret", 7],
] as const) {
  test(`a password is given first, as Redis clients do: ${password}`, async () => {
    const of = await cluster();
    const one = await client(of.addresses, { password });
    await one.put("k", "v");
    const before = Buffer.from(of.nodes[0]!.redis.before, "latin1").toString();
    assert.deepEqual([before, carrierOf(one)], [`*2\r\n$4\r\nAUTH\r\n$${bytes}\r\n${password}\r\n`, "redis"]);
  });
}

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
  await redis.until(() => of.nodes[0]!.calls === 3);
  of.nodes[0]!.isMute = false;
  redis.breakAll();
  await assert.rejects(lost, (error) => error instanceof HoldfastError && error.code === "unknown");
  assert.equal(carrierOf(one), undefined);
  assert.equal(await read, "v");
  assert.equal(one.metrics().nodes[0]!.inFlight, 0);
  assert.deepEqual([carrierOf(one), redis.opened], ["redis", 2]);
});

test("a Redis port that carries no calls is not asked again soon, unless its node may be another now", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  node.redis.greeting = "-ERR unknown command 'CALLS'\r\n";
  const one = await client(of.addresses);
  await one.put("k", "v");
  const breaks: ("undone" | undefined)[] = ["undone", undefined, "undone", "undone", undefined];
  const breakNext = (): void => {
    node.breakNext = breaks.shift();
  };
  one.on("retry", breakNext);
  breakNext();
  assert.equal(await one.get("k"), "v");
  assert.deepEqual([carrierOf(one), node.redis.asked], ["grpc", 1]);
  node.redis.greeting = "+OK\r\n";
  // The second stream ends before anything has come over it.
  breakNext();
  assert.equal(await one.get("k"), "v");
  assert.deepEqual([breaks.length, carrierOf(one), node.redis.asked], [0, "redis", 2]);
});

test("an agreement that comes in pieces is one, and what follows it is taken", async () => {
  const of = await cluster();
  const { redis } = of.nodes[0]!;
  redis.greeting = ["+", "OK\r", "\n\0\0", "\0\0\0"];
  const one = await client(of.addresses, { exactlyOnce: false });
  await one.put("k", "v");
  assert.equal(await one.get("k"), "v");
  assert.deepEqual([carrierOf(one), redis.asked, one.metrics().retries], ["redis", 1, 0]);
});

for (const [what, bytes, isAskedAgain] of [
  ["no frame", Buffer.from("HTTP/1.1 400 Bad Request\r\n"), true],
  ["no message", Buffer.from([0, 0, 0, 0, 3, 0x0a, 0x7f, 1]), false],
] as const) {
  test(`who says what is ${what} loses the connection, and is asked over a new one`, async () => {
    const of = await cluster();
    const node = of.nodes[0]!;
    const { redis, calls } = node;
    const one = await client(of.addresses);
    node.isMute = true;
    const write = one.put("k", "v");
    await redis.until(() => node.calls > calls);
    node.isMute = false;
    redis.say(bytes);
    if (isAskedAgain) await write;
    else await assert.rejects(write, (error) => error instanceof HoldfastError && error.code === "unknown");
    await one.put("k", "w");
    await redis.until(() => redis.connections === 1);
    assert.deepEqual([await one.get("k"), carrierOf(one), redis.opened], ["w", "redis", 2]);
  });
}

test("an answer that nobody wants any more changes nothing, and the node is told that", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  const one = await client(of.addresses);
  await one.put("k", "v");
  const { messages, calls } = node;
  const abort = new AbortController();
  node.intercept = () => {
    abort.abort();
    return undefined;
  };
  await assert.rejects(one.get("k", { signal: abort.signal }));
  await node.redis.until(() => node.messages === messages + 2);
  assert.equal(node.calls, calls + 1);
  node.intercept = undefined;
  assert.equal(await one.get("k"), "v");
  assert.deepEqual([node.redis.opened, one.metrics().retries], [1, 0]);
});

test("with certificates, calls do not go where there are none", () => {
  const settings = settingsOf({ addresses: "127.0.0.1:1", tls: { ca: "" }, callsOver: "redis" });
  assert.equal(settings.callsOver, "grpc");
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
  const node = of.nodes[0]!;
  const { redis } = node;
  const one = await client(of.addresses);
  await one.put("k", "v");
  node.isMute = true;
  let isOver = false;
  const write = one.put("k", "w", { timeoutMillis: 60_000 }).finally(() => {
    isOver = true;
  });
  // Answers are lost, signs of life are not: who has got one asks for another, over the same connection.
  await redis.until(() => redis.pings === 2 || redis.opened > 1);
  assert.deepEqual([redis.pings, redis.opened, isOver], [2, 1, false]);
  node.isMute = false;
  redis.isMute = true;
  await write;
  assert.deepEqual([await one.get("k"), redis.opened], ["w", 2]);
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

/** A node, somebody who asks it, and how many calls have come in each message since. */
async function counted(): Promise<{ of: FakeKvCluster; one: HoldfastClient<string>; sizes: () => readonly number[] }> {
  const of = await cluster();
  const node = of.nodes[0]!;
  const one = await client(of.addresses);
  await one.put("k", "v");
  const [begin, sizes] = [node.messages + 1, [] as number[]];
  node.intercept = () => {
    const at = node.messages - begin;
    sizes[at] = (sizes[at] ?? 0) + 1;
    return undefined;
  };
  return { of, one, sizes: () => sizes };
}

const gets = (one: HoldfastClient<string>, count: number): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => one.get("k")));

test("calls of one turn are one message, but two after a message that has answered all there were", async () => {
  const { one, sizes } = await counted();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 2; i++) await one.get("k");
    }),
  );
  // All 8; then 4 as soon as they are asked, and the other 4.
  assert.deepEqual(sizes(), [8, 4, 4]);
});

test("a few calls are not worth two messages, and half of the next turn's go ahead of it alone", async () => {
  const { one, sizes } = await counted();
  for (const count of [3, 3, 4, 4, 3, 8, 2, 6]) await gets(one, count);
  // Of 4, 2 go ahead; what is left of that is forgotten at the end of a turn, also when it had fewer.
  assert.deepEqual(sizes(), [3, 3, 4, 2, 2, 3, 8, 2, 6]);
});

test("calls are not split while others have no answer yet", async () => {
  const { of, one, sizes } = await counted();
  const node = of.nodes[0]!;
  node.isMute = true;
  const held = Array.from({ length: 5 }, () => one.put("k", "w").catch(() => undefined));
  const { messages } = node;
  await node.redis.until(() => node.messages > messages);
  node.isMute = false;
  for (let i = 0; i < 2; i++) await gets(one, 4);
  // The first message has no size: nobody has looked at what was in it.
  assert.deepEqual(sizes().slice(1), [4, 4]);
  await one.close();
  await Promise.all(held);
});

test("much does not wait for the end of the turn", async () => {
  const { one, sizes } = await counted();
  await Promise.all(["a", "b", "c"].map((key) => one.put(key, "x".repeat(200_000))));
  assert.deepEqual(sizes(), [2, 1]);
});

test("with many calls under way a turn is all of the event loop's, with few only the callback's", async () => {
  const { of, one, sizes } = await counted();
  const node = of.nodes[0]!;
  const twice = (): Promise<unknown> =>
    new Promise((resolve) => {
      const first = one.get("k");
      process.nextTick(() => resolve(Promise.all([first, one.get("k")])));
    });
  await twice();
  assert.deepEqual(sizes(), [1, 1]);
  node.isMute = true;
  const held = Array.from({ length: 16 }, () => one.put("k", "w").catch(() => undefined));
  const { messages } = node;
  await node.redis.until(() => node.messages > messages);
  node.isMute = false;
  await twice();
  assert.deepEqual(sizes().slice(3), [2]);
  await one.close();
  await Promise.all(held);
});
