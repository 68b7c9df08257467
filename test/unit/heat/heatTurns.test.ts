import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Args } from "../../../src/core/command/args.ts";
import { commandTable } from "../../../src/core/command/commandTable.ts";
import { type DispatchedCall, DONE } from "../../../src/core/command/dispatch.ts";
import type { SlotMetric } from "../../../src/core/command/nodeHeat.ts";
import { ALL_SLOTS, SLOT_COUNT } from "../../../src/core/slots/slotRanges.ts";
import { SlotTable } from "../../../src/core/slots/slotTable.ts";
import { nodeTimers } from "../../../src/platform/nodeClock.ts";
import { Heat } from "../../../src/worker/heat/heat.ts";
import { HeatReporter } from "../../../src/worker/heat/heatReport.ts";
import type { Node } from "../../../src/worker/node.ts";

const SLOTS_A_TURN_MAX = 1_024;
const METRICS: readonly SlotMetric[] = ["reads", "writes", "network-bytes-in", "network-bytes-out", "cpu-usec"];
/** At both ends of what is folded in one turn, and between. */
const PLACES = [0, 1_023, 1_024, 5_555, 15_359, 15_360, 16_383];

/** All slots, what is asked for in them, and the turns in which it is told. */
class Rig {
  millis = 0;
  turns = 0;
  /** Called at the begin of each. */
  onTurn: () => void = () => undefined;
  /** Called for each slot that a report looks at. */
  onSlot: () => void = () => undefined;
  readonly slots = new SlotTable();
  readonly heat = new Heat({ table: commandTable, slots: () => this.slots, now: 0 });
  readonly reporter: HeatReporter;
  readonly #calls = ["GET key", "SET key value"].map((line) => {
    const args = Args.of(...line.split(" "));
    return { args, spec: commandTable.find(args)! } as DispatchedCall;
  });

  constructor() {
    this.slots.apply({ kind: "assign", slots: ALL_SLOTS }, 1);
    const timers = {
      ...nodeTimers,
      endOfTurn: (run: () => void): void => {
        setImmediate(() => {
          this.turns++;
          this.onTurn();
          run();
        });
      },
    };
    const keysOf = (): number => {
      this.onSlot();
      return 1;
    };
    const node = {
      parts: { clock: { monotonic: () => this.millis }, timers },
      meter: { commands: 0 },
      journal: { commits: { buckets: new Uint32Array(32) } },
      state: {
        ...{ slots: this.slots, slotCounts: { of: keysOf } },
        ...{ size: SLOT_COUNT, residentKeys: SLOT_COUNT, memoryUsed: SLOT_COUNT },
      },
      executor: { clients: new Set() },
    } as unknown as Node;
    this.reporter = new HeatReporter({ node, heat: this.heat, busyMillis: () => 0 });
  }

  ask(slot: number, kind: "read" | "write" = "read"): void {
    const call = this.#calls[kind === "read" ? 0 : 1]!;
    this.heat.begin();
    this.heat.asked(slot, kind);
    this.heat.end(call, DONE, 3, 10);
  }

  /** Every slot in its own way. */
  askAll(): void {
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      for (let times = 0; times < 1 + (slot % 3); times++) this.ask(slot);
      for (let times = 0; times < 1 + (slot % 2); times++) this.ask(slot, "write");
    }
  }

  /** As if the group had given these slots away. */
  leave(...slots: readonly number[]): void {
    const ranges = slots.map((slot): [number, number] => [slot, slot]);
    this.slots.apply({ kind: "seal", move: "m", slots: ranges, target: "g2" }, 2);
    this.slots.apply({ kind: "close", move: "m" }, 3);
    this.slots.apply({ kind: "release", move: "m" }, 4);
  }

  async report(): Promise<{ readonly slots: readonly (readonly number[])[]; readonly readsPerSecond: number }> {
    return JSON.parse(await this.reporter.report());
  }

  /** Rates of all figures of all slots, one after another. */
  rates(window: "short" | "long" = "short"): number[] {
    return Array.from({ length: SLOT_COUNT * METRICS.length }, (_, at) =>
      this.heat.perSecond(Math.floor(at / METRICS.length), METRICS[at % METRICS.length]!, window),
    );
  }

  totals(slot: number): number[] {
    return METRICS.map((metric) => this.heat.total(slot, metric));
  }
}

function countOf(slot: number): number[] {
  const [reads, writes] = [1 + (slot % 3), 1 + (slot % 2)];
  return [reads, writes, reads * 6 + writes * 11, (reads + writes) * 10, (reads + writes) * 3];
}

/** What has been counted in the second before, as a rate that has not begun before that. */
const risen = (count: number, windowMillis: number): number => count * (1 - Math.exp(-1_000 / windowMillis));

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.abs(b);

