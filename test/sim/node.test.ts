import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SABOTAGES } from "../../sim/sabotage/sabotages.ts";

const WORLDS = Number(process.env["HOLDFAST_SEEDS"] ?? 400);
/** A bug that was put in has to show within so many worlds. */
const SABOTAGE_WORLDS_MAX = 600;
const main = fileURLToPath(new URL("../../sim/main.ts", import.meta.url));

/** What has to happen in a hundred worlds, and how often at least, or they prove little. */
const COVERAGE: Readonly<Record<string, number>> = {
  answers: 2_000,
  starts: 100,
  crash: 30,
  "crash while opening": 10,
  kill: 30,
  "kill while opening": 10,
  fatal: 5,
  stops: 20,
  notices: 5,
  "recovered from a refusal": 3,
  "full comparisons": 50,
  "scans completed": 20,
  "keys expired": 20,
  "keys evicted": 20,
  "keys loaded": 20,
  "requests woken": 5,
  disconnects: 10,
};

interface Campaign {
  readonly failed: readonly number[];
  readonly counts: Readonly<Record<string, number>>;
}

interface Attempt {
  readonly name: string;
  readonly seeds: number;
  readonly isFound: boolean;
}

/** Runs the simulator in a process of its own: the test runner's bookkeeping of promises would take longer than the worlds. */
function simulate(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 64 << 20 };
    execFile(process.execPath, ["--import", "tsx", main, ...args], options, (error, stdout, stderr) => {
      // Violations end the simulator with 1; they are told in its output.
      if (error === null || error.code === 1) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}

describe("a node in simulated worlds", { concurrency: 2 }, () => {
  test(`${WORLDS} worlds: what is acknowledged is kept, and nobody can tell the node from its model`, async () => {
    const { failed, counts } = JSON.parse(await simulate("--seeds", String(WORLDS), "--json")) as Campaign;
    assert.deepEqual(failed, [], `again: npm run sim -- --seed ${failed[0]} --trace`);
    for (const [name, least] of Object.entries(COVERAGE)) {
      const happened = ((counts[name] ?? 0) / WORLDS) * 100;
      assert.ok(happened >= least, `${name}: ${happened.toFixed(1)} times in a hundred worlds`);
    }
  });

  test(`every bug that is put in shows within ${SABOTAGE_WORLDS_MAX} worlds`, async () => {
    const lines = (await simulate("--sabotage", "all", "--json")).trim().split("\n");
    const attempts = lines.map((line) => JSON.parse(line) as Attempt);
    assert.deepEqual(
      attempts.map(({ name }) => name),
      Object.keys(SABOTAGES),
    );
    for (const { name, isFound, seeds } of attempts) {
      assert.ok(
        isFound && seeds <= SABOTAGE_WORLDS_MAX,
        `${name}: ${isFound ? `found in world ${seeds}` : "not found"}`,
      );
    }
  });

  test("the same seed is the same world, event by event", async () => {
    const seed = "twice";
    const [first, second] = await Promise.all([
      simulate("--seed", seed, "--trace"),
      simulate("--seed", seed, "--trace"),
    ]);
    assert.ok(first.split("\n").length > 100);
    assert.equal(first, second);
  });
});
