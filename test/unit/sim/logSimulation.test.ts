import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sabotages } from "./logSabotage.ts";

const SEEDS = Number(process.env["HOLDFAST_SEEDS"] ?? 2000);
const SABOTAGE_SEEDS_MAX = 500;
const campaign = fileURLToPath(new URL("logCampaign.ts", import.meta.url));

interface CampaignResult {
  readonly counts: Readonly<Record<string, number>>;
  readonly failure?: { readonly seed: number; readonly reason: string };
}

async function run(from: number, count: number, ...sabotage: string[]): Promise<CampaignResult> {
  const args = ["--import", "tsx", campaign, String(from), String(count), ...sabotage];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as CampaignResult;
}

test(`${SEEDS} logs keep what they acknowledged through crashes, tears, full and failing disks`, async () => {
  const { counts, failure } = await run(0, SEEDS);
  assert.equal(failure, undefined, `seed ${failure?.seed}: ${failure?.reason}`);
  for (const [name, value] of Object.entries(counts)) assert.ok(value >= SEEDS / 10, `${name}: only ${value}`);
});

for (const name of Object.keys(sabotages)) {
  test(`the simulation notices when ${name}`, async () => {
    const { failure } = await run(0, SABOTAGE_SEEDS_MAX, name);
    assert.ok(failure !== undefined, `${SABOTAGE_SEEDS_MAX} seeds did not notice`);
  });
}
