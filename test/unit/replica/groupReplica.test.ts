import assert from "node:assert/strict";
import { test } from "node:test";
import { epoch, seq } from "../../../src/base/ids.ts";
import type { Configuration } from "../../../src/core/replica/configuration.ts";
import { GroupReplica } from "../../../src/core/replica/groupReplica.ts";
import type { Message } from "../../../src/core/replica/message.ts";
import { Peer } from "../../../src/core/replica/peer.ts";
import { REPLICA_TIMES } from "../../../src/core/replica/times.ts";
import { Stage } from "./stage.ts";

/** Each of these was found by the simulation, or by reading what it did (the wrong code, the consequence). */

function member(id: string, incarnation = 1) {
  return { id, incarnation };
}

function changed(stage: Stage, primary: string, ...secondaries: string[]): void {
  const { version: _, ...present } = stage.configuration!;
  stage.install({
    ...present,
    epoch: epoch(present.epoch + 1),
    primary: member(primary),
    secondaries: secondaries.map((id) => member(id)),
    nonce: `controller ${present.epoch}`,
    released: false,
    reason: "the controller decided",
  });
}

test("a primary below the minimum admits learners, which it needs to commit its barrier", () => {
  const stage = Stage.group("r0", "r1", "r2");
  stage.stop("r0");
  stage.stop("r2");
  changed(stage, "r1");
  stage.watch("r1");
  stage.pass(700);
  assert.equal(stage.replica("r1").primary?.phase, "waiting");
  stage.start("r2");
  stage.pass(1_500);
  assert.equal(stage.replica("r1").primary?.phase, "active");
  assert.ok(stage.replica("r2").isMember);
});

test("records that were read in an earlier role are not sent in a later one", () => {
  const stage = Stage.group("r0", "r1", "r2");
  const replica = stage.replica("r0");
  const tickets: number[] = [];
  stage.holdsBack = (_, to) => to === "r0";
  for (let i = 0; i < 2; i++) {
    stage.act("r0", (_, now) => {
      const runs = [{ epoch: epoch(0), firstSeq: seq(0) }];
      replica.receive(member("r1"), { kind: "mismatch", epoch: replica.epoch, attempt: 0, runs, lastSeq: seq(0) }, now);
    });
    const { peers } = replica.primary!;
    tickets.push([...peers].find((peer) => peer.member.id === "r1")!.ticket);
    changed(stage, "r1", "r0", "r2");
    stage.watch("r0");
    changed(stage, "r0", "r1", "r2");
    stage.watch("r0");
  }
  assert.notEqual(tickets[0], tickets[1]);
});

test("what is lost of many messages is sent again once, however often it is missed", () => {
  const stage = Stage.group("r0", "r1", "r2");
  stage.holdsBack = (from, to, message) => from === "r0" && to === "r1" && message.kind === "append";
  stage.write("r0");
  stage.deliver();
  stage.lose();
  stage.holdsBack = () => false;
  for (let i = 0; i < 20; i++) stage.write("r0");
  stage.lines.length = 0;
  stage.settle();
  const sentAgain = stage.lines.filter((line) => line.startsWith("r0 -> r1 append")).length;
  assert.equal(stage.replica("r1").commitPoint, stage.replica("r0").lastSeq);
  assert.ok(sentAgain <= 25, `${sentAgain} messages`);
});

test("a peer that is fed by reading catches up with writes that go on", () => {
  const peer = new Peer(member("r1"), 0, seq(1), 0);
  const record = (at: number) => ({ epoch: epoch(1), firstSeq: seq(at), lastSeq: seq(at), bytes: new Uint8Array(1) });
  for (const at of [3, 4, 5]) peer.keep(record(at));
  assert.equal(peer.takeKept(), undefined, "what comes before is being read");
  peer.sent(seq(2), 1);
  assert.deepEqual([peer.takeKept()?.firstSeq], [3]);
  peer.sent(seq(3), 1);
  peer.sent(seq(4), 1);
  assert.deepEqual([peer.takeKept()?.firstSeq, peer.takeKept()], [5, undefined]);
});

test("a primary whose successor wants to leave, too, goes on", () => {
  const stage = Stage.group("r0", "r1");
  stage.act("r0", (replica) => replica.handOver(undefined, false));
  stage.act("r1", (replica) => replica.leave());
  stage.holdsBack = (_, __, message) => message.kind === "released";
  stage.pass(2_000);
  assert.equal(stage.replica("r0").primary?.phase, "active");
  assert.ok(stage.lines.some((line) => line.includes("r1 left")));
});

