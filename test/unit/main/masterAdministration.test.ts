import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ok } from "../../../src/base/result.ts";
import { MasterAdministration } from "../../../src/main/master/masterAdministration.ts";
import { MasterTopology } from "../../../src/main/master/masterTopology.ts";
import { DEFAULT_SETTINGS } from "../../../src/master/clusterSettings.ts";
import type { MasterApi, MasterRequest, RequestPlan, Topology, WorkerHeat } from "../../../src/master/masterApi.ts";

const TOPOLOGY: Topology = {
  ...{ cluster: "c1", version: 1, isWhole: true, slotMap: undefined, groups: [], workers: [], moves: [], notices: [] },
  settings: DEFAULT_SETTINGS,
  masters: [
    { id: "m1", rpc: "h:1", http: "", version: "1", isActive: true, isSelf: true },
    { id: "m2", rpc: "h:2", http: "", version: "1", isActive: false, isSelf: false },
  ],
};

const HEAT: WorkerHeat = {
  ...{ worker: "w1", group: "g1", at: 0, readsPerSecond: 1, writesPerSecond: 2, bytesPerSecond: 3, load: 0.5 },
  slots: [
    { slot: 1, readsPerSecond: 5, writesPerSecond: 2, bytes: 10, keys: 1 },
    { slot: 2, readsPerSecond: 50, writesPerSecond: 2, bytes: 10, keys: 1 },
  ],
  topKeys: [
    { key: "a", perSecond: 1 },
    { key: "b", perSecond: 2 },
  ],
} as unknown as WorkerHeat;

class FakeApi implements MasterApi {
  topology = TOPOLOGY;
  plans: readonly RequestPlan["moves"][] = [[]];
  readonly asked: MasterRequest[] = [];
  listener = (): void => undefined;

  onChange(listener: () => void): () => void {
    this.listener = listener;
    return () => undefined;
  }

  async plan(request: MasterRequest) {
    this.asked.push(request);
    const [moves, ...others] = this.plans;
    if (others.length > 0) this.plans = others;
    return ok({ sentences: [], moves: moves!, keys: undefined, bytes: undefined, request: undefined, isDone: false });
  }

  execute = (request: MasterRequest) => this.plan(request);
  why = () => [];
  heat = () => [HEAT, { ...HEAT, worker: "w2" }];
}

describe("what a master does when it is asked over gRPC", () => {
  it("executes the plan that was shown, or nothing", async () => {
    const api = new FakeApi();
    const administration = new MasterAdministration(api);
    const moves = [{ source: "g1", target: "g2", slots: [[0, 9] as const] }];
    api.plans = [moves, moves, moves, []];
    const planned = await administration.plan({ kind: "rebalance" });
    assert.ok(planned.ok);
    const { fingerprint } = planned.value;
    assert.ok((await administration.execute({ kind: "rebalance" }, fingerprint)).ok);
    const changed = await administration.execute({ kind: "rebalance" }, fingerprint);
    assert.ok(!changed.ok && changed.error.code === "changed");
    assert.ok((await administration.execute({ kind: "pause", id: "all" }, "")).ok);
    assert.deepEqual(api.asked.at(-1), { kind: "pause", move: "all" });
  });

  it("a standby does nothing and tells who is active", async () => {
    const api = new FakeApi();
    const administration = new MasterAdministration(api);
    const [first, second] = TOPOLOGY.masters;
    api.topology = {
      ...TOPOLOGY,
      masters: [
        { ...first!, isSelf: false },
        { ...second!, isSelf: true },
      ],
    };
    for (const answer of [
      await administration.plan({ kind: "rebalance" }),
      await administration.execute({ kind: "rebalance" }, ""),
      administration.work(),
      administration.why(1),
      administration.hot(1),
    ]) {
      assert.ok(!answer.ok && answer.error.code === "standby" && answer.error.active === "h:1");
    }
    assert.deepEqual(api.asked, []);
  });

  it("adds up the load of a slot's readers, the hottest first", () => {
    const hot = new MasterAdministration(new FakeApi()).hot(1);
    assert.ok(hot.ok);
    assert.deepEqual(hot.value.slots, [{ slot: 2, group: "g1", reads: 100, writes: 2, keys: 1, bytes: 10 }]);
    assert.equal(hot.value.keys[0]!.key, "b");
    assert.equal(hot.value.workers.length, 2);
  });
});

describe("the topology that clients are told", () => {
  it("is told when it is whole, and again when something in it has changed", () => {
    const api = new FakeApi();
    api.topology = { ...TOPOLOGY, isWhole: false };
    const topology = new MasterTopology(api);
    let told = 0;
    topology.onTopology(() => told++);
    assert.equal(topology.topology(), undefined);
    api.topology = TOPOLOGY;
    api.listener();
    assert.equal(topology.topology()?.cluster, "c1");
    assert.equal(told, 1);
    api.topology = { ...TOPOLOGY, version: 2 };
    api.listener();
    assert.equal(told, 1, "a version of its own is nobody's concern");
    api.topology = { ...TOPOLOGY, notices: ["something"] };
    api.listener();
    assert.equal(told, 2);
  });
});
