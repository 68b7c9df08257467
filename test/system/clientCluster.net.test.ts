import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { RateLimiter } from "../../examples/rateLimiter.ts";
import { sumOrders } from "../../examples/resumingJob.ts";
import { SessionStore } from "../../examples/sessionStore.ts";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { HoldfastError } from "../../src/client/errors.ts";
import { start } from "../../src/main/server.ts";
import { freePort } from "../support/freePort.ts";
import { LocalCluster } from "../support/localCluster.ts";

let cluster: LocalCluster;
let addresses: string[];
let client: HoldfastClient<string>;

before(async () => {
  cluster = await LocalCluster.open({ g1: [[0, 8191]], g2: [[8192, 16_383]] });
  addresses = [];
  for (const [group, id] of [
    ["g1", "a"],
    ["g2", "b"],
    ["g1", "c"],
    ["g2", "d"],
  ] as const) {
    const rpcPort = await freePort();
    await cluster.add(group, id, { "rpc-port": rpcPort });
    addresses.push(`127.0.0.1:${rpcPort}`);
  }
  await cluster.ready();
  client = await connect({ addresses });
});

after(async () => {
  await client.close();
  await cluster.dispose();
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; !(await isSo()); await sleep(20)) assert.ok(performance.now() < end);
}

test("real nodes answer as the contract says", async () => {
  const put = await client.put("ä", "1", { timeToLiveMillis: 60_000 });
  const entry = await client.getWithVersion("ä");
  assert.deepEqual([entry?.value, entry?.version], ["1", put.version]);
  assert.ok(entry!.timeToLiveMillis! > 50_000);
  assert.equal((await client.put("ä", "2", { ifVersion: put.version! })).isApplied, true);
  assert.equal((await client.put("ä", "3", { ifVersion: put.version! })).isApplied, false);
  assert.equal((await client.compareAndSet("ä", "2", "5")).isApplied, true);
  assert.equal((await client.compareAndSet("ä", "2", "6")).previous, "5");
  assert.equal(await client.increment("ä", -7), -2);
  assert.equal(await client.increment("big", 2n ** 62n), 2n ** 62n);
  await assert.rejects(client.increment("big", 2n ** 62n), { code: "overflow" });
  const batch = await client.batch([
    { kind: "put", key: "{t}1", value: "x" },
    { kind: "get", key: "{t}1" },
    { kind: "put", key: "{t}1", value: "y", ifAbsent: true },
  ]);
  assert.equal(batch.isApplied, false);
  assert.equal(await client.get("{t}1"), undefined);
  assert.equal((await client.delete("ä", { previous: true })).previous, "-2");
});

test("a scan of real nodes finds each key once", async () => {
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.put(`scan:${i}`, `${i}`)));
  const found: string[] = [];
  for await (const { key, value } of client.scan({ prefix: "scan:", pageSize: 50 })) {
    assert.equal(key, `scan:${value}`);
    found.push(key);
  }
  assert.deepEqual([found.length, new Set(found).size], [500, 500]);
});

test("a cache is told of changes by real nodes", async () => {
  const cached = await connect({ addresses, cache: { bytesMax: 1_000_000, prefixes: ["c:"] } });
  await until(() => cached.metrics().cache!.feeds === 2);
  for (let i = 0; i < 50; i++) {
    await client.put(`c:${i % 5}`, `${i}`);
    await until(async () => (await cached.get(`c:${i % 5}`)) === `${i}`);
  }
  await until(async () => (await cached.getWithVersion("c:1"))?.isCached === true);
  await cached.close();
});

test("eventual reads go to all replicas alike", async () => {
  await client.put("even", "v");
  // The machine has other things to do, and then one of them is really slower: one quiet round is enough.
  let parts: number[] = [];
  const isEven = (): boolean => parts.length === 2 && Math.abs(parts[0]! - parts[1]!) <= 30;
  for (let round = 0; round < 10 && !isEven(); round++) {
    const { nodes: earlier } = client.metrics();
    for (let i = 0; i < 300; i++) await client.get("even", { consistency: "eventual" });
    parts = client
      .metrics()
      .nodes.map(({ address, reads }) => reads - (earlier.find((node) => node.address === address)?.reads ?? 0))
      .filter((count) => count > 0);
  }
  assert.ok(isEven(), `${parts}`);
});

test("the rate limiter counts for all", async () => {
  const limiter = new RateLimiter(client, 5, 60_000);
  const answers = await Promise.all(Array.from({ length: 8 }, () => limiter.allows("anna")));
  assert.equal(answers.filter((allowed) => allowed).length, 5);
  assert.equal(await limiter.allows("otto"), true);
});

test("the session store reads from memory, and forgets everywhere", async () => {
  const [here, there] = await Promise.all(
    Array.from({ length: 2 }, () => connect({ addresses, cache: { bytesMax: 1_000_000, prefixes: ["session:"] } })),
  );
  await until(() => here!.metrics().cache!.feeds === 2 && there!.metrics().cache!.feeds === 2);
  const [one, other] = [new SessionStore(here!), new SessionStore(there!)];
  const id = await one.begin("anna");
  assert.deepEqual(await other.find(id), { user: "anna", cart: [] });
  const add = (what: string) => one.change(id, (session) => ({ ...session, cart: [...session.cart, what] }));
  await Promise.all([add("tea"), add("milk")]);
  await until(async () => (await other.find(id))?.cart.length === 2);
  await one.end(id);
  await until(async () => (await other.find(id)) === undefined);
  assert.equal(await one.change(id, (session) => session), undefined);
  await here!.close();
  await there!.close();
});

test("the job goes on where it was, and a primary that goes loses nothing", async () => {
  const sum = async (): Promise<number> => Number(await client.get("{totals}:sum"));
  let stop = new AbortController();
  let job = sumOrders(client, stop.signal);
  await until(async () => (await client.get("{totals}:position")) !== undefined);
  for (let i = 0; i < 20; i++) await client.put(`order:${i}`, "2");
  await until(async () => (await sum()) === 40);
  stop.abort();
  await job;
  for (let i = 20; i < 30; i++) await client.put(`order:${i}`, "2");
  stop = new AbortController();
  job = sumOrders(client, stop.signal);
  await until(async () => (await sum()) === 60);
  await cluster.worker("a").server.stop();
  cluster.workers.splice(0, 1);
  let isInDoubt = 0;
  for (let i = 30; i < 40; i++) {
    try {
      await client.put(`order:${i}`, "2", { timeoutMillis: 15_000 });
    } catch (error) {
      assert.ok(error instanceof HoldfastError && error.code === "unknown", String(error));
      isInDoubt++;
      // It may be there or not; to put it again is harmless here.
      await client.put(`order:${i}`, "2", { timeoutMillis: 15_000 });
    }
  }
  await until(async () => (await sum()) === 80);
  assert.ok(isInDoubt <= 1);
  stop.abort();
  await job;
});

test("a node that is alone serves the client, too", async () => {
  const node = await start({ grpcPort: 0 });
  assert.equal(node.grpcAddress, `127.0.0.1:${node.grpcPort}`);
  const one = await connect({ addresses: node.grpcAddress!, cache: { bytesMax: 100_000 } });
  await until(() => one.metrics().cache!.feeds === 1);
  await one.put("k", "v");
  assert.equal(await one.get("k"), "v");
  assert.equal((await one.getWithVersion("k"))?.isCached, true);
  await one.close();
  await node.stop();
});
