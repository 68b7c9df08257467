import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { type CampaignResult, runCampaign } from "./host/campaign.ts";
import { runWorld } from "./host/runWorld.ts";
import type { Sabotage } from "./sabotage/sabotage.ts";
import { SABOTAGES, sabotageNamed } from "./sabotage/sabotages.ts";

const USAGE = `Runs a node in simulated worlds.

  npm run sim                              one world of a drawn seed
  npm run sim -- --seed N [--trace]        that world again, event by event
  npm run sim -- --seeds N [--from M]      many worlds
  npm run sim -- --sabotage NAME           until a bug is found that was put in; NAME "list" lists them, "all" tries each
  --json                                   the result of many worlds for a program
  --group [...]                            the core of a replica group instead: --group --help
  --cluster [...]                          a group of whole nodes instead: --cluster --help
`;
const SEED_MAX = 2 ** 32;
/** A bug that was put in must show within so many worlds. */
const SABOTAGE_SEEDS_MAX = 2_000;

const isGroup = process.argv.includes("--group");
const isCluster = process.argv.includes("--cluster");
const { values: options } = parseArgs({
  args: isGroup || isCluster ? [] : process.argv.slice(2),
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "0" },
    sabotage: { type: "string" },
    trace: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<boolean> {
  if (options.help) console.log(USAGE);
  else if (options.sabotage === "list") for (const name of Object.keys(SABOTAGES)) console.log(name);
  else if (options.sabotage === "all") return await trySabotages();
  else if (options.seeds !== undefined) return await runMany(Number(options.seeds));
  else if (options.sabotage !== undefined && options.seed === undefined) return await trySabotage(options.sabotage);
  else return await runOne(options.seed ?? String(randomInt(SEED_MAX)));
  return true;
}

async function runOne(seed: string): Promise<boolean> {
  console.log(`seed ${seed}`);
  const sabotage = options.sabotage === undefined ? undefined : known(options.sabotage);
  const world = await runWorld({
    seed,
    ...(sabotage !== undefined && { sabotage }),
    ...(options.trace && { onTrace: (line: string) => console.log(line) }),
  });
  const { requestOptions, ...rest } = world.options;
  console.log(JSON.stringify({ ...rest, ...requestOptions, keys: requestOptions.keys.length }));
  printCounts(world.counts);
  const seconds = (world.scheduler.nowMicros / 1e6).toFixed(1);
  console.log(`${world.scheduler.steps} events, ${seconds} virtual seconds, trace ${world.hash}`);
  if (world.violation === undefined) return true;
  console.log(`VIOLATION ${world.violation.message}\nagain: npm run sim -- --seed ${seed} --trace`);
  return false;
}

async function runMany(seeds: number): Promise<boolean> {
  const began = performance.now();
  const from = Number(options.from);
  const sabotage = options.sabotage === undefined ? undefined : known(options.sabotage);
  const result = await runCampaign({
    from,
    seeds,
    stopsAtFirst: false,
    ...(sabotage !== undefined && { sabotage }),
    onViolation: (seed, { message }) => !options.json && console.log(`seed ${seed} VIOLATION ${message.slice(0, 500)}`),
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

function printSummary(result: CampaignResult, seconds: number): void {
  printCounts(result.counts);
  const rate = (result.seeds / seconds).toFixed(0);
  const virtualHours = (result.virtualSeconds / 3600).toFixed(1);
  console.log(
    `${result.seeds} worlds, ${result.events} events, ${virtualHours} virtual hours; ${rate} worlds a second`,
  );
  console.log(result.failed.length === 0 ? "no violation" : `violations in ${result.failed.length} worlds`);
}

function printCounts(counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of [...counts].sort()) console.log(`${String(count).padStart(9)}  ${name}`);
}

async function trySabotages(): Promise<boolean> {
  let areAllFound = true;
  for (const name of Object.keys(SABOTAGES)) areAllFound = (await trySabotage(name)) && areAllFound;
  return areAllFound;
}

/** Whether the worlds notice a bug that was put in. */
async function trySabotage(name: string): Promise<boolean> {
  let invariant = "";
  const { seeds, failed } = await runCampaign({
    from: Number(options.from),
    seeds: SABOTAGE_SEEDS_MAX,
    stopsAtFirst: true,
    sabotage: known(name),
    onViolation: (_seed, violation) => {
      invariant = violation.invariant;
    },
  });
  const isFound = failed.length > 0;
  if (options.json) console.log(JSON.stringify({ name, seeds, isFound, invariant }));
  else console.log(`${isFound ? `found in world ${seeds}` : `NOT FOUND in ${seeds} worlds`}: ${name} (${invariant})`);
  return isFound;
}

function known(name: string): Sabotage {
  const sabotage = sabotageNamed(name);
  if (sabotage !== undefined) return sabotage;
  console.error(`There is no sabotage "${name}"; --sabotage list shows them.`);
  process.exit(2);
}

/** The commands about groups have options of their own. */
async function run(): Promise<boolean> {
  if (isCluster) return (await import("./host/clusterMain.ts")).clusterMain();
  if (isGroup) return (await import("./host/groupMain.ts")).groupMain();
  return main();
}
process.exitCode = (await run()) ? 0 : 1;
