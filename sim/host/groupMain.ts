import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { type GroupCampaignResult, runGroupCampaign, shrinkFaults } from "../group/groupCampaign.ts";
import { GroupWorld } from "../group/groupWorld.ts";
import { drawPlan, PROFILES, type Profile } from "../group/plan.ts";
import { DIRECTED_SABOTAGES, GROUP_SABOTAGES, type GroupSabotage, SECOND_GUARDS } from "../group/sabotages.ts";

const USAGE = `Runs a replica group's core in simulated worlds.

  npm run sim -- --group                            one world of a drawn seed
  npm run sim -- --group --seed N [--trace]         that world again, event by event
  npm run sim -- --group --seed N --shrink          with the fewest faults that still show what is wrong
  npm run sim -- --group --seeds N [--from M]       many worlds
  npm run sim -- --group --sabotage NAME            until a rule that is not kept is noticed; "list", "all"
  --profile NAME                                    ${PROFILES.join(", ")}
  --json                                            the result of many worlds for a program
`;
const SEED_MAX = 2 ** 32;
/** A rule that is not kept must show within so many worlds. */
const SABOTAGE_SEEDS_MAX = 5_000;

const { values: options } = parseArgs({
  options: {
    group: { type: "boolean", default: true },
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "0" },
    sabotage: { type: "string" },
    profile: { type: "string" },
    shrink: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** The commands about groups. Returns whether everything was as it should be. */
export function groupMain(): boolean {
  if (options.help) console.log(USAGE);
  else if (options.sabotage === "list") listSabotages();
  else if (options.sabotage === "all") return trySabotages();
  else if (options.seeds !== undefined) return runMany(Number(options.seeds));
  else if (options.sabotage !== undefined && options.seed === undefined) return trySabotage(options.sabotage);
  else return runOne(options.seed ?? String(randomInt(SEED_MAX)));
  return true;
}

function listSabotages(): void {
  const lists = {
    "found by worlds": GROUP_SABOTAGES,
    "found by scenarios": DIRECTED_SABOTAGES,
    "second guards": SECOND_GUARDS,
  };
  for (const [title, sabotages] of Object.entries(lists)) {
    console.log(`${title}:`);
    for (const [name, { what }] of Object.entries(sabotages)) console.log(`  ${name.padEnd(26)}${what}`);
  }
}

function runOne(seed: string): boolean {
  const sabotage = chosenSabotage();
  const drawn = drawPlan(seed, chosenProfile());
  const plan = options.shrink ? shrinkFaults(drawn, sabotage) : drawn;
  const world = new GroupWorld({
    plan,
    ...sabotage,
    ...(options.trace && { onTrace: (line: string) => console.log(line) }),
  });
  const violation = world.run();
  const { faults, ...rest } = plan;
  console.log(JSON.stringify(rest));
  for (const fault of faults) console.log(`  ${JSON.stringify(fault)}`);
  printCounts(world.counts);
  const seconds = (world.scheduler.nowMicros / 1e6).toFixed(1);
  console.log(`${world.scheduler.steps} events, ${seconds} virtual seconds, trace ${world.hash}`);
  if (violation === undefined) return true;
  console.log(`VIOLATION ${violation.message}\nagain: npm run sim -- --group --seed ${seed} --trace`);
  return false;
}

function runMany(seeds: number): boolean {
  const began = performance.now();
  const result = runGroupCampaign({
    ...chosen(),
    from: Number(options.from),
    seeds,
    stopsAtFirst: false,
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

function printSummary({ seeds, failed, events, virtualSeconds, counts }: GroupCampaignResult, seconds: number): void {
  printCounts(counts);
  const rate = (seeds / seconds).toFixed(0);
  console.log(
    `${seeds} worlds, ${events} events, ${(virtualSeconds / 3600).toFixed(1)} virtual hours; ${rate} worlds a second`,
  );
  console.log(failed.length === 0 ? "no violation" : `violations in ${failed.length} worlds`);
}

function printCounts(counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of [...counts].sort()) console.log(`${String(count).padStart(9)}  ${name}`);
}

function trySabotages(): boolean {
  let areAllFound = true;
  for (const name of Object.keys(GROUP_SABOTAGES)) areAllFound = trySabotage(name) && areAllFound;
  return areAllFound;
}

/** Whether the worlds notice a rule that is not kept. */
function trySabotage(name: string): boolean {
  let message = "";
  const { seeds, failed } = runGroupCampaign({
    ...chosen(),
    sabotage: known(name),
    from: Number(options.from),
    seeds: SABOTAGE_SEEDS_MAX,
    stopsAtFirst: true,
    onViolation: (_seed, violation) => {
      message = violation.message;
    },
  });
  const isFound = failed.length > 0;
  if (options.json) console.log(JSON.stringify({ name, seeds, seed: failed[0], isFound, message }));
  else
    console.log(
      `${isFound ? `found in world ${seeds}` : `NOT FOUND in ${seeds} worlds`}: ${name} (${message.slice(0, 200)})`,
    );
  return isFound;
}

function chosen(): { readonly profile?: Profile; readonly sabotage?: GroupSabotage } {
  const sabotage = chosenSabotage();
  const profile = chosenProfile();
  return { ...(profile !== undefined && { profile }), ...(sabotage !== undefined && { sabotage }) };
}

function chosenSabotage(): GroupSabotage | undefined {
  return options.sabotage === undefined ? undefined : known(options.sabotage);
}

function chosenProfile(): Profile | undefined {
  if (options.profile === undefined) return undefined;
  const profile = PROFILES.find((each) => each === options.profile);
  return profile ?? refuse(`There is no profile "${options.profile}": ${PROFILES.join(", ")}.`);
}

function known(name: string): GroupSabotage {
  const sabotage = GROUP_SABOTAGES[name] ?? DIRECTED_SABOTAGES[name] ?? SECOND_GUARDS[name];
  return sabotage ?? refuse(`There is no sabotage "${name}"; --sabotage list shows them.`);
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}
