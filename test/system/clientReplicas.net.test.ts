import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { FakeKvCluster } from "../support/fakeKvCluster.ts";

const clusters: FakeKvCluster[] = [];
const clients: HoldfastClient<string>[] = [];

/** One group of three, and a client of it. */
async function trio(options: Partial<ConnectOptions> = {}): Promise<[FakeKvCluster, HoldfastClient<string>]> {
  const of = await FakeKvCluster.start(1, 3);
  clusters.push(of);
  const client = (await connect({ addresses: of.addresses, ...options })) as HoldfastClient<string>;
  clients.push(client);
  await client.put("k", "v");
  return [of, client];
}

async function read(client: HoldfastClient<string>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.all(Array.from({ length: 4 }, () => client.get("k")));
}

/** How many calls each node has got meanwhile. */
async function callsDuring(of: FakeKvCluster, run: () => Promise<void>): Promise<readonly number[]> {
  const before = of.nodes.map(({ calls }) => calls);
  await run();
  return of.nodes.map(({ calls }, index) => calls - before[index]!);
}

afterEach(async () => {
  for (const each of clients.splice(0)) await each.close();
  for (const each of clusters.splice(0)) each.stop();
});

test("linearizable reads go to all replicas in sync, within a tenth of even", async () => {
  const [of, client] = await trio();
  await read(client, 50);
  const parts = await callsDuring(of, () => read(client, 300));
  assert.ok(Math.max(...parts) <= 440 && Math.min(...parts) >= 360, `${parts}`);
  assert.equal(client.metrics().retries, 0);
});

test("they leave a replica that has become slow within two seconds, and come back when it is fast again", async () => {
  const [of, client] = await trio();
  await read(client, 50);
  of.nodes[2]!.delayMillis = 40;
  for (const end = performance.now() + 2000; performance.now() < end; ) await read(client, 1);
  const [one = 0, other = 0, slow = 0] = await callsDuring(of, () => read(client, 300));
  assert.ok(slow < (one + other) / 20, `${one}, ${other}, ${slow}`);
  of.nodes[2]!.delayMillis = 0;
  let parts: readonly number[] = [];
  const isEven = (): boolean => parts.length > 0 && Math.min(...parts) >= 90;
  for (const end = performance.now() + 10_000; !isEven(); ) {
    assert.ok(performance.now() < end, `${parts}`);
    parts = await callsDuring(of, () => read(client, 75));
  }
});

test("one that stands still costs a few reads their patience, and no read its answer", async () => {
  const [of, client] = await trio();
  await read(client, 50);
  of.nodes[1]!.isMute = true;
  const parts = await callsDuring(of, () => read(client, 2000));
  assert.ok(parts[1]! < 40, `${parts}`);
});

test("one that is not in sync sends to the primary, and is left alone for a while", async () => {
  const [of, client] = await trio();
  for (const node of of.nodes.slice(1)) node.isBehind = true;
  const start = performance.now();
  const parts = await callsDuring(of, () => read(client, 100));
  const rounds = Math.ceil((performance.now() - start) / 500);
  // All calls of one message are refused before the first of them is known to be.
  assert.ok(parts[0]! === 400 && parts[1]! + parts[2]! <= rounds * 8, `${parts}`);
  const { retries, errors } = client.metrics();
  assert.equal(retries, parts[1]! + parts[2]!);
  assert.deepEqual(errors, {});
  of.nodes[1]!.isBehind = false;
  for (const end = performance.now() + 10_000; (await callsDuring(of, () => read(client, 20)))[1]! < 20; )
    assert.ok(performance.now() < end);
});

test("a replica that is not in sync does not say who is primary", async () => {
  const [of, client] = await trio();
  const [first, second, third] = of.nodes as [(typeof of.nodes)[0], (typeof of.nodes)[0], (typeof of.nodes)[0]];
  const detail = { reason: "REASON_NOT_PRIMARY", address: third.address };
  second.intercept = () => ({ error: { code: 9, message: "not the primary", detail } });
  third.intercept = second.intercept;
  await read(client, 20);
  const parts = await callsDuring(of, async () => {
    await client.put("k", "w");
  });
  assert.deepEqual(parts, [1, 0, 0], first.address);
});

test("who wants it reads at the primary only; and what fills a cache is read there", async () => {
  const [of, client] = await trio({ readFrom: "primary" });
  assert.deepEqual(await callsDuring(of, () => read(client, 30)), [120, 0, 0]);
  const cached = (await connect({ addresses: of.addresses, cache: { bytesMax: 100_000 } })) as HoldfastClient<string>;
  clients.push(cached);
  const live = new Promise<void>((resolve) => cached.on("cache", ({ isLive }) => isLive && resolve()));
  if (cached.metrics().cache!.feeds === 0) await live;
  const parts = await callsDuring(of, async () => {
    for (let i = 0; i < 30; i++) await cached.get(`other${i}`);
    for (let i = 0; i < 30; i++) assert.equal((await cached.getWithVersion("k"))?.value, "v");
  });
  assert.deepEqual(parts, [31, 0, 0]);
  await assert.rejects(connect({ addresses: of.addresses, readFrom: "nobody" as "primary" }), { code: "invalid" });
});
