import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MasterStage, SESSION_MILLIS } from "./masterStage.ts";

const epochOf = (stage: MasterStage): number => JSON.parse(stage.ensemble.peek("/masters/epoch")!).epoch;

describe("which master is active", () => {
  test("one of several, and each tells who they are and which it is", async () => {
    const stage = new MasterStage();
    for (const id of ["m1", "m2", "m3"]) await stage.master(id);
    await stage.until("one is active", () => [...stage.masters.values()].some(({ isActive }) => isActive));
    await stage.pass(1000);
    assert.equal(stage.active, stage.masters.get("m1"));
    for (const [id, master] of stage.masters) {
      const { masters, isWhole } = master.topology;
      assert.ok(isWhole);
      assert.deepEqual(
        masters.map((each) => [each.id, each.isActive, each.isSelf]),
        ["m1", "m2", "m3"].map((each) => [each, each === "m1", each === id]),
      );
    }
  });

  test("the next one when it dies, and the one after that is not woken", async () => {
    const stage = new MasterStage();
    for (const id of ["m1", "m2", "m3"]) await stage.master(id);
    await stage.until("m1 is active", () => stage.masters.get("m1")!.isActive);
    const epoch = epochOf(stage);
    stage.kill("m1");
    await stage.until("m2 is active", () => stage.masters.get("m2")!.isActive);
    await stage.pass(1000);
    assert.equal(stage.active, stage.masters.get("m2"));
    assert.equal(epochOf(stage), epoch + 1);
  });

  test("its successor at once when it is stopped", async () => {
    const stage = new MasterStage();
    const first = await stage.master("m1");
    await stage.master("m2");
    await stage.until("m1 is active", () => first.isActive);
    stage.masters.delete("m1");
    await stage.result(first.stop());
    const before = stage.scheduler.nowMicros;
    await stage.until("m2 is active", () => stage.masters.get("m2")!.isActive);
    assert.ok(stage.scheduler.nowMicros - before < (SESSION_MILLIS * 1000) / 2);
  });

  test("one that loses its session stands at the end of the queue", async () => {
    const stage = new MasterStage();
    for (const id of ["m1", "m2"]) await stage.master(id);
    await stage.until("m1 is active", () => stage.masters.get("m1")!.isActive);
    stage.ensemble.expire("m1");
    await stage.until("m2 is active", () => stage.masters.get("m2")!.isActive);
    await stage.until("m1 stands by", () => !stage.masters.get("m1")!.isActive);
    await stage.pass(3000);
    assert.deepEqual(
      stage.active.topology.masters.map(({ id }) => id),
      ["m2", "m1"],
    );
    stage.ensemble.expire("m2");
    await stage.until(
      "m1 is active again",
      () => stage.masters.get("m1")!.isActive && !stage.masters.get("m2")!.isActive,
    );
  });

  test("a paused one that wakes up cannot write, and steps down", async () => {
    const stage = new MasterStage();
    for (const id of ["m1", "m2"]) await stage.master(id);
    for (const id of ["g1", "g2"]) await stage.group(id);
    await stage.until("slots are there", () => stage.slots !== undefined);
    const old = stage.masters.get("m1")!;
    assert.ok(old.isActive);
    stage.pause("m1");
    await stage.until("m2 is active", () => stage.masters.get("m2")!.isActive);
    assert.ok(old.isActive, "it does not know yet");
    const asked = old.execute({ kind: "drain", group: "g1" });
    stage.resume("m1");
    const answer = await stage.result(asked);
    assert.ok(!answer.ok);
    await stage.until("m1 stands by", () => !old.isActive);
    assert.deepEqual(stage.settings.draining, []);
    assert.equal(stage.active, stage.masters.get("m2"));
  });

  test("one whose epoch was replaced is refused at its next write, though its session lives", async () => {
    const stage = new MasterStage();
    const master = await stage.master("m1");
    for (const id of ["g1", "g2"]) await stage.group(id);
    await stage.until("slots are there", () => stage.slots !== undefined);
    const epoch = epochOf(stage);
    await stage.put("/masters/epoch", JSON.stringify({ epoch: epoch + 5 }));
    const answer = await stage.result(master.execute({ kind: "drain", group: "g1" }));
    assert.ok(!answer.ok && answer.error.code === "not_active", JSON.stringify(answer));
    assert.deepEqual(stage.settings.draining, []);
    await stage.until("it was elected anew", () => master.isActive);
    assert.equal(epochOf(stage), epoch + 6);
    await stage.value(master.execute({ kind: "drain", group: "g1" }));
  });

  test("for ever, with a connection that breaks all the time", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const faults = { breaksPerMille: 60, lagMicrosMax: 30_000, watchMicrosMax: 30_000 };
      const stage = new MasterStage(`breaks ${seed}`, faults);
      for (const id of ["m1", "m2", "m3"]) await stage.master(id);
      for (let round = 0; round < 5; round++) {
        await stage.until("one is active", () => [...stage.masters.values()].some(({ isActive }) => isActive));
        stage.ensemble.expire([...stage.masters].find(([, { isActive }]) => isActive)![0]);
        await stage.pass(500);
      }
      stage.ensemble.calm();
      await stage.pass(5000);
      const active = stage.active;
      assert.equal(active.topology.masters.length, 3);
      for (const master of stage.masters.values()) {
        const named = master.topology.masters.find(({ isActive }) => isActive);
        assert.equal(stage.masters.get(named!.id), active);
      }
    }
  });
});
