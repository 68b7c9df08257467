import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { describe, it } from "node:test";
import type { ClusterLoad } from "../../../src/core/placement/clusterLoad.ts";
import { tend } from "../../../src/core/placement/tend.ts";
import { TEND_BEGIN } from "../../../src/core/placement/tendState.ts";
import { countSlots } from "../../../src/core/slots/slotRanges.ts";
import { fc } from "../../support/properties.ts";
import { evenSlots, HeatWorld } from "./heatWorld.ts";

describe("a group that is read too much", () => {
  it("divides its reads first, when one replica has more room", () => {
    const world = new HeatWorld().group("g1", 2, evenSlots(0, 10, 1100, 100)).spare("s1");
    world.workers.get("g1w2")!.capacity = 4000;
    assert.deepEqual(world.run(120), ["weights of g1"]);
    const [first] = world.done;
    assert.match(
      first!.decision.why,
      /worker g1w1 of group g1 is 66 % busy, above 60 % in 3 of 4 windows; with the reads/,
    );
    assert.equal(first!.second, 30);
  });

  it("gets spares when all its replicas are busy, and gives them back long after", () => {
    const world = new HeatWorld()
      .group("g1", 2, evenSlots(0, 10, 1700, 10))
      .group("g2", 2, [])
      .spare("s1")
      .spare("s2");
    assert.deepEqual(world.run(600), ["add s1 to g1 (heat)"]);
    const why = world.done.find(({ decision }) => decision.kind === "addReplica")!.decision.why;
    assert.match(
      why,
      /1700 reads a second and 170 reads for each write; with s1 as replica 3 .* 57 % busy instead of 86 %/,
    );
    world.groups.get("g1")!.slots = new Map(evenSlots(0, 10, 100, 1).map((slot) => [slot.slot, slot]));
    assert.deepEqual(world.run(1200), ["remove s1 from g1"]);
    assert.ok(world.done.at(-1)!.second >= 630);
  });

  it("gets none when it is written as well, or when its clients read at the primary only", () => {
    const written = new HeatWorld().group("g1", 2, evenSlots(0, 10, 1500, 100)).spare("s1");
    assert.ok(!written.run(600).some((words) => words.startsWith("add")));
    const unspread = new HeatWorld().group("g1", 2, evenSlots(0, 10, 900, 1)).spare("s1");
    unspread.readsAtPrimary = true;
    assert.deepEqual(unspread.run(600), ["weights of g1"]);
  });

  it("does not take more than a spare a minute, nor more than it may have", () => {
    const world = new HeatWorld().group("g1", 2, evenSlots(0, 10, 9000, 0));
    for (let index = 0; index < 9; index++) world.spare(`s${index}`);
    assert.equal(world.run(600).filter((words) => words.startsWith("add")).length, 3);
    const times = world.done.filter(({ decision }) => decision.kind === "addReplica").map(({ second }) => second);
    assert.ok(times.every((second, index) => index === 0 || second - times[index - 1]! >= 60));
  });

  it("is lent a spare before one that is less hot", () => {
    const world = new HeatWorld()
      .group("g1", 2, evenSlots(0, 10, 1500, 0))
      .group("g2", 2, evenSlots(10, 10, 1900, 0))
      .spare("s1");
    assert.deepEqual(world.run(60), ["add s1 to g2 (heat)"]);
  });
});

describe("a group whose workers are unequal", () => {
  it("hands over to the stronger one", () => {
    const world = new HeatWorld().group("g1", 2, evenSlots(0, 10, 0, 700));
    world.workers.get("g1w2")!.capacity = 3000;
    assert.deepEqual(world.run(600), ["hand over g1: g1w1 > g1w2"]);
  });

  it("moves the replica of the weaker one to a spare", () => {
    const world = new HeatWorld().group("g1", 2, evenSlots(0, 10, 0, 400)).spare("s1");
    world.workers.get("g1w2")!.capacity = 250;
    assert.deepEqual(world.run(600), ["move replica of g1: g1w2 > s1"]);
  });
});

