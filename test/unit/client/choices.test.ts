import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf, failureOfAnswer, failureOfStatus, lastingCode, nextStep } from "../../../src/client/failures.ts";
import { LatencyMean } from "../../../src/client/latency.ts";
import type { TopologyMessage } from "../../../src/client/messages.ts";
import { isAtLeast } from "../../../src/client/positions.ts";
import { chooseNode } from "../../../src/client/replicaChoice.ts";
import type { Failure, Request } from "../../../src/client/request.ts";
import { Routes } from "../../../src/client/routes.ts";
import { WriteSession } from "../../../src/client/writeSession.ts";

const NOTHING = { reason: "REASON_UNKNOWN", field: "", address: "", retryAfterMillis: 0 };

function step(asked: Partial<Parameters<typeof nextStep>[0]>, failure: Failure): ReturnType<typeof nextStep> {
  return nextStep({ isWrite: true, once: undefined, isInDoubt: !failure.isUndone, ...asked }, failure);
}

function answered(code: number, reason: string, address = ""): Failure {
  return failureOfAnswer({ code, message: "", detail: { ...NOTHING, reason, address } });
}

const BROKEN = { code: 14, message: "", detail: undefined, wasSent: true };

test("a write without a number is repeated only when it was certainly not done", () => {
  assert.deepEqual(step({}, answered(9, "REASON_MOVED", "a:1")), { kind: "elsewhere" });
  assert.deepEqual(step({}, answered(9, "REASON_NOT_PRIMARY")), { kind: "later" });
  assert.deepEqual(step({}, answered(14, "REASON_NOT_READY")), { kind: "later" });
  assert.deepEqual(step({}, answered(4, "REASON_NOT_EXECUTED")), { kind: "later" });
  assert.deepEqual(step({}, answered(2, "REASON_FATE_UNKNOWN")), { kind: "fail", code: "unknown" });
  assert.deepEqual(step({}, answered(4, "")), { kind: "fail", code: "unknown" });
  assert.deepEqual(step({ isWrite: false, isInDoubt: false }, answered(4, "")), { kind: "later" });
  assert.deepEqual(step({}, answered(9, "REASON_WRONG_TYPE")), { kind: "fail", code: "wrong_type" });
  assert.deepEqual(step({}, failureOfStatus(BROKEN, true)), { kind: "fail", code: "unknown" });
  assert.deepEqual(step({}, failureOfStatus(BROKEN, false)), { kind: "later" });
  assert.deepEqual(step({}, failureOfStatus({ ...BROKEN, wasSent: false }, true)), { kind: "later" });
  assert.deepEqual(step({ isWrite: false, isInDoubt: false }, failureOfStatus(BROKEN, true)), { kind: "later" });
  const refused = failureOfStatus({ ...BROKEN, code: 16 }, true);
  assert.deepEqual(step({}, refused), { kind: "fail", code: "unauthenticated" });
});

test("a write with a number is repeated whatever became of it, and never called undone once that is in doubt", () => {
  const session = new WriteSession(new Uint8Array(16), 0, 1000);
  const once = session.take({ slot: 1 } as Request);
  assert.deepEqual(step({ once }, failureOfStatus(BROKEN, true)), { kind: "later" });
  assert.deepEqual(step({ once }, answered(2, "REASON_FATE_UNKNOWN")), { kind: "later" });
  assert.deepEqual(step({ once }, answered(4, "")), { kind: "later" });
  assert.deepEqual(step({ once }, answered(13, "")), { kind: "fail", code: "unknown" });
  assert.deepEqual(step({ once }, answered(9, "REASON_REPLY_FORGOTTEN")), { kind: "fail", code: "reply_forgotten" });
  assert.deepEqual(step({ once }, answered(9, "REASON_REPLAYED")), { kind: "fail", code: "unknown" });
  assert.deepEqual(step({ once }, answered(9, "REASON_SESSION_EXPIRED")), { kind: "later" });
  assert.deepEqual(step({ once }, answered(8, "REASON_OUT_OF_MEMORY")), { kind: "fail", code: "out_of_memory" });
  assert.deepEqual(step({ once }, answered(3, "REASON_INVALID_FIELD")), { kind: "fail", code: "invalid" });
  const inDoubt = { once, isInDoubt: true };
  assert.deepEqual(step(inDoubt, answered(9, "REASON_SESSION_EXPIRED")), { kind: "fail", code: "unknown" });
  assert.deepEqual(step(inDoubt, answered(8, "REASON_OUT_OF_MEMORY")), { kind: "later" });
  assert.deepEqual(step(inDoubt, answered(8, "REASON_TOO_MANY")), { kind: "later" });
  assert.deepEqual(step(inDoubt, answered(3, "REASON_INVALID_FIELD")), { kind: "fail", code: "unknown" });
  assert.deepEqual(step(inDoubt, answered(16, "REASON_PASSWORD")), { kind: "fail", code: "unknown" });
  // The number was looked for before these were answered: there was no earlier execution, or it was answered the same.
  assert.deepEqual(step(inDoubt, answered(9, "REASON_WRONG_TYPE")), { kind: "fail", code: "wrong_type" });
  assert.deepEqual(step(inDoubt, answered(11, "REASON_OVERFLOW")), { kind: "fail", code: "overflow" });
  const late = answered(14, "REASON_NOT_READY");
  assert.equal(lastingCode(late, inDoubt), "unknown");
  assert.equal(lastingCode(late, { isInDoubt: false }), "unavailable");
  assert.match(errorOf("unknown", late, 1).message, /an earlier attempt may have been carried out/);
  assert.equal(errorOf("reply_forgotten", late, 1).mayBeExecuted, true);
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
  assert.ok(mean.measured > 10);
  mean.add(2, 8000);
  assert.equal(mean.measured, 2);
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
    ...{ id: rpc, redis: "", rpc, present: true },
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
