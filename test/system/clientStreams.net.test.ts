import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import type { Change } from "../../src/client/api.ts";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { FakeKvCluster } from "../support/fakeKvCluster.ts";

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function setUp(groups = 1, replicas = 1): Promise<{ of: FakeKvCluster; one: HoldfastClient<string> }> {
  const of = await FakeKvCluster.start(groups, replicas);
  const one = await connect({ addresses: of.addresses });
  endings.push(
    () => of.stop(),
    () => one.close(),
  );
  return { of, one };
}

async function take(changes: AsyncIterable<Change<string>>, count: number): Promise<Change<string>[]> {
  const taken: Change<string>[] = [];
  for await (const change of changes) {
    taken.push(change);
    if (taken.length === count) break;
  }
  return taken;
}

test("a scan goes through all groups", async () => {
  const { one } = await setUp(3);
  for (let i = 0; i < 30; i++) await one.put(`k${i}`, `${i}`);
  await one.put("other", "x");
  const found = new Map<string, string | undefined>();
  for await (const { key, value } of one.scan({ prefix: "k" })) found.set(key, value);
  assert.deepEqual(
    [...found].sort(),
    Array.from({ length: 30 }, (_, i) => [`k${i}`, `${i}`]).sort(([a], [b]) => (a! < b! ? -1 : 1)),
  );
  const keys: string[] = [];
  for await (const item of one.scan({ values: false })) {
    assert.equal(item.value, undefined);
    keys.push(item.key);
  }
  assert.equal(keys.length, 31);
});

test("a watch tells changes of all groups in each one's order", async () => {
  const { one } = await setUp(3);
  const watch = one.watch({ prefix: "k" });
  await watch.ready();
  for (let i = 0; i < 30; i++) await one.put(`k${i % 3}`, `${i}`);
  await one.put("other", "x");
  await one.delete("k1");
  const changes = await take(watch, 31);
  const ofOne = changes.filter(({ key }) => key === "k1").map(({ kind, value }) => [kind, value]);
  assert.deepEqual(ofOne, [...Array.from({ length: 10 }, (_, i) => ["set", `${3 * i + 1}`]), ["deleted", undefined]]);
});

test("a watch goes on after its connection has broken, and from a position that was kept", async () => {
  const { of, one } = await setUp(1, 2);
  const watch = one.watch({ prefix: "" });
  await watch.ready();
  const group = of.groups[0]!;
  await one.put("a", "1");
  const [first] = await take(watch, 1);
  const resumed = one.watch({ prefix: "", from: first!.position });
  await resumed.ready();
  group.set("a", Buffer.from("2"));
  const old = group.nodes[0]!;
  of.failOver(group);
  old.stop();
  group.set("a", Buffer.from("3"));
  assert.deepEqual(
    (await take(resumed, 2)).map(({ value }) => value),
    ["2", "3"],
  );
  const again = one.watch({ prefix: "", from: first!.position });
  assert.equal((await take(again, 1))[0]!.value, "2");
});

test("a watch of a key follows it to another group", async () => {
  const { of, one } = await setUp(2);
  const watch = one.watch({ key: "k" });
  await watch.ready();
  await one.put("k", "1");
  const source = of.groupOf("k");
  const target = of.groups.find((group) => group !== source)!;
  const streams = [...source.watches];
  of.moveAll(source, target, true);
  const error = { code: 9, details: "moved", metadata: movedTo(target.nodes[0]!.address) };
  for (const { call } of streams) call.emit("error", error);
  await sleep(200);
  target.set("k", Buffer.from("2"));
  const changes = await take(watch, 3);
  assert.deepEqual(
    changes.map(({ value, isCatchUp }) => [value, isCatchUp]),
    [
      ["1", false],
      ["1", true],
      ["2", false],
    ],
  );
});

test("a watch ends with the caller's signal, and with the loop", async () => {
  const { of, one } = await setUp();
  const controller = new AbortController();
  const watch = one.watch({ prefix: "", signal: controller.signal });
  await watch.ready();
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(take(watch, 1), { code: "aborted" });
  const other = one.watch({ key: "k" });
  await other.ready();
  await one.put("k", "v");
  await take(other, 1);
  await sleep(50);
  assert.equal(of.groups[0]!.watches.size, 0);
  assert.throws(() => one.watch({}), { code: "invalid" });
  assert.throws(() => one.watch({ prefix: "", from: "nonsense" }), { code: "invalid" });
});

/** `ErrorDetail` with the reason MOVED. */
function movedTo(address: string): grpc.Metadata {
  const metadata = new grpc.Metadata();
  const detail = Buffer.concat([Buffer.from([0x08, 1, 0x1a, address.length]), Buffer.from(address)]);
  metadata.set("holdfast-error-bin", detail);
  return metadata;
}
