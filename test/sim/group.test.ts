import assert from "node:assert/strict";
import { test } from "node:test";
import { runCampaign } from "../../sim/campaign.ts";
import { drawPlan, PROFILES } from "../../sim/group/plan.ts";
import { playGroup, shrinkPlan } from "../../sim/group/playGroup.ts";
import { GROUP_SABOTAGES } from "../../sim/group/sabotages.ts";
import { FIRST_SEEDS } from "./groupSabotageSeeds.ts";

const SEEDS = Number(process.env["HOLDFAST_SEEDS"] ?? 1000);
/** Plans change with the simulator: the worlds behind the one that is known have to do as well. */
const SABOTAGE_SEEDS_MAX = 400;

test(`${SEEDS} groups keep every acknowledged write, answer linearizably and recover`, async () => {
  const failures: string[] = [];
  const { counts } = await runCampaign({
    from: 1,
    seeds: SEEDS,
    play: (seed) => playGroup({ plan: drawPlan(seed) }),
    stopsAtFirst: true,
    onViolation: (seed, { message }) => failures.push(`seed ${seed}: ${message}`),
  });
  assert.deepEqual(failures, []);
  const happened = [
    "crash",
    "pause",
    "cut",
    "depose",
    "hand over",
    "leave",
    "snapshots",
    "reads held",
    "coordinator down",
  ];
  for (const name of happened) assert.ok((counts.get(name) ?? 0) >= SEEDS / 10, `${name}: ${counts.get(name)}`);
});

test("a seed and a profile make one world", () => {
  for (const profile of PROFILES) {
    const [one, other] = [0, 1].map(() => {
      const lines: string[] = [];
      const world = playGroup({ plan: drawPlan("7", profile), onTrace: (line) => lines.push(line) });
      return { hash: world.hash.toString(), lines };
    });
    assert.deepEqual(one, other);
  }
});

test("of a plan only the faults are left that it takes", async () => {
  const sabotage = GROUP_SABOTAGES["noPrimaryLease"]!;
  const plan = drawPlan(String(FIRST_SEEDS["noPrimaryLease"]));
  const shrunk = await shrinkPlan(plan, sabotage);
  assert.ok(playGroup({ plan: shrunk, ...sabotage }).violation !== undefined);
  assert.ok(shrunk.faults.length < plan.faults.length / 2, `${shrunk.faults.length} of ${plan.faults.length} faults`);
});

for (const [name, sabotage] of Object.entries(GROUP_SABOTAGES)) {
  test(`the worlds notice: ${sabotage.what}`, async () => {
    const from = FIRST_SEEDS[name];
    assert.ok(from !== undefined, "its seed is known");
    const { failed } = await runCampaign({
      from,
      seeds: SABOTAGE_SEEDS_MAX,
      play: (seed) => playGroup({ plan: drawPlan(seed), ...sabotage }),
      stopsAtFirst: true,
    });
    assert.equal(failed.length, 1, `${SABOTAGE_SEEDS_MAX} worlds did not notice`);
  });
}
