import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect } from "../../src/client/connect.ts";
import { loneTopology } from "../../src/main/loneTopology.ts";
import { type RunningNode, start } from "../../src/main/server.ts";
import { type ClusterCaller, clusterCaller } from "../../src/platform/rpc/clusterClient.ts";
import type { Topology } from "../../src/platform/rpc/clusterService.ts";

async function withNode(run: (node: RunningNode, caller: ClusterCaller) => Promise<void>): Promise<void> {
  const node = await start({ grpcPort: 0 });
  // Another name than the one that it listens by.
  const caller = await clusterCaller({ host: "localhost", port: node.grpcPort }, undefined);
  try {
    await run(node, caller);
  } finally {
    caller.close();
    await node.stop();
  }
}

describe("the topology of a node that is alone", () => {
  it("is one group with all slots, at the address by which it was asked", async () => {
    await withNode(async (node, caller) => {
      const told = await caller.topology(5_000);
      assert.ok(told.ok, JSON.stringify(told));
      const { cluster, slotsVersion, groups, spares, masters, notices } = told.value;
      assert.ok(cluster !== "");
      assert.deepEqual([slotsVersion, spares, masters, notices], [1, [], [], []]);
      const [{ workers, epoch, ...group }] = groups as [Topology["groups"][number]];
      assert.equal(groups.length, 1);
      assert.ok(epoch >= 1);
      assert.deepEqual(group, { name: "g1", slots: [[0, 16383]], weight: 1, draining: false });
      assert.deepEqual(
        workers.map(({ id, role, redis, rpc, present }) => [id, role, redis, rpc, present]),
        [["g1", "primary", `localhost:${node.port}`, `localhost:${node.grpcPort}`, true]],
      );
      const planned = await caller.plan({ kind: "rebalance" }, 5_000);
      assert.ok(!planned.ok, "only a master plans");
    });
  });

  it("is watched: at once what there is, and the end when the node stops", async () => {
    await withNode(async (node, caller) => {
      const told: Topology[] = [];
      let first: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => {
        first = resolve;
      });
      const ended = new Promise<void>((resolve) => {
        const onTopology = (topology: Topology): void => {
          told.push(topology);
          first();
        };
        caller.watch(onTopology, () => resolve());
      });
      await begun;
      await node.stop();
      await ended;
      assert.equal(told.length, 1);
    });
  });

  it("lets the library take it for a cluster's address, which says where each key is", async () => {
    await withNode(async (node) => {
      const client = await connect({ addresses: `localhost:${node.grpcPort}` });
      await client.put("k", "v");
      assert.equal(await client.get("k"), "v");
      await client.close();
    });
  });

  it("names what --advertise says before what a caller says, and its own address to a caller that says nothing", () => {
    const facts = { cluster: "c", group: "g1", id: "w1", epoch: () => 1, redisPort: 6379, rpcPort: () => 8700 };
    const places = (advertise: string | undefined, authority?: string): string[] =>
      loneTopology({ ...facts, advertise, bind: "10.0.0.1" })
        .topology(authority)!
        .groups.flatMap(({ workers }) => workers.flatMap(({ redis, rpc }) => [redis, rpc]));
    assert.deepEqual(places("db", "other:9"), ["db:6379", "db:8700"]);
    assert.deepEqual(places(undefined, "other:9"), ["other:6379", "other:9"]);
    assert.deepEqual(places(undefined, "[::1]:9"), ["[::1]:6379", "[::1]:9"]);
    assert.deepEqual(places(undefined, ""), ["10.0.0.1:6379", "10.0.0.1:8700"]);
  });
});
