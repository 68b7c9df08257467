import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import type { ClusterSabotage } from "../cluster/sabotage/clusterSabotage.ts";
import { CLUSTER_SABOTAGES } from "../cluster/sabotage/clusterSabotages.ts";
import { type ClusterCampaignResult, runClusterCampaign, shrinkCluster } from "./clusterCampaign.ts";
import { runCluster } from "./runCluster.ts";

const USAGE = `Runs a group of whole nodes in simulated worlds.

  npm run sim -- --cluster                            one world of a drawn seed
  npm run sim -- --cluster --seed N [--trace]         that world again, event by event
  npm run sim -- --cluster --seed N --shrink          with the fewest faults that still show what is wrong
  npm run sim -- --cluster --seed N --faults 1,4      with these faults only
  npm run sim -- --cluster --seeds N [--from M]       many worlds
  npm run sim -- --cluster --sabotage NAME            until a bug is found that was put in; "list", "all"
  --json                                              the result of many worlds for a program
`;
const SEED_MAX = 2 ** 32;
/** A bug that was put in must show within so many worlds. */
const SABOTAGE_SEEDS_MAX = 1_000;

const { values: options } = parseArgs({
  options: {
    cluster: { type: "boolean", default: true },
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "0" },
    faults: { type: "string" },
    sabotage: { type: "string" },
    shrink: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** The commands about groups of whole nodes. Returns whether everything was as it should be. */
export async function clusterMain(): Promise<boolean> {
  if (options.help) console.log(USAGE);
  else if (options.sabotage === "list") for (const name of Object.keys(CLUSTER_SABOTAGES)) console.log(name);
  else if (options.sabotage === "all") return trySabotages();
  else if (options.seeds !== undefined) return runMany(Number(options.seeds));
  else if (options.sabotage !== undefined && options.seed === undefined) return trySabotage(options.sabotage);
  else return runOne(options.seed ?? String(randomInt(SEED_MAX)));
  return true;
}

async function runOne(seed: string): Promise<boolean> {
  const faults = options.shrink ? await shrunk(seed) : options.faults?.split(",").map(Number);
  const world = await runCluster({
    seed,
    ...chosen(),
    ...(faults !== undefined && { faults }),
    ...(options.trace && { onTrace: (line: string) => console.log(line) }),
  });
  const { faults: planned, ...rest } = world.options;
  console.log(`seed ${seed}\n${JSON.stringify(rest)}`);
  for (const fault of planned) console.log(`  ${JSON.stringify(fault)}`);
  printCounts(world.counts);
  const seconds = (world.scheduler.nowMicros / 1e6).toFixed(1);
  console.log(`${world.scheduler.steps} events, ${seconds} virtual seconds, trace ${world.hash}`);
  if (world.violation === undefined) return true;
  const only = faults === undefined ? "" : ` --faults ${faults.join(",")}`;
  console.log(`VIOLATION ${world.violation.message}\nagain: npm run sim -- --cluster --seed ${seed}${only} --trace`);
  return false;
}

async function shrunk(seed: string): Promise<readonly number[]> {
  const world = await runCluster({ seed, ...chosen() });
  return world.violation === undefined
    ? world.options.faults.map((_, i) => i)
    : shrinkCluster(world, chosen().sabotage);
}

async function runMany(seeds: number): Promise<boolean> {
  const began = performance.now();
  const result = await runClusterCampaign({
    ...chosen(),
    from: Number(options.from),
    seeds,
    stopsAtFirst: false,
    onViolation: (seed, { message }) =>
      !options.json && console.log(`seed ${seed} VIOLATION ${message.slice(0, 2_000)}`),
    onProgress: (done, violations) => showProgress(done, seeds, violations),
  });
  const seconds = (performance.now() - began) / 1000;
  if (options.json) console.log(JSON.stringify({ ...result, counts: Object.fromEntries(result.counts), seconds }));
  else printSummary(result, seconds);
  return result.failed.length === 0;
}

function showProgress(done: number, seeds: number, violations: number): void {
  if (!process.stderr.isTTY || options.json) return;
  process.stderr.write(`\r${done} of ${seeds} worlds, ${violations} violations `);
  if (done === seeds) process.stderr.write("\n");
}

function printSummary({ seeds, failed, events, virtualSeconds, counts }: ClusterCampaignResult, seconds: number): void {
  printCounts(counts);
  const rate = (seeds / seconds).toFixed(1);
  console.log(
    `${seeds} worlds, ${events} events, ${(virtualSeconds / 3600).toFixed(1)} virtual hours; ${rate} worlds a second`,
  );
  console.log(failed.length === 0 ? "no violation" : `violations in ${failed.length} worlds`);
}

function printCounts(counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of [...counts].sort()) console.log(`${String(count).padStart(9)}  ${name}`);
}

async function trySabotages(): Promise<boolean> {
  let areAllFound = true;
  for (const name of Object.keys(CLUSTER_SABOTAGES)) areAllFound = (await trySabotage(name)) && areAllFound;
  return areAllFound;
}

/** Whether the worlds notice a bug that was put in. */
async function trySabotage(name: string): Promise<boolean> {
  let message = "";
  const { seeds, failed } = await runClusterCampaign({
    sabotage: known(name),
    from: Number(options.from),
    seeds: SABOTAGE_SEEDS_MAX,
    stopsAtFirst: true,
    onViolation: (_seed, violation) => {
      message = violation.message;
    },
  });
  const isFound = failed.length > 0;
  const text = message.slice(0, 200).split("\n")[0];
  if (options.json) console.log(JSON.stringify({ name, seeds, seed: failed[0], isFound, message }));
  else console.log(`${isFound ? `found in world ${seeds}` : `NOT FOUND in ${seeds} worlds`}: ${name} (${text})`);
  return isFound;
}

function chosen(): { readonly sabotage?: ClusterSabotage } {
  return options.sabotage === undefined ? {} : { sabotage: known(options.sabotage) };
}

function known(name: string): ClusterSabotage {
  const sabotage = CLUSTER_SABOTAGES[name];
  if (sabotage !== undefined) return sabotage;
  console.error(`There is no sabotage "${name}"; --sabotage list shows them.`);
  process.exit(2);
}
