import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { seq } from "../../../src/base/ids.ts";
import { Stage } from "./stage.ts";

/** What replicas say and do in each situation, line by line. `HOLDFAST_GOLDEN=write` writes the files anew. */
const GOLDEN = fileURLToPath(new URL("golden/", import.meta.url));

function golden(name: string, play: () => Stage): void {
  test(`golden trace: ${name}${name === "pipelined-write" ? " (question 22)" : ""}`, () => {
    const text = `${play().lines.join("\n").trim()}\n`;
    const path = `${GOLDEN}${name}.txt`;
    if (process.env["HOLDFAST_GOLDEN"] === "write") writeFileSync(path, text);
    assert.equal(text, readFileSync(path, "utf8"));
  });
}

/** A group that has been running for a while, with nothing written down yet. */
function running(...ids: string[]): Stage {
  const stage = Stage.group(...ids);
  assert.equal(stage.replica(ids[0]!).primary?.phase, "active");
  stage.lines.length = 0;
  return stage;
}

golden("write", () => {
  const stage = running("r0", "r1", "r2");
  stage.note("one write at the primary");
  stage.write("r0");
  stage.settle();
  assert.equal(stage.replica("r2").commitPoint, stage.replica("r0").commitPoint);
  return stage;
});

golden("pipelined-write", () => {
  const stage = running("r0", "r1", "r2");
  stage.note("three records on their way before the first is acknowledged; r1's disk is faster than r0's");
  stage.write("r0", 2);
  stage.write("r0");
  stage.write("r0", 3);
  stage.disksAreSlow = true;
  stage.settle();
  stage.persist("r1");
  stage.settle();
  stage.note("r2's disk, then the primary's own");
  stage.persist("r2");
  stage.settle();
  stage.persist("r0");
  stage.settle();
  assert.equal(stage.replica("r0").commitPoint, stage.replica("r0").lastSeq);
  return stage;
});

golden("eviction", () => {
  const stage = running("r0", "r1", "r2");
  stage.note("r2 is gone: nothing is committed until it is removed and its lease is over");
  stage.stop("r2");
  stage.write("r0");
  stage.pass(600);
  assert.equal(stage.configuration?.secondaries.length, 1);
  assert.equal(stage.replica("r0").commitPoint, stage.replica("r0").lastSeq);
  return stage;
});

golden("replacement", () => {
  const stage = running("r0", "r1", "r2");
  stage.write("r0");
  stage.settle();
  stage.note("r0 is gone: r1 proposes itself, and begins when its promise is over");
  stage.stop("r0");
  stage.pass(800);
  assert.equal(stage.replica("r1").primary?.phase, "active");
  return stage;
});

golden("hand-over", () => {
  const stage = running("r0", "r1", "r2");
  stage.note("r0 hands over to r2 and stays: leases are given back, and r2 begins at once");
  stage.act("r0", (replica) => assert.ok(replica.handOver("r2", true)));
  stage.pass(200);
  assert.equal(stage.replica("r2").primary?.phase, "active");
  assert.equal(stage.replica("r0").role, "secondary");
  return stage;
});

golden("learning-by-tail", () => {
  const stage = running("r0", "r1");
  stage.write("r0", 2);
  stage.settle();
  stage.note("r2 has nothing, and the primary's log has everything");
  stage.start("r2");
  stage.settle();
  stage.pass(300);
  assert.ok(stage.replica("r2").isMember);
  return stage;
});

golden("learning-by-snapshot", () => {
  const stage = running("r0", "r1");
  stage.write("r0", 2);
  stage.settle();
  stage.note("r2 has nothing, and the primary's log begins behind what is committed");
  const { log, replica } = stage.actor("r0");
  replica.cut(log.cut(replica.commitPoint));
  stage.start("r2");
  stage.settle();
  stage.pass(500);
  assert.ok(stage.replica("r2").isMember);
  return stage;
});

golden("restart-of-primary", () => {
  const stage = running("r0", "r1", "r2");
  stage.write("r0");
  stage.settle();
  stage.note("r0 is started again before anybody misses it: it opens another epoch first");
  stage.stop("r0");
  stage.start("r0");
  stage.pass(700);
  assert.equal(stage.replica("r0").primary?.phase, "active");
  return stage;
});

golden("restart-of-secondary", () => {
  const stage = running("r0", "r1", "r2");
  stage.write("r0");
  stage.settle();
  stage.note("r1 is started again before it is removed: it is still a member, and is asked how far its log goes");
  stage.stop("r1");
  stage.write("r0");
  stage.start("r1");
  stage.pass(400);
  assert.equal(stage.replica("r1").commitPoint, stage.replica("r0").lastSeq);
  return stage;
});

golden("lost-reply-on-adding", () => {
  const stage = running("r0", "r1");
  stage.note("the addition of r2 is installed, and the primary does not hear of it");
  stage.losesReplies = true;
  stage.start("r2");
  stage.settle();
  stage.now += 50;
  stage.act("r0", (replica, now) => replica.tick(now));
  stage.settle();
  stage.losesReplies = false;
  stage.pass(300);
  assert.ok(stage.replica("r2").isMember);
  return stage;
});

golden("deposed-live-primary", () => {
  const stage = running("r0", "r1", "r2");
  stage.note("the controller names r1 while r0 lives and cannot be reached by the others: r0 commits nothing more");
  stage.holdsBack = (from, to) => from === "r0" || to === "r0";
  stage.install({
    ...stage.configuration!,
    epoch: (stage.configuration!.epoch + 1) as never,
    ...successor("r1", "r2"),
  });
  stage.write("r0");
  stage.watch("r1", "r2");
  stage.settle();
  stage.pass(600);
  assert.equal(stage.replica("r1").primary?.phase, "active");
  assert.ok(!stage.replica("r0").mayServe(stage.now));
  stage.note("r0 is heard again");
  stage.holdsBack = () => false;
  stage.pass(400);
  assert.ok(stage.replica("r0").isMember);
  return stage;
});

golden("undecided-read-at-a-secondary", () => {
  const stage = running("r0", "r1", "r2");
  stage.note("r1 has an entry that r2's disk still lacks: a read of it at r1 waits for the commit point");
  stage.disksAreSlow = true;
  stage.write("r0");
  stage.settle();
  stage.persist("r0");
  stage.persist("r1");
  stage.settle();
  const replica = stage.replica("r1");
  const undecided = replica.appendedSeq;
  assert.ok(replica.mayServe(stage.now) && undecided > replica.commitPoint, "it serves, and this entry it holds");
  stage.note("now r2 has it");
  stage.persist("r2");
  stage.settle();
  assert.equal(replica.commitPoint, undecided);
  assert.ok(undecided > seq(0));
  return stage;
});

function successor(primary: string, ...secondaries: string[]) {
  return {
    primary: { id: primary, incarnation: 1 },
    secondaries: secondaries.map((id) => ({ id, incarnation: 1 })),
    released: false,
    nonce: "controller",
    reason: "the controller decided",
  };
}
