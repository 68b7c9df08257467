import assert from "node:assert/strict";
import { test } from "node:test";
import { epoch, seq } from "../../../src/base/ids.ts";
import type { ReplicaRules } from "../../../src/core/replica/rules.ts";
import { Stage } from "./stage.ts";

/**
 * Rules whose absence random worlds hardly ever notice: a scenario for each, in which what must not be is not, and is without
 * the rule.
 */
function directed(rule: keyof ReplicaRules, what: string, happens: (rules: Partial<ReplicaRules>) => boolean): void {
  test(`${what}: not with the rule ${rule}, and without it`, () => {
    assert.equal(happens({}), false);
    assert.equal(happens({ [rule]: false }), true);
  });
}

function install(stage: Stage, primary: string, ...secondaries: string[]): void {
  const { version: _, ...present } = stage.configuration!;
  const members = secondaries.map((id) => ({ id, incarnation: 1 }));
  const changed = { nonce: `controller ${present.epoch}`, released: false, reason: "the controller decided" };
  const primaryMember = { id: primary, incarnation: 1 };
  stage.install({
    ...present,
    epoch: epoch(present.epoch + 1),
    primary: primaryMember,
    secondaries: members,
    ...changed,
  });
}

directed("admitAfterWait", "a learner is admitted while the promise to the old primary holds", (rules) => {
  const stage = new Stage(rules).begin("r0", "r1", "r2");
  stage.stop("r2");
  stage.pass(1_200);
  stage.holdsBack = (from, to) => from === "r0" || to === "r0";
  install(stage, "r1");
  stage.watch("r1");
  const { epoch: opened } = stage.configuration!;
  stage.start("r2");
  stage.pass(400);
  return stage.configuration!.epoch > opened;
});

directed("handOverWhenOpen", "an epoch is handed over while a removed member has a lease", (rules) => {
  const stage = new Stage(rules).begin("r0", "r1", "r2");
  stage.holdsBack = (from) => from === "r2";
  stage.write("r0");
  stage.settle();
  stage.act("r0", (replica) => replica.handOver("r1", true));
  const proposes = (what: string) => stage.lines.some((line) => line.startsWith("r0 proposes") && line.includes(what));
  while (!proposes("r2 did not answer")) {
    stage.settle();
    stage.now += 50;
    for (const id of ["r0", "r1"]) stage.act(id, (replica, now) => replica.tick(now));
  }
  // What r2 has written is heard of now, and its removal is installed before the next epoch is open.
  stage.holdsBack = (from, _, message) => from === "r2" && message.kind !== "appended";
  stage.deliver();
  stage.opensLate = true;
  stage.settle();
  assert.equal(stage.configuration?.secondaries.length, 1);
  for (let i = 1; i <= 3; i++) {
    stage.act("r0", (replica, now) => replica.tick(now + i));
    stage.settle();
  }
  return proposes("handed over");
});

directed("refuseOldEpochs", "an acknowledgement of an earlier reign commits", (rules) => {
  const accepts = rules.refuseOldEpochs === false ? { ...rules, acknowledgementsPerEpoch: false } : rules;
  const stage = new Stage(accepts, { evictMillis: 5_000 }).begin("r0", "r1", "r2");
  const before = stage.replica("r0").epoch;
  stage.holdsBack = (from, to) => from !== to;
  install(stage, "r1", "r0", "r2");
  stage.watch("r0");
  install(stage, "r0", "r1", "r2");
  stage.watch("r0");
  const replica = stage.replica("r0");
  const { commitPoint } = replica;
  stage.pass(700);
  for (const id of ["r1", "r2"]) {
    const late = { kind: "appended", epoch: before, attempt: 0, durable: seq(replica.lastSeq) } as const;
    stage.act("r0", (_, now) => replica.receive({ id, incarnation: 1 }, late, now));
  }
  return replica.commitPoint > commitPoint;
});

directed("releaseBeforeHandOver", "a successor commits while who was cut off still has a lease", (rules) => {
  const stage = new Stage(rules, { evictMillis: 150 }).begin("r0", "r1", "r2");
  stage.holdsBack = (from, to) => from === "r2" || to === "r2";
  stage.act("r0", (replica) => replica.handOver("r1", false));
  for (let passed = 0; passed < 1_000; passed += 10) {
    stage.now += 10;
    for (const id of ["r0", "r1"]) stage.act(id, (replica, now) => replica.tick(now));
    stage.settle();
    const successor = stage.replica("r1");
    const hasCommitted = successor.role === "primary" && successor.primary?.phase === "active";
    if (hasCommitted && stage.replica("r2").mayServe(stage.now)) return true;
  }
  return false;
});

