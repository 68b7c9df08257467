import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { monotonicMillis, wallMillis } from "../../../src/base/ids.ts";
import { Standstill } from "../../../src/worker/replication/standstill.ts";

describe("a machine that stood still", () => {
  let monotonic: number;
  let wall: number;
  let standstill: Standstill;

  beforeEach(() => {
    monotonic = 5_000.25;
    wall = 1_700_000_000_000;
    standstill = new Standstill({
      monotonic: () => monotonicMillis(monotonic),
      wall: () => wallMillis(Math.floor(wall)),
      micros: () => monotonic * 1000,
    });
  });

  function pass(millis: number, steering = 0): number {
    monotonic += millis;
    wall += millis * (1 + steering);
    return standstill.look();
  }

  it("is seen by the wall clock, once", () => {
    assert.equal(pass(25), 0);
    wall += 700;
    assert.ok(Math.abs(pass(0.1) - 700) <= 2);
    assert.equal(pass(25), 0);
  });

  it("is seen by many short ones, too", () => {
    const seen = Array.from({ length: 10 }, () => {
      wall += 4;
      return pass(25);
    });
    assert.ok(seen.some((millis) => millis > 10));
  });

  it("is not mistaken for clocks that are steered, or for a process that did not run", () => {
    for (let i = 0; i < 2_000; i++) assert.equal(pass(25, 0.000_5), 0);
    assert.equal(pass(60_000), 0);
    for (let i = 0; i < 2_000; i++) assert.equal(pass(25, -0.000_5), 0);
  });

  it("is seen after the wall clock was set back, too", () => {
    wall -= 3_600_000;
    assert.equal(pass(25), 0);
    wall += 500;
    assert.ok(pass(25) > 400);
  });

  it("is not mistaken for an interruption between two looks at clocks", () => {
    let interruption = 300;
    standstill = new Standstill({
      monotonic: () => monotonicMillis(monotonic),
      wall: () => {
        monotonic += interruption;
        wall += interruption;
        interruption = 0;
        return wallMillis(Math.floor(wall));
      },
      micros: () => 0,
    });
    assert.equal(standstill.look(), 0);
    interruption = 300;
    assert.equal(standstill.look(), 0);
    assert.equal(pass(25), 0);
  });
});
