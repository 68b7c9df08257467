import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import type { CacheOptions } from "../../src/client/options.ts";
import { FakeKvCluster } from "../support/fakeKvCluster.ts";

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function cluster(groups = 1, replicas = 1): Promise<FakeKvCluster> {
  const made = await FakeKvCluster.start(groups, replicas);
  endings.push(() => made.stop());
  return made;
}

async function cached(of: FakeKvCluster, cache: Partial<CacheOptions> = {}): Promise<HoldfastClient<string>> {
  const made = await connect({ addresses: of.addresses, cache: { bytesMax: 1_000_000, ...cache }, timeoutMillis: 500 });
  endings.push(() => made.close());
  await until(() => made.metrics().cache!.feeds === of.groups.length * (cache.prefixes?.length ?? 1));
  return made;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 5000; !(await isSo()); await sleep(5)) assert.ok(performance.now() < end);
}

test("what was read is answered from memory until somebody changes it", async () => {
  const of = await cluster(2);
  const [one, other] = [await cached(of), await connect({ addresses: of.addresses })];
  endings.push(() => other.close());
  await other.put("ä", "1");
  assert.equal(await one.get("ä"), "1");
  const calls = one.metrics().calls;
  const entry = await one.getWithVersion("ä");
  assert.deepEqual([entry?.value, entry?.isCached, entry?.isStale], ["1", true, false]);
  assert.equal(await one.get(Buffer.from("ä")), "1");
  assert.equal(one.metrics().calls, calls);
  await other.put("ä", "2");
  await until(async () => (await one.get("ä")) === "2");
  assert.equal(await one.get("none"), undefined);
  assert.equal(await one.get("none"), undefined);
  await other.put("none", "now");
  await until(async () => (await one.get("none")) === "now");
  assert.equal(await one.get("ä", { consistency: "linearizable" }), "2");
});

test("a client reads what it has written itself", async () => {
  const one = await cached(await cluster());
  for (let i = 0; i < 200; i++) {
    await one.put("k", `${i}`);
    assert.equal(await one.get("k"), `${i}`);
    assert.equal(await one.get("k"), `${i}`);
  }
  assert.ok(one.metrics().cache!.hits >= 100);
});

test("an answer that a change overtakes is not kept", async () => {
  const of = await cluster();
  const one = await cached(of);
  const node = of.nodes[0]!;
  const group = of.groups[0]!;
  group.set("k", Buffer.from("old"));
  await sleep(20);
  node.intercept = (call) => {
    if (call.request !== "get") return undefined;
    node.intercept = undefined;
    const held = group.values.get("k")!;
    const answer = { get: { found: true, ...held, position: group.position() } };
    group.set("k", Buffer.from("new"));
    return answer;
  };
  node.delayMillis = 30;
  assert.equal(await one.get("k"), "old");
  node.delayMillis = 0;
  assert.equal(await one.get("k"), "new");
});

test("memory has its bound, and only what has a prefix is kept", async () => {
  const one = await cached(await cluster(), { bytesMax: 10_000, prefixes: ["a:", "b:"] });
  for (let i = 0; i < 200; i++) await one.get(`a:${i}`);
  const { bytes, evictions, entries } = one.metrics().cache!;
  assert.ok(bytes <= 10_000 && evictions > 100 && entries > 20, JSON.stringify(one.metrics().cache));
  await one.get("c:1");
  const { calls } = one.metrics();
  await one.get("c:1");
  assert.equal(one.metrics().calls, calls + 1);
});

test("when nobody answers, what is known is answered and marked, if that is allowed", async () => {
  const of = await cluster();
  const [one, strict] = [await cached(of, { staleIfUnreachable: true }), await cached(of)];
  await one.put("k", "v");
  assert.equal(await one.get("k"), "v");
  assert.equal(await strict.get("k"), "v");
  of.stop();
  await until(() => one.metrics().cache!.feeds === 0 && strict.metrics().cache!.feeds === 0);
  await assert.rejects(strict.get("k"), { code: "unavailable" });
  const entry = await one.getWithVersion("k");
  assert.deepEqual([entry?.value, entry?.isCached, entry?.isStale], ["v", true, true]);
  await sleep(1100);
  const begin = performance.now();
  assert.equal(await one.get("k"), "v");
  assert.ok(performance.now() - begin < 100);
  await assert.rejects(one.get("unknown"), { code: "unavailable" });
  assert.equal(one.metrics().cache!.stale, 2);
});

test("after a break the cache goes on with what it has, and is told what it has missed", async () => {
  const of = await cluster(1, 2);
  const one = await cached(of);
  const group = of.groups[0]!;
  group.set("a", Buffer.from("1"));
  group.set("b", Buffer.from("1"));
  await sleep(20);
  assert.deepEqual([await one.get("a"), await one.get("b")], ["1", "1"]);
  const old = group.nodes[0]!;
  of.failOver(group);
  old.stop();
  group.set("a", Buffer.from("2"));
  await until(async () => (await one.get("a")) === "2");
  await until(() => one.metrics().cache!.feeds === 1);
  const { calls } = one.metrics();
  assert.equal(await one.get("b"), "1");
  assert.equal(one.metrics().calls, calls);
});

test("a key that moves to another group is never answered from before its changes there", async () => {
  const of = await cluster(2);
  const one = await cached(of);
  await one.put("k", "1");
  assert.equal(await one.get("k"), "1");
  const source = of.groupOf("k");
  const target = of.groups.find((group) => group !== source)!;
  of.moveAll(source, target, true);
  for (const { call } of source.watches)
    call.write({
      changes: [],
      position: source.position(),
      slotsLost: Array.from({ length: 16_384 }, (_, slot) => slot),
    });
  await sleep(50);
  target.set("k", Buffer.from("2"));
  assert.equal(await one.get("k"), "2");
});

test("a million and more reads a second come from memory", async () => {
  const one = await cached(await cluster());
  for (let i = 0; i < 100; i++) await one.get(`key:${i}`);
  const keys = Array.from({ length: 100 }, (_, i) => `key:${i}`);
  let best = 0;
  // The machine has other things to do, too: the best of several rounds counts, and half of the claim is enough here.
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    for (let i = 0; i < 2000; i++) for (const key of keys) void one.get(key);
    await one.get("key:1");
    best = Math.max(best, 200_000 / (performance.now() - begin));
  }
  assert.ok(best > 500, `${best.toFixed(0)} reads a millisecond`);
});