describe("turns of heat", () => {
  it("a fold takes every figure of every slot, each once", async () => {
    const rig = new Rig();
    rig.askAll();
    const counts = Array.from({ length: SLOT_COUNT }, (_, slot) => countOf(slot)).flat();
    await rig.heat.fold(1_000);
    for (const [window, millis] of [
      ["short", 10_000],
      ["long", 60_000],
    ] as const) {
      const wrong = rig.rates(window).findIndex((rate, at) => !isNear(rate, risen(counts[at]!, millis)));
      assert.equal(wrong, -1, `${METRICS[wrong % 5]} of slot ${Math.floor(wrong / 5)}, ${window}`);
    }
    // Nothing comes any more: all of them fade, and nothing counts again.
    const before = rig.rates();
    await rig.heat.fold(2_000);
    const kept = Math.exp(-1 / 10);
    const wrong = rig.rates().findIndex((rate, at) => !isNear(rate, before[at]! * kept));
    assert.equal(wrong, -1, `${METRICS[wrong % 5]} of slot ${Math.floor(wrong / 5)} after nothing came`);
    for (const slot of PLACES) assert.deepEqual(rig.totals(slot), countOf(slot));
  });

  it("a slot that leaves between the turns of a fold is forgotten at its end, and no other", async () => {
    const rig = new Rig();
    rig.askAll();
    const gone = PLACES.filter((_, at) => at % 2 === 1);
    let turns = 0;
    rig.heat.nextTurn = async () => {
      await new Promise(setImmediate);
      if (++turns === 5) rig.leave(...gone);
    };
    await rig.heat.fold(1_000);
    const near = new Set(
      PLACES.flatMap((slot) => [slot - 1, slot, slot + 1]).filter((slot) => slot >= 0 && slot < SLOT_COUNT),
    );
    for (const slot of near) {
      const expected = gone.includes(slot) ? [0, 0, 0, 0, 0] : countOf(slot);
      assert.deepEqual(rig.totals(slot), expected, `slot ${slot}`);
      const rates = METRICS.map((metric) => rig.heat.perSecond(slot, metric));
      assert.ok(
        rates.every((rate, at) => rate === expected[at] || isNear(rate, risen(expected[at]!, 10_000))),
        `slot ${slot}: ${rates}`,
      );
    }
    await rig.heat.fold(2_000);
    for (const slot of gone) assert.equal(rig.heat.perSecond(slot, "reads"), 0);
  });

  it("when statistics are reset, what was counted since the last fold still counts for the rates", async () => {
    const [one, other] = [new Rig(), new Rig()];
    for (const rig of [one, other]) rig.askAll();
    one.heat.reset();
    for (const slot of PLACES) assert.deepEqual(one.totals(slot), [0, 0, 0, 0, 0]);
    for (const rig of [one, other]) await rig.heat.fold(1_000);
    const rates = other.rates();
    const wrong = one.rates().findIndex((rate, at) => rate !== rates[at]);
    assert.equal(wrong, -1, `${METRICS[wrong % 5]} of slot ${Math.floor(wrong / 5)}`);
    for (const slot of PLACES) assert.deepEqual(one.totals(slot), [0, 0, 0, 0, 0]);
  });

  it("a report is made in many turns, each of a few slots, and tells each slot once", async () => {
    const rig = new Rig();
    let slotsOfTurn = 0;
    let slotsOfTurnMax = 0;
    rig.onTurn = () => {
      slotsOfTurn = 0;
    };
    rig.onSlot = () => {
      slotsOfTurnMax = Math.max(slotsOfTurnMax, ++slotsOfTurn);
    };
    rig.millis = 1_000;
    const { slots } = await rig.report();
    assert.equal(slots.length, SLOT_COUNT);
    assert.ok(slots.every(([slot], at) => slot === at));
    assert.ok(slotsOfTurnMax <= SLOTS_A_TURN_MAX, `${slotsOfTurnMax} slots in one turn`);
    // Once through all for the rates, and once for the rows.
    assert.ok(rig.turns >= (2 * SLOT_COUNT) / SLOTS_A_TURN_MAX, `${rig.turns} turns`);
  });

  it("a report has what has come by then, of all slots, but of none that has left; there is a new one a while later", async () => {
    const rig = new Rig();
    for (const slot of PLACES) for (let times = 0; times < 100; times++) rig.ask(slot);
    rig.leave(1_024);
    rig.millis = 1_000;
    const making = rig.reporter.report();
    assert.equal(rig.reporter.report(), making, "one at a time");
    await making;
    const first = await rig.report();
    assert.equal(first.slots.length, SLOT_COUNT - 1);
    const rate = risen(100, 10_000);
    const asked = first.slots.filter(([, reads]) => reads! > 0);
    assert.deepEqual(
      asked.map(([slot, reads]) => [slot, reads]),
      PLACES.filter((slot) => slot !== 1_024).map((slot) => [slot, Math.round(rate * 10) / 10]),
    );
    assert.ok(Math.abs(first.readsPerSecond - rate * 6) < 0.1, `${first.readsPerSecond}`);
    rig.millis = 1_499;
    for (let times = 0; times < 1_000; times++) rig.ask(7);
    assert.equal(JSON.stringify(await rig.report()), JSON.stringify(first), "it is kept for a while");
    rig.millis = 1_500;
    const second = await rig.report();
    assert.equal(second.slots.length, SLOT_COUNT - 1);
    assert.ok(second.slots[7]![1]! > 50, `${second.slots[7]}`);
  });
});