directed("writesByGeneration", "a write from before a truncation counts for what was written since", (rules) => {
  const stage = new Stage(rules).begin("r0", "r1", "r2");
  stage.disksAreSlow = true;
  // r1 has an entry in memory that r2 never hears of, and r2 becomes the primary.
  stage.holdsBack = (from, to) => from === "r0" && to === "r2";
  stage.write("r0", 3);
  stage.settle();
  const [old] = stage.actor("r1").writes.splice(0);
  stage.holdsBack = (from, to) => from === "r0" || to === "r0";
  install(stage, "r2", "r1");
  stage.watch("r1", "r2");
  stage.settle();
  const replica = stage.replica("r1");
  const { durableSeq } = replica;
  stage.act("r1", (_, now) => replica.persisted(old!.record.lastSeq, old!.generation, now));
  return replica.durableSeq > durableSeq;
});

directed("promiseSurvivesRestart", "a restarted member takes over while its promise to the primary holds", (rules) => {
  const stage = new Stage(rules).begin("r0", "r1", "r2");
  stage.holdsBack = (from, to) => from === "r0" || to === "r0";
  stage.stop("r1");
  stage.start("r1");
  for (let passed = 0; passed < 1_000; passed += 10) {
    stage.now += 10;
    stage.act("r1", (replica, now) => replica.tick(now));
    stage.settle();
    const { primary } = stage.replica("r1");
    if (primary?.phase === "active") return stage.replica("r0").mayServe(stage.now);
  }
  return false;
});

directed(
  "waitForOwnLeases",
  "a primary that comes back commits while somebody has a lease of its first reign",
  (rules) => {
    const stage = new Stage(rules).begin("r0", "r1", "r2");
    stage.configuration = { ...stage.configuration!, minReplicas: 1 };
    stage.holdsBack = (from, to) => from !== to;
    install(stage, "r1", "r0");
    stage.watch("r0");
    install(stage, "r0");
    stage.watch("r0");
    stage.settle();
    return stage.replica("r0").primary?.phase === "active" && stage.replica("r2").mayServe(stage.now);
  },
);

/** The machine is suspended while the others go on without it; its own clock shows no time then. Answers what it shows at the end. */
function suspend(stage: Stage, id: string, others: readonly string[], millis: number): number {
  const clock = stage.now;
  stage.holdsBack = (from, to) => from === id || to === id;
  for (let passed = 0; passed < millis; passed += 10) {
    stage.now += 10;
    for (const other of others) stage.act(other, (replica, now) => replica.tick(now));
    stage.settle();
  }
  return clock + 1;
}

directed("leasesEndWithStandstill", "a primary that was suspended answers while another is the primary", (rules) => {
  const stage = new Stage(rules).begin("r0", "r1", "r2");
  const now = suspend(stage, "r0", ["r1", "r2"], 2_000);
  assert.equal(stage.replica("r1").primary?.phase, "active");
  const replica = stage.replica("r0");
  replica.stoodStill(now);
  return replica.mayServe(now + 5);
});

directed("leasesEndWithStandstill", "a secondary that was suspended answers after it was removed", (rules) => {
  const stage = new Stage(rules).begin("r0", "r1", "r2");
  const now = suspend(stage, "r2", ["r0", "r1"], 2_000);
  assert.equal(stage.configuration?.secondaries.length, 1);
  const replica = stage.replica("r2");
  replica.stoodStill(now);
  return replica.mayServe(now + 5);
});

directed("leasesEndWithStandstill", "what was asked for before a standstill gives a lease after it", (rules) => {
  const stage = new Stage(rules).begin("r0", "r1", "r2");
  const before = stage.now;
  const replica = stage.replica("r0");
  replica.stoodStill(before + 1);
  for (const id of ["r1", "r2"]) {
    const late = { kind: "beaconAck", epoch: replica.epoch, sentAt: before, askedAt: 0 } as const;
    replica.receive({ id, incarnation: 1 }, late, before + 2);
  }
  return replica.mayServe(before + 2);
});

test("after a standstill everybody answers again as soon as the others have confirmed it, and nobody is removed", () => {
  const stage = Stage.group("r0", "r1", "r2");
  const { epoch: before } = stage.configuration!;
  for (const id of ["r0", "r1", "r2"]) stage.act(id, (replica, now) => replica.stoodStill(now));
  stage.pass(300);
  assert.deepEqual(
    ["r0", "r1", "r2"].map((id) => stage.replica(id).mayServe(stage.now)),
    [true, true, true],
  );
  assert.equal(stage.configuration!.epoch, before);
});