describe("a group that is written too much", () => {
  it("gives slots to the idlest group, few and once", () => {
    const world = new HeatWorld();
    world.group("g1", 2, evenSlots(0, 100, 0, 800)).group("g2", 2, evenSlots(100, 100, 0, 100));
    world.group("g3", 2, evenSlots(200, 100, 0, 300));
    assert.deepEqual(world.run(1200), ["move slots g1 > g2"]);
    const decision = world.done.map((each) => each.decision).find(({ kind }) => kind === "moveSlots");
    assert.ok(decision?.kind === "moveSlots");
    assert.equal(countSlots(decision.slots), 39);
    assert.match(
      decision.why,
      /is 88 % busy, .*with 39 slots fewer its busiest worker is 88 % busy before and 54 % after/,
    );
  });

  it("keeps a slot that is hot alone, gives others away, and says so", () => {
    const hot = { slot: 0, readsPerSecond: 0, writesPerSecond: 650, bytes: 0 };
    const world = new HeatWorld().group("g1", 2, [hot, ...evenSlots(1, 20, 0, 100)]).group("g2", 2, []);
    assert.deepEqual(world.run(7200), ["move slots g1 > g2"]);
    assert.ok(world.groups.get("g1")!.slots.has(0));
    assert.match(world.why, /slot 0 alone makes 100 % of that, so moving slots would only move the heat/);
  });

  it("does not move slots whose copy costs more than it gains", () => {
    const heavy = new HeatWorld().group("g1", 2, evenSlots(0, 100, 0, 600, 4e12)).group("g2", 2, []);
    assert.deepEqual(heavy.run(600), []);
    assert.match(heavy.why, /nothing that could be done gains more than it costs/);
  });

  it("does nothing while a primary has just failed", () => {
    const world = new HeatWorld().group("g1", 2, evenSlots(0, 100, 0, 800)).group("g2", 2, []);
    const failing = (second: number) => {
      world.lastFailoverAt = second * 1000 - 5000;
    };
    assert.deepEqual(world.run(600, failing), []);
    assert.match(world.why, /nothing is changed now, because a primary failed 5 s ago/);
  });
});

describe("a load that goes up and down", () => {
  /** A world in which the heat goes from one group to the other and back. */
  const swinging = () => {
    const world = new HeatWorld().group("g1", 2, []).group("g2", 2, []).group("g3", 2, []).spare("s1").spare("s2");
    const setLoad = (id: string, from: number, reads: number, writes: number) => {
      for (const load of evenSlots(from, 20, reads, writes, 1e9)) {
        const owner = [...world.groups.values()].find(({ slots }) => slots.has(load.slot)) ?? world.groups.get(id)!;
        owner.slots.set(load.slot, load);
      }
    };
    return { world, setLoad };
  };

  it("moves nothing when no three of four windows agree", () => {
    const { world, setLoad } = swinging();
    const done = world.run(3600, (second) => {
      const isHot = second % 20 < 10;
      setLoad("g1", 0, isHot ? 1500 : 0, isHot ? 300 : 0);
    });
    assert.deepEqual(done, []);
  });

  it("does not flap, whatever the period and the load", () => {
    const period = fc.integer({ min: 5, max: 900 });
    const load = fc.record({ reads: fc.integer({ min: 0, max: 2400 }), writes: fc.integer({ min: 0, max: 900 }) });
    fc.assert(
      fc.property(period, load, (seconds, { reads, writes }) => {
        const { world, setLoad } = swinging();
        const hours = 2;
        world.run(hours * 3600, (second) => {
          const isFirst = Math.floor(second / seconds) % 2 === 0;
          setLoad("g1", 0, isFirst ? reads : 0, isFirst ? writes : 0);
          setLoad("g2", 100, isFirst ? 0 : reads, isFirst ? 0 : writes);
        });
        const dear = world.done.filter(({ decision }) => decision.kind !== "wait" && decision.kind !== "readWeights");
        const removed = dear.filter(({ decision }) => decision.kind === "removeReplica").length;
        // A loan lasts ten minutes, and so does a slot's stay.
        assert.ok(removed <= hours * 6 * 3, `${removed} loans`);
        const movedAt = new Map<string, number>();
        for (const { second, decision } of dear) {
          if (decision.kind !== "moveSlots") continue;
          for (const [from, to] of decision.slots) {
            for (let slot = from; slot <= to; slot++) {
              const before = movedAt.get(`${slot}`);
              assert.ok(before === undefined || second - before >= 600, `slot ${slot} at ${before} and ${second}`);
              movedAt.set(`${slot}`, second);
            }
          }
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe("a decision about heat", () => {
  it("takes less than a second for 1,000 groups with 16,384 slots", () => {
    let state = TEND_BEGIN;
    let [decisions, slowest] = [0, 0];
    for (let second = 0; second < 45; second++) {
      const load = bigLoad(second * 1000);
      const started = performance.now();
      const tended = tend(load, state);
      slowest = Math.max(slowest, performance.now() - started);
      state = tended.state;
      decisions += tended.decisions.filter(({ kind }) => kind !== "wait").length;
    }
    assert.ok(decisions > 0);
    assert.ok(slowest < 1000, `${slowest} ms`);
  });
});

/** 1,000 groups of three replicas, every tenth of them hot, and 50 spares. */
function bigLoad(now: number): ClusterLoad {
  const world = new HeatWorld();
  for (let index = 0; index < 50; index++) world.spare(`s${index}`);
  for (let index = 0; index < 1000; index++) {
    const slots = index === 999 ? 16_384 - 999 * 16 : 16;
    const [reads, writes] = index % 20 === 0 ? [2500, 10] : index % 20 === 1 ? [0, 900] : [300, 100];
    world.group(`g${index}`, 3, evenSlots(index * 16, slots, reads, writes, 1e8));
  }
  return { ...world.load(), now };
}
