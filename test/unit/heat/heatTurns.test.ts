import assert from "node:assert/strict";
import { it } from "node:test";
import { commandTable } from "../../../src/core/command/commandTable.ts";
import { ALL_SLOTS, SLOT_COUNT } from "../../../src/core/slots/slotRanges.ts";
import { SlotTable } from "../../../src/core/slots/slotTable.ts";
import { nodeTimers } from "../../../src/platform/nodeClock.ts";
import { Heat } from "../../../src/worker/heat/heat.ts";
import { HeatReporter } from "../../../src/worker/heat/heatReport.ts";
import type { Node } from "../../../src/worker/node.ts";

const SLOTS_A_TURN_MAX = 1_024;

it("a report of heat is made in many turns, each of a few slots", async () => {
  let millis = 0;
  let turns = 0;
  let slotsOfTurn = 0;
  let slotsOfTurnMax = 0;
  const timers = {
    ...nodeTimers,
    endOfTurn: (run: () => void): void => {
      setImmediate(() => {
        turns++;
        slotsOfTurn = 0;
        run();
      });
    },
  };
  const slots = new SlotTable();
  slots.apply({ kind: "assign", slots: ALL_SLOTS }, 1);
  const keysOf = (): number => {
    slotsOfTurnMax = Math.max(slotsOfTurnMax, ++slotsOfTurn);
    return 1;
  };
  const node = {
    parts: { clock: { monotonic: () => millis }, timers },
    meter: { commands: 0 },
    journal: { commits: { buckets: new Uint32Array(32) } },
    state: { slots, slotCounts: { of: keysOf }, size: SLOT_COUNT, residentKeys: SLOT_COUNT, memoryUsed: SLOT_COUNT },
    executor: { clients: new Set() },
  } as unknown as Node;
  const heat = new Heat({ table: commandTable, slots: () => slots, now: 0 });
  const reporter = new HeatReporter({ node, heat, busyMillis: () => 0 });
  millis = 1_000;
  const report = JSON.parse(await reporter.report()) as { slots: unknown[] };
  assert.equal(report.slots.length, SLOT_COUNT);
  assert.ok(slotsOfTurnMax <= SLOTS_A_TURN_MAX, `${slotsOfTurnMax} slots in one turn`);
  assert.ok(turns >= SLOT_COUNT / SLOTS_A_TURN_MAX, `${turns} turns`);
});
