import assert from "node:assert/strict";
import { afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { HoldfastError } from "../../src/client/errors.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { type FakeCarrier, FakeKvCluster } from "../support/fakeKvCluster.ts";

/** How calls come to the nodes in the tests that run now. */
let carrier: FakeCarrier = "redis";
const clusters: FakeKvCluster[] = [];
const clients: HoldfastClient<string>[] = [];

async function cluster(groups = 1, replicas = 1): Promise<FakeKvCluster> {
  const made = await FakeKvCluster.start(groups, replicas, carrier);
  clusters.push(made);
  return made;
}

async function client(of: FakeKvCluster, options: Partial<ConnectOptions> = {}): Promise<HoldfastClient<string>> {
  const made = await connect({ addresses: of.addresses, ...options });
  clients.push(made as HoldfastClient<string>);
  return made as HoldfastClient<string>;
}

function hasCode(code: string, mayBeExecuted = false): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HoldfastError, String(error));
    assert.deepEqual([error.code, error.mayBeExecuted], [code, mayBeExecuted], error.message);
    return true;
  };
}

afterEach(async () => {
  for (const each of clients.splice(0)) await each.close();
  for (const each of clusters.splice(0)) each.stop();
});

for (const each of ["redis", "grpc"] as const) {
  describe(`calls over ${each}`, () => {
    before(() => {
      carrier = each;
    });

    test("keys are written and read, as text and as bytes, wherever they belong", async () => {
      const of = await cluster(3);
      const one = await client(of);
      assert.equal(await one.get("nobody"), undefined);
      for (let i = 0; i < 50; i++) {
        const put = await one.put(`key${i}ä`, `välue${i}`);
        assert.equal(put.isApplied, true);
        const entry = await one.getWithVersion(`key${i}ä`);
        assert.deepEqual(
          [entry?.value, entry?.version, entry?.isCached, entry?.isStale],
          [`välue${i}`, put.version, false, false],
        );
      }
      assert.ok(of.groups.every(({ values }) => values.size > 0));
      const bytes = await connect({ addresses: of.addresses[0]!, values: "bytes" });
      assert.deepEqual(await bytes.get(Buffer.from("key1ä")), new Uint8Array(Buffer.from("välue1")));
      await bytes.put("empty", new Uint8Array());
      assert.deepEqual(await bytes.get("empty"), new Uint8Array());
      await bytes.close();
    });

    test("conditions, sums and batches say what came of them", async () => {
      const one = await client(await cluster(2));
      assert.equal((await one.put("a", "1", { ifAbsent: true })).isApplied, true);
      assert.equal((await one.put("a", "2", { ifAbsent: true })).isApplied, false);
      assert.equal((await one.compareAndSet("a", "1", "5")).isApplied, true);
      assert.deepEqual((await one.compareAndSet("a", "1", "6")).previous, "5");
      assert.equal((await one.compareAndSet("b", undefined, "")).isApplied, true);
      assert.equal(await one.increment("a"), 6);
      assert.equal(await one.increment("a", -10), -4);
      assert.equal(await one.increment("a", 2n ** 40n), 2n ** 40n - 4n);
      assert.equal((await one.delete("a")).isApplied, true);
      assert.equal((await one.delete("a")).isApplied, false);
      const done = await one.batch([
        { kind: "put", key: "{t}1", value: "x" },
        { kind: "increment", key: "{t}2", by: 3 },
        { kind: "get", key: "{t}1" },
      ]);
      assert.equal(done.isApplied, true);
      assert.deepEqual(
        done.results.map((result) => (result.kind === "get" ? result.entry?.value : result.kind)),
        ["put", "increment", "x"],
      );
      await assert.rejects(
        one.batch([
          { kind: "get", key: "x" },
          { kind: "get", key: "y" },
        ]),
        hasCode("different_slots"),
      );
    });

    test("what makes no sense is refused by name, without asking", async () => {
      const of = await cluster();
      const one = await client(of);
      await assert.rejects(one.get(""), hasCode("invalid"));
      await assert.rejects(one.get(5 as unknown as string), hasCode("invalid"));
      await assert.rejects(one.put("k", undefined as unknown as string), hasCode("invalid"));
      await assert.rejects(one.put("k", "v", { timeToLiveMillis: 0 }), hasCode("invalid"));
      await assert.rejects(one.increment("k", 0.5), hasCode("invalid"));
      await assert.rejects(one.get("k", { consistency: "cached" }), hasCode("invalid"));
      await assert.rejects(one.get("x".repeat(65_536)), hasCode("invalid"));
      await assert.rejects(connect({ addresses: "nowhere" }), hasCode("invalid"));
      await assert.rejects(connect({ addresses: "127.0.0.1:65536" }), hasCode("invalid"));
      assert.equal(of.nodes[0]!.calls, 0);
    });

    test("what is asked in one turn goes to a node in one message", async () => {
      const of = await cluster();
      const one = await client(of);
      await Promise.all(Array.from({ length: 500 }, (_, i) => one.put(`k${i}`, "v")));
      assert.deepEqual([of.nodes[0]!.calls, of.nodes[0]!.messages], [500, 1]);
    });

    test("who has moved is found by the answer, and then by the table", async () => {
      const of = await cluster(2);
      const one = await client(of);
      await Promise.all(Array.from({ length: 20 }, (_, i) => one.put(`k${i}`, `${i}`)));
      of.moveAll(of.groups[0]!, of.groups[1]!, false);
      const got = await Promise.all(Array.from({ length: 20 }, (_, i) => one.get(`k${i}`)));
      assert.deepEqual(
        got,
        Array.from({ length: 20 }, (_, i) => `${i}`),
      );
      assert.ok(one.metrics().redirects > 0);
      of.tell();
      await sleep(50);
      const before = of.groups[0]!.nodes[0]!.calls;
      await Promise.all(Array.from({ length: 20 }, (_, i) => one.put(`k${i}`, "new")));
      assert.equal(of.groups[0]!.nodes[0]!.calls, before);
    });

    test("a new primary is found by the answer of the old one", async () => {
      const of = await cluster(1, 2);
      const one = await client(of);
      await one.put("k", "1");
      of.failOver(of.groups[0]!, false);
      assert.equal(await one.increment("k"), 2);
      assert.equal(await one.get("k"), "2");
    });

    test("without sessions, a write whose answer was lost is unknown, and is not repeated; a read is", async () => {
      const of = await cluster();
      const node = of.nodes[0]!;
      const one = await client(of, { exactlyOnce: false });
      await one.put("k", "0");
      node.breakNext = "executed";
      await assert.rejects(one.increment("k"), hasCode("unknown", true));
      assert.equal(await one.get("k"), "1");
      node.breakNext = "undone";
      assert.equal(await one.get("k"), "1");
      assert.equal(one.metrics().errors.unknown, 1);
      assert.deepEqual([node.opened, of.groups[0]!.sessions.seen.length], [0, 0]);
    });

    test("an answer that says that nothing was done is asked for again, until the deadline", async () => {
      const of = await cluster();
      const node = of.nodes[0]!;
      const one = await client(of);
      let refusals = 3;
      const error = { code: 14, message: "starting", detail: { reason: "REASON_NOT_READY", retryAfterMillis: 5 } };
      node.intercept = () => (refusals-- > 0 ? { error } : undefined);
      assert.equal(await one.increment("k"), 1);
      node.intercept = () => ({ error });
      const begin = performance.now();
      await assert.rejects(one.increment("k", 1, { timeoutMillis: 200 }), hasCode("unavailable"));
      assert.ok(performance.now() - begin < 400);
      node.intercept = () => ({ error: { code: 9, message: "a list", detail: { reason: "REASON_WRONG_TYPE" } } });
      await assert.rejects(one.get("k"), hasCode("wrong_type"));
    });

    test("the deadline and the caller's signal end a call; a write may then be done", async () => {
      const of = await cluster();
      const one = await client(of);
      of.nodes[0]!.isMute = true;
      const begin = performance.now();
      await assert.rejects(one.get("k", { timeoutMillis: 100 }), hasCode("timeout"));
      await assert.rejects(one.put("k", "v", { timeoutMillis: 100 }), hasCode("unknown", true));
      assert.ok(performance.now() - begin < 600);
      const controller = new AbortController();
      const read = one.get("k", { signal: controller.signal });
      const write = one.put("k", "v", { signal: controller.signal });
      setTimeout(() => controller.abort(new Error("enough")), 20);
      await assert.rejects(read, hasCode("aborted"));
      await assert.rejects(write, hasCode("aborted", true));
      await assert.rejects(one.get("k", { signal: AbortSignal.abort() }), hasCode("aborted"));
      const left = one.put("k", "v");
      await one.close();
      await assert.rejects(left, hasCode("closed", true));
      await assert.rejects(one.get("k"), hasCode("closed"));
    });

    test("nobody there is an error in time; somebody among several is enough", async () => {
      await assert.rejects(connect({ addresses: "127.0.0.1:1", connectMillis: 300 }), hasCode("unavailable"));
      const of = await cluster();
      const one = await connect({ addresses: ["127.0.0.1:1", ...of.addresses] });
      await one.put("k", "v");
      await one.close();
    });

    test("an address without sense that a topology names is one at which nobody answers", async () => {
      const of = await cluster(2);
      const [nowhere, half] = of.nodes;
      nowhere!.misnamed = { rpc: "127.0.0.1:99999", redis: "" };
      half!.misnamed = { redis: "nowhere" };
      const one = await client(of, { addresses: half!.address });
      const keyOf = (group: string): string => keys.find((key) => of.groupOf(key).name === group)!;
      const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
      await assert.rejects(one.put(keyOf("g1"), "v", { timeoutMillis: 300 }), hasCode("unavailable"));
      assert.equal((await one.put(keyOf("g2"), "v")).isApplied, true);
      assert.deepEqual(
        one
          .metrics()
          .nodes.map(({ address, carrier: used }) => [address, used])
          .filter(([at]) => at === half!.address),
        [[half!.address, "grpc"]],
      );
    });

    test("eventual reads are spread evenly, and away from a slow replica (question 20)", async () => {
      const of = await cluster(1, 3);
      const one = await client(of, { consistency: "eventual" });
      await one.put("k", "v");
      const read = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) await Promise.all(Array.from({ length: 4 }, () => one.get("k")));
      };
      await read(50);
      const before = of.nodes.map(({ calls }) => calls);
      await read(300);
      const parts = of.nodes.map(({ calls }, index) => calls - before[index]!);
      assert.ok(Math.max(...parts) <= 440 && Math.min(...parts) >= 360, `${parts}`);
      of.nodes[2]!.delayMillis = 50;
      const start = performance.now();
      while (performance.now() - start < 1000) await read(1);
      const slowBefore = of.nodes[2]!.calls;
      const allBefore = of.nodes.reduce((sum, { calls }) => sum + calls, 0);
      await read(200);
      const all = of.nodes.reduce((sum, { calls }) => sum + calls, 0) - allBefore;
      assert.ok((of.nodes[2]!.calls - slowBefore) / all < 0.1, `${of.nodes[2]!.calls - slowBefore} of ${all}`);
    });
  });
}
