import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Args } from "../../../src/core/command/args.ts";
import { commandTable } from "../../../src/core/command/commandTable.ts";
import {
  BLOCKED,
  type DispatchedCall,
  DONE,
  type Outcome,
  QUEUED,
  REFUSED,
} from "../../../src/core/command/dispatch.ts";
import { SlotTable } from "../../../src/core/slots/slotTable.ts";
import { Heat } from "../../../src/worker/heat/heat.ts";
import { ANY_SLOT } from "../../../src/worker/slots/requestSlot.ts";

const SLOT = 77;

class Rig {
  readonly slots = new SlotTable();
  /** Turns of the event loop that were waited for. */
  turns = 0;
  /** Called at the begin of each. */
  onTurn: () => void = () => undefined;
  readonly heat = new Heat({ table: commandTable, slots: () => this.slots, now: 0 });

  constructor() {
    this.slots.apply({ kind: "assign", slots: [[0, 99]] }, 1);
    this.heat.nextTurn = async () => {
      this.turns++;
      await new Promise((resolve) => setImmediate(resolve));
      this.onTurn();
    };
  }

  run(line: string, outcome: Outcome = DONE, slot = SLOT): void {
    const args = Args.of(...line.split(" "));
    const spec = commandTable.find(args)!;
    this.heat.begin();
    if (slot >= 0) this.heat.asked(slot, spec.flags.includes("write") ? "write" : "read");
    this.heat.end({ args, spec } as DispatchedCall, outcome, 2, 10);
  }

  totals(slot = SLOT): number[] {
    const metrics = ["reads", "writes", "network-bytes-in", "network-bytes-out", "cpu-usec"] as const;
    return metrics.map((metric) => this.heat.total(slot, metric));
  }
}

describe("heat of slots", () => {
  it("counts reads, writes, bytes and time of what was executed", () => {
    const rig = new Rig();
    rig.run("GET key");
    rig.run("GET key");
    rig.run("SET key value");
    assert.deepEqual(rig.totals(), [2, 1, 6 + 6 + 11, 30, 6]);
    assert.deepEqual(rig.totals(SLOT + 1), [0, 0, 0, 0, 0]);
  });

  it("does not count what was refused, or blocks, or has no key", () => {
    const rig = new Rig();
    for (const outcome of [REFUSED, BLOCKED] as const) rig.run("GET key", outcome);
    rig.run("PING", DONE, -1);
    assert.deepEqual(rig.totals(), [0, 0, 0, 0, 0]);
  });

  it("counts commands of a transaction when they are queued, and its costs at its end", () => {
    const rig = new Rig();
    rig.run("SET key value", QUEUED);
    rig.run("GET key", QUEUED);
    rig.run("EXEC");
    assert.deepEqual(rig.totals().slice(0, 2), [1, 1]);
    assert.equal(rig.totals()[4], 6);
  });

  it("estimates by some of the requests where nobody needs their slots", () => {
    const rig = new Rig();
    const args = Args.of("GET", "key");
    const call = { args, spec: commandTable.find(args)! } as DispatchedCall;
    const requests = 40_000;
    let looked = 0;
    for (let at = 0; at < requests; at++) {
      rig.heat.begin();
      const isWanted = rig.heat.wantsSlot();
      if (isWanted) looked++;
      // The slot of a request with several keys is known in any case.
      rig.heat.asked(isWanted || at % 2 === 0 ? SLOT : ANY_SLOT, "read");
      rig.heat.end(call, DONE, 2, 10);
    }
    assert.ok(looked > requests / 10 && looked < requests / 6, `${looked}`);
    assert.ok(Math.abs(rig.totals()[0]! - requests) < requests / 10, `${rig.totals()[0]}`);
  });

  it("makes rates that follow, and fade", async () => {
    const rig = new Rig();
    for (let second = 1; second <= 60; second++) {
      for (let request = 0; request < 50; request++) rig.run("GET key");
      await rig.heat.fold(second * 1000);
    }
    assert.ok(Math.abs(rig.heat.perSecond(SLOT, "reads") - 50) < 1);
    const long = rig.heat.perSecond(SLOT, "reads", "long");
    assert.ok(long > 25 && long < 40, `${long}`);
    await rig.heat.fold(100_000);
    assert.ok(rig.heat.perSecond(SLOT, "reads") < 1.5);
    assert.ok(rig.heat.perSecond(SLOT, "reads", "long") > 10);
  });

  it("is folded in many turns, and counts what comes between them", async () => {
    const rig = new Rig();
    const slots = [0, SLOT, 8_191, 16_383];
    const runAll = (): void => {
      for (const slot of slots) rig.run("GET key", DONE, slot);
    };
    runAll();
    rig.onTurn = runAll;
    const first = rig.heat.fold(1_000);
    assert.equal(rig.heat.fold(1_500), first, "one at a time");
    await first;
    assert.ok(rig.turns >= 10, `${rig.turns} turns`);
    rig.onTurn = () => undefined;
    const asked = rig.turns + 1;
    for (const slot of slots) assert.equal(rig.totals(slot)[0], asked, `slot ${slot}`);
    await rig.heat.fold(2_000);
    for (const slot of slots) {
      const rate = rig.heat.perSecond(slot, "reads", "long");
      assert.ok(Math.abs(rate - asked / 60) < asked / 600, `slot ${slot}: ${rate}`);
    }
  });

  it("forgets a slot that has left, and totals when statistics are reset", async () => {
    const rig = new Rig();
    rig.run("GET key");
    rig.run("GET key", DONE, 3);
    rig.slots.apply({ kind: "seal", move: "m", slots: [[SLOT, SLOT]], target: "g2" }, 2);
    rig.slots.apply({ kind: "close", move: "m" }, 3);
    rig.slots.apply({ kind: "release", move: "m" }, 4);
    await rig.heat.fold(1000);
    assert.deepEqual(rig.totals(), [0, 0, 0, 0, 0]);
    assert.equal(rig.heat.perSecond(SLOT, "reads"), 0);
    assert.equal(rig.totals(3)[0], 1);
    rig.run("GET key", DONE, 3);
    rig.heat.reset();
    assert.deepEqual(rig.totals(3), [0, 0, 0, 0, 0]);
  });
});

describe("hot keys", () => {
  it("finds the keys that are asked for most, also in a pipeline that repeats itself", async () => {
    const rig = new Rig();
    for (let round = 1; round <= 30; round++) {
      // 64 requests that are always the same: one in a pipeline of that length would be the only one ever looked at.
      for (let times = 0; times < 64; times++) {
        for (let at = 0; at < 64; at++)
          rig.run(at < 16 ? "GET hot" : at < 24 ? "SET warm 1" : `GET cold:${times}:${at}`);
      }
      await rig.heat.fold(round * 1000);
    }
    const [first, second, ...others] = rig.heat.topKeys(10);
    assert.equal(first?.key, "hot");
    assert.equal(second?.key, "warm");
    assert.ok(first.perSecond > 600 && first.perSecond < 1500, `${first.perSecond} instead of some 1,000`);
    for (const { perSecond } of others) assert.ok(perSecond < 250, `${perSecond}`);
    await rig.heat.fold(400_000);
    assert.deepEqual(rig.heat.topKeys(10), []);
  });

  it("keeps no keys that are very long", () => {
    const rig = new Rig();
    for (let at = 0; at < 10_000; at++) rig.run(`GET ${"k".repeat(600)}`);
    assert.deepEqual(rig.heat.topKeys(10), []);
  });
});
