import assert from "node:assert/strict";
import { test } from "node:test";
import { failureOfAnswer, failureOfStatus, nextStep } from "../../../src/client/failures.ts";
import { LatencyMean } from "../../../src/client/latency.ts";
import type { TopologyMessage } from "../../../src/client/messages.ts";
import { isAtLeast } from "../../../src/client/positions.ts";
import { chooseNode } from "../../../src/client/replicaChoice.ts";
import { Routes } from "../../../src/client/routes.ts";

const NOTHING = { reason: "REASON_UNKNOWN", field: "", address: "", retryAfterMillis: 0 };

test("a write is repeated only when it was certainly not done", () => {
  const answered = (code: number, reason: string, isWrite: boolean, address = "") =>
    nextStep({ isWrite }, failureOfAnswer({ code, message: "", detail: { ...NOTHING, reason, address } }));
  assert.deepEqual(answered(9, "REASON_MOVED", true, "a:1"), { kind: "elsewhere" });
  assert.deepEqual(answered(9, "REASON_NOT_PRIMARY", true), { kind: "later" });
  assert.deepEqual(answered(14, "REASON_NOT_READY", true), { kind: "later" });
  assert.deepEqual(answered(4, "REASON_NOT_EXECUTED", true), { kind: "later" });
  assert.deepEqual(answered(2, "REASON_FATE_UNKNOWN", true), { kind: "fail", code: "unknown" });
  assert.deepEqual(answered(4, "", true), { kind: "fail", code: "unknown" });
  assert.deepEqual(answered(4, "", false), { kind: "later" });
  assert.deepEqual(answered(9, "REASON_WRONG_TYPE", true), { kind: "fail", code: "wrong_type" });
  const broken = { code: 14, message: "", detail: undefined, wasSent: true };
  assert.deepEqual(nextStep({ isWrite: true }, failureOfStatus(broken, true)), { kind: "fail", code: "unknown" });
  assert.deepEqual(nextStep({ isWrite: true }, failureOfStatus(broken, false)), { kind: "later" });
  assert.deepEqual(nextStep({ isWrite: true }, failureOfStatus({ ...broken, wasSent: false }, true)), {
    kind: "later",
  });
  assert.deepEqual(nextStep({ isWrite: false }, failureOfStatus(broken, true)), { kind: "later" });
  const refused = failureOfStatus({ ...broken, code: 16 }, true);
  assert.deepEqual(nextStep({ isWrite: true }, refused), { kind: "fail", code: "unauthenticated" });
});

test("nodes that are alike take turns; a slow one is passed over, and claims nothing later", () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const nodes = [1, 1.5, 1.2].map((millis) => ({
    ...{ readsInFlight: 0, turn: 0, chosen: 0, millis },
    latencyMillis(): number {
      return this.millis;
    },
  }));
  const choose = (count: number): number[] => {
    for (const node of nodes) node.chosen = 0;
    for (let i = 0; i < count; i++) chooseNode(nodes, 0, random)!.chosen++;
    return nodes.map(({ chosen }) => chosen);
  };
  for (const count of choose(3000)) assert.ok(Math.abs(count - 1000) < 50);
  nodes[2]!.millis = 50;
  assert.equal(choose(1000)[2], 0);
  nodes[2]!.millis = 1;
  for (const count of choose(3000)) assert.ok(Math.abs(count - 1000) < 100);
  assert.equal(chooseNode([], 0, random), undefined);
});

test("one slow answer is a hiccup, two are a slow node, and that is forgotten", () => {
  const mean = new LatencyMean();
  for (let now = 0; now < 100; now++) mean.add(1, now);
  mean.add(50, 100);
  assert.ok(mean.at(100) < 1.1);
  mean.add(50, 101);
  assert.ok(mean.at(101) > 10);
  assert.ok(mean.at(8000) < 1);
});

test("positions are compared within a group only", () => {
  const position = (seq: number, group: string): Buffer =>
    Buffer.concat([Buffer.from([1, 0, 0, 0, 0, seq >> 8, seq & 255]), Buffer.from(group)]);
  assert.equal(isAtLeast(position(2, "g1"), position(1, "g1")), true);
  assert.equal(isAtLeast(position(1, "g1"), position(1, "g1")), true);
  assert.equal(isAtLeast(position(255, "g1"), position(256, "g1")), false);
  assert.equal(isAtLeast(position(2, "g2"), position(1, "g1")), false);
  assert.equal(isAtLeast(position(2, "g12"), position(1, "g1")), false);
  assert.equal(isAtLeast(Buffer.alloc(0), Buffer.alloc(0)), false);
});

function topology(slotsVersion: number, primary: string, epoch = 1): TopologyMessage {
  const worker = (rpc: string) => ({
    ...{ id: rpc, rpc, present: true },
    role: rpc === primary ? "ROLE_PRIMARY" : "ROLE_SECONDARY",
  });
  const slots = [{ from: 0, to: 16_383 }];
  const groups = [{ name: "g1", slots, epoch, workers: [worker("a:1"), worker("b:1")] }];
  return { cluster: "c", slotsVersion, groups, masters: [] };
}

test("answers correct the table until the topology knows better", () => {
  const routes = new Routes();
  assert.equal(routes.take(topology(5, "a:1")), true);
  assert.equal(routes.take(topology(4, "b:1")), false);
  assert.equal(routes.primaryOf(7), "a:1");
  routes.primaryIs(7, "b:1");
  assert.equal(routes.primaryOf(9), "b:1");
  routes.forget(9, "b:1");
  assert.equal(routes.primaryOf(9), "a:1");
  routes.moved(7, "c:1");
  assert.deepEqual([routes.primaryOf(7), routes.replicasOf(7), routes.primaryOf(8)], ["c:1", ["c:1"], "a:1"]);
  routes.take(topology(6, "b:1", 2));
  assert.deepEqual([routes.primaryOf(7), routes.replicasOf(7)], ["b:1", ["a:1", "b:1"]]);
});