test("a hand-over whose outcome is unknown is settled, even when the successor is gone", () => {
  const stage = Stage.group("r0", "r1", "r2");
  stage.act("r0", (replica) => replica.handOver("r1", true));
  const { configuration } = stage;
  stage.losesReplies = true;
  stage.act("r0", (_, now) => stage.replica("r0").tick(now + 50));
  stage.deliver();
  stage.deliver();
  stage.act("r1", (replica) => replica.leave());
  stage.act("r2", (replica) => replica.leave());
  stage.deliver();
  // What was proposed is lost on its way, and was never installed.
  stage.settle();
  stage.losesReplies = false;
  stage.pass(3_000);
  assert.ok(stage.configuration!.epoch > configuration!.epoch);
  assert.ok([...stage.actors.values()].some(({ replica }) => replica.primary?.phase === "active"));
});

test("a configuration older than the log is not believed at the start", () => {
  const replica = new GroupReplica(
    {
      self: member("r1"),
      times: REPLICA_TIMES,
      runs: [{ epoch: epoch(6), firstSeq: seq(3) }],
      lastSeq: seq(4),
      applied: seq(3),
      bootName: "1",
      mayFound: true,
    },
    0,
  );
  const old: Configuration = {
    epoch: epoch(5),
    primary: member("r0"),
    secondaries: [member("r1")],
    minReplicas: 1,
    eligible: [],
    nonce: "old",
    released: false,
    reason: "",
    logEnd: 0,
    version: 5,
  };
  replica.configurationRead(old, 1);
  assert.equal(replica.role, "starting");
  replica.configurationRead({ ...old, epoch: epoch(6), version: 6 }, 2);
  assert.equal(replica.role, "secondary");
});

test("a restarted learner does not take its predecessor's stream for its own", () => {
  const stage = Stage.group("r0", "r1");
  const attempts = new Set<number>();
  for (let boot = 0; boot < 20; boot++) {
    stage.holdsBack = (from, _, message) => {
      if (from === "r2" && message.kind === "join") attempts.add(message.attempt);
      return from === "r2";
    };
    stage.actor("r2").incarnation = 1 + (boot >> 1);
    stage.start("r2");
    stage.settle();
    stage.pass(50);
    stage.lose();
    stage.stop("r2");
  }
  assert.equal(attempts.size, 20);
});

test("a snapshot is not put in place of the log of a member", () => {
  const stage = Stage.group("r0", "r1");
  stage.write("r0", 3);
  stage.settle();
  stage.holdsBack = (_, __, message) => message.kind === "needSnapshot";
  const { log, replica } = stage.actor("r0");
  replica.cut(log.cut(replica.commitPoint));
  stage.start("r2");
  stage.settle();
  const learner = stage.replica("r2");
  let attempt = 0;
  stage.holdsBack = (from, _, message) => {
    if (from === "r2" && message.kind === "join") attempt = message.attempt;
    return true;
  };
  stage.pass(400);
  const needed: Message = { kind: "needSnapshot", epoch: learner.epoch, attempt };
  learner.receive(member("r0"), needed, stage.now);
  learner.takeEffects();
  assert.ok(learner.wantsSnapshot(attempt));
  changed(stage, "r0", "r1", "r2");
  stage.watch("r2");
  assert.ok(!learner.wantsSnapshot(attempt));
});

test("a member that lives and writes nothing is removed (question 19)", () => {
  const stage = Stage.group("r0", "r1", "r2");
  stage.disksAreSlow = true;
  stage.write("r0");
  stage.settle();
  for (let passed = 0; passed < REPLICA_TIMES.learnerMillis + 1_000; passed += 50) {
    stage.pass(50);
    stage.persist("r0");
    stage.persist("r1");
  }
  assert.ok(!stage.configuration!.secondaries.some(({ id }) => id === "r2"));
  assert.equal(stage.replica("r0").commitPoint, stage.replica("r0").lastSeq);
});

test("a member that was restarted for a moment serves again though nobody writes, also when what was sent with its new link was lost", () => {
  const stage = Stage.group("r0", "r1");
  stage.write("r0", 3);
  stage.settle();
  stage.pass(300);
  const { commitPoint } = stage.replica("r0");
  assert.equal(commitPoint, stage.actor("r0").log.lastSeq);
  stage.stop("r1");
  stage.start("r1");
  stage.holdsBack = (from, to, message) => from === "r0" && to === "r1" && message.kind === "append";
  stage.act("r0", (replica, now) => replica.linkUp("r1", now));
  stage.settle();
  stage.lose();
  stage.holdsBack = () => false;
  stage.pass(1_000);
  assert.equal(stage.replica("r1").commitPoint, commitPoint);
  assert.ok(stage.replica("r1").mayServe(stage.now));
});
