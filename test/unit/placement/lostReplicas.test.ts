import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evenSlots, HeatWorld } from "./heatWorld.ts";

const quiet = evenSlots(0, 10, 10, 1);

describe("a replica that is lost", () => {
  it("is replaced by a spare when it is gone for more than a minute, and once only", () => {
    const world = new HeatWorld().group("g1", 2, quiet).group("g2", 2, []).spare("s1").spare("s2");
    world.workers.get("g1w2")!.isUp = false;
    assert.deepEqual(world.run(60), []);
    assert.deepEqual(world.run(300), ["add s1 to g1 (lost)"]);
    assert.match(world.why, /group g1 has had 1 of 2 replicas for 60 s; spare s1 on host s1 is free/);
  });

  it("is not replaced when it comes back in time", () => {
    const world = new HeatWorld().group("g1", 2, quiet).group("g2", 2, []).spare("s1");
    const restart = (second: number) => {
      world.workers.get("g1w2")!.isUp = second % 90 >= 50;
    };
    assert.deepEqual(world.run(600, restart), []);
  });

  it("is replaced on another host if there is one", () => {
    const world = new HeatWorld().group("g1", 2, quiet).spare("s1", "g1w1").spare("s2", "h9");
    world.workers.get("g1w2")!.isUp = false;
    assert.deepEqual(world.run(120), ["add s2 to g1 (lost)"]);
  });

  it("takes back its place, and the spare goes back after ten quiet minutes", () => {
    const world = new HeatWorld().group("g1", 2, quiet).group("g2", 2, []).spare("s1");
    world.workers.get("g1w2")!.isUp = false;
    assert.deepEqual(world.run(120), ["add s1 to g1 (lost)"]);
    world.workers.get("g1w2")!.isUp = true;
    assert.deepEqual(world.run(1200), ["remove s1 from g1"]);
    assert.match(
      world.why,
      /g1 has 3 replicas and is to have 2; its busiest worker is \d % busy and would be \d % busy without s1/,
    );
  });

  it("is not missed when the spare that took its place is primary: that hands over before it goes", () => {
    const world = new HeatWorld().group("g1", 2, quiet).group("g2", 2, []).spare("s1");
    world.groups.get("g1")!.replicas.unshift("s1");
    assert.deepEqual(world.run(120), ["hand over g1: s1 > g1w1", "remove s1 from g1"]);
  });

  it("gets the spare that another group needs least when none is free", () => {
    const world = new HeatWorld().group("g1", 2, quiet).group("g2", 2, []).group("g3", 2, []).spare("s1");
    world.groups.get("g2")!.replicas.push("s1");
    world.workers.get("g1w2")!.isUp = false;
    assert.deepEqual(world.run(100), ["remove s1 from g2", "add s1 to g1 (lost)"]);
  });

  it("is waited for, with a reason, when nothing can be done", () => {
    const world = new HeatWorld().group("g1", 2, quiet).group("g2", 2, []);
    world.workers.get("g1w2")!.isUp = false;
    world.run(62);
    assert.match(world.why, /no spare worker is free: start one with --group g1, or a spare/);
    world.spare("s1").copying.add("g1w1").add("g2w2");
    world.run(1);
    assert.match(world.why, /its primary is busy with another copy/);
    world.copying.clear();
    world.lastFailoverAt = world.second * 1000 - 10_000;
    world.run(1);
    assert.match(world.why, /because a primary failed 10 s ago and 30 s of quiet are kept/);
    world.lastFailoverAt = undefined;
    for (const id of ["g2w1", "g2w2"]) world.workers.get(id)!.isUp = false;
    world.run(1);
    assert.match(world.why, /because 3 of 5 workers are down and more than 20 % is too much/);
  });

  it("waits for its turn when as much as allowed is being copied", () => {
    const world = new HeatWorld();
    for (let index = 0; index < 20; index++) world.group(`g${index}`, 2, []).spare(`s${index}`);
    for (const index of [1, 2, 3]) world.workers.get(`g${index}w2`)!.isUp = false;
    assert.deepEqual(world.run(61), ["add s0 to g1 (lost)", "add s1 to g2 (lost)"]);
    assert.match(
      world.why,
      /group g3 has had 1 of 2 replicas for 60 s, and as much as allowed is being copied already/,
    );
  });
});
