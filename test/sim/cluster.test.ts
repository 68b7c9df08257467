import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CLUSTER_SABOTAGES } from "../../sim/cluster/sabotage/clusterSabotages.ts";
import { FIRST_CLUSTER_SEEDS } from "./clusterSabotageSeeds.ts";

const WORLDS = Number(process.env["HOLDFAST_SEEDS"] ?? 120);
/** Of several groups. */
const MOVE_WORLDS = Number(process.env["HOLDFAST_SEEDS"] ?? 40);
const main = fileURLToPath(new URL("../../sim/main.ts", import.meta.url));

/** What has to happen in a hundred worlds, and how often at least, or they prove little. */
const COVERAGE: Readonly<Record<string, number>> = {
  answers: 20_000,
  "operations checked": 20_000,
  "unknown outcomes": 300,
  starts: 300,
  crash: 50,
  kill: 100,
  stops: 20,
  fatal: 20,
  primaries: 300,
  wiped: 1,
  snapshots: 10,
  "states compared": 1_000,
  "refused: TRYAGAIN": 1,
  "refused: MOVED": 500,
  forwarded: 1_000,
  "once: answered": 8_000,
  "once: answered twice": 3_000,
  "once: writes checked": 8_000,
  "once: timeouts": 300,
};

/** The same where slots move. */
const MOVE_COVERAGE: Readonly<Record<string, number>> = {
  answers: 80_000,
  "operations checked": 80_000,
  "unknown outcomes": 500,
  crash: 50,
  kill: 80,
  primaries: 500,
  "kill of a master": 50,
  "moves flipped": 250,
  "moves aborted": 60,
  flushes: 20,
  "states compared": 3_000,
  "refused: MOVED": 10_000,
  forwarded: 3_000,
  "writes of masters": 1_000,
  "fault: absence of a master": 10,
  "once: answered twice": 1_000,
  "once: writes checked": 2_000,
};

interface Campaign {
  readonly failed: readonly number[];
  readonly counts: Readonly<Record<string, number>>;
}

interface Attempt {
  readonly isFound: boolean;
  readonly message: string;
}

/** Runs the simulator in a process of its own: the test runner's bookkeeping of promises would take longer than the worlds. */
function simulate(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 64 << 20 };
    execFile(process.execPath, ["--import", "tsx", main, "--cluster", ...args], options, (error, stdout, stderr) => {
      // Violations end the simulator with 1; they are told in its output.
      if (error === null || error.code === 1) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}

async function play(worlds: number, groups: string, coverage: Readonly<Record<string, number>>): Promise<void> {
  const args = ["--groups", groups, "--seeds", String(worlds), "--json"];
  const { failed, counts } = JSON.parse(await simulate(...args)) as Campaign;
  assert.deepEqual(failed, [], `again: npm run sim -- --cluster --groups ${groups} --seed ${failed[0]} --trace`);
  for (const [name, least] of Object.entries(coverage)) {
    const happened = ((counts[name] ?? 0) / worlds) * 100;
    assert.ok(happened >= least, `${name}: ${happened.toFixed(1)} times in a hundred worlds`);
  }
}

describe("groups of whole nodes in simulated worlds", { concurrency: 2 }, () => {
  test(`${WORLDS} worlds: nothing acknowledged is lost, every key is linearizable at every replica, and groups recover`, () =>
    play(WORLDS, "1", COVERAGE));

  test(`${MOVE_WORLDS} worlds of several groups: the same while slots move, each slot has one group, and moves end`, () =>
    play(MOVE_WORLDS, "2-3", MOVE_COVERAGE));

  for (const groups of ["1", "2-3"]) {
    test(`the same seed is the same world, event by event, with ${groups} groups`, async () => {
      const again = () => simulate("--groups", groups, "--seed", "twice", "--trace");
      const [first, second] = await Promise.all([again(), again()]);
      assert.ok(first.split("\n").length > 1_000);
      assert.equal(first, second);
    });
  }

  for (const name of Object.keys(CLUSTER_SABOTAGES)) {
    test(`the worlds notice: ${name}`, async () => {
      const from = FIRST_CLUSTER_SEEDS[name];
      assert.ok(from !== undefined, "its seed is known");
      const { isFound } = JSON.parse(await simulate("--sabotage", name, "--from", String(from), "--json")) as Attempt;
      assert.ok(isFound);
    });
  }
});
