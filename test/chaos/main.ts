import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeHistory } from "../../sim/checker/history.ts";
import { createPrng, type Prng } from "../../src/base/prng.ts";
import { ClusterRig } from "../support/clusterRig.ts";
import { describePauses, playCalm } from "./clusterCalm.ts";
import { CLUSTER_FAULTS } from "./clusterFaults.ts";
import { FAULTS } from "./faults.ts";
import { playRound, type RoundReport } from "./round.ts";
import { clusterStage, groupStage, playFaults, type Stage } from "./stage.ts";

const USAGE = `npm run chaos -- [--cluster [--calm]] [--minutes N] [--seed S] [--faults a,b] [--zookeeper 1|3] [--args="--durability memory"] [--keep-going]
faults: ${FAULTS.map(({ name }) => name).join(" ")}
with --cluster also: ${CLUSTER_FAULTS.slice(FAULTS.length)
  .map(({ name }) => name)
  .join(" ")}`;

/** After so many rounds the group is made anew: ages of a group are part of what can go wrong, and so is its beginning. */
const ROUNDS_PER_RIG = 15;
/** One round in so many has two faults at the same time. */
const TWO_FAULTS_ONE_IN = 3;
const VIOLATION_CHARACTERS_MAX = 4_000;
const LINES_MAX = 10_000;

type Options = {
  readonly minutes: number;
  readonly seed: number;
  /** Of several groups, between which slots move. */
  readonly isCluster: boolean;
  /** Slots move, and nothing else happens. */
  readonly isCalm: boolean;
  /** All if absent. */
  readonly faults: readonly string[] | undefined;
  readonly zookeeperServers: 1 | 3;
  readonly args: readonly string[];
  readonly keepGoing: boolean;
};

type Totals = {
  readonly faults: Map<string, number>;
  readonly repairs: number[];
  rounds: number;
  operations: Record<"ok" | "refused" | "unknown", number>;
  transactions: number;
  epochs: number;
  failovers: number;
  violations: number;
};

// Whoever ends this ends the servers too: they go with the event "exit".
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const options = readOptions();
if (typeof options === "string") {
  console.error(options);
  process.exitCode = 2;
} else process.exit(await (options.isCalm ? runCalm(options) : run(options)));

function readOptions(): Options | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
  } catch (error) {
    return `${(error as Error).message}\n${USAGE}`;
  }
  const names = values.faults?.split(",");
  const isCluster = values.cluster === true;
  const known = isCluster ? CLUSTER_FAULTS : FAULTS;
  const unknown = names?.find((name) => !known.some((fault) => fault.name === name));
  if (unknown !== undefined) return `there is no fault ${unknown}\n${USAGE}`;
  const minutes = Number(values.minutes);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
  const isCalm = values.calm === true;
  if (!(minutes > 0) || !Number.isSafeInteger(seed) || (isCalm && !isCluster)) return USAGE;
  return {
    ...{ minutes, seed, isCluster, isCalm },
    faults: names,
    zookeeperServers: values.zookeeper === "1" ? 1 : 3,
    args: values.args?.split(" ").filter((arg) => arg !== "") ?? [],
    keepGoing: values["keep-going"] === true,
  };
}

function parse() {
  return parseArgs({
    options: {
      cluster: { type: "boolean" },
      calm: { type: "boolean" },
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      faults: { type: "string" },
      zookeeper: { type: "string", default: "3" },
      args: { type: "string" },
      "keep-going": { type: "boolean" },
    },
  }).values;
}

async function run(options: Options): Promise<number> {
  const { minutes, seed, keepGoing } = options;
  console.log(`seed ${seed}, ${minutes} minutes`);
  const random = createPrng(seed);
  const end = performance.now() + minutes * 60_000;
  const totals: Totals = {
    faults: new Map(),
    repairs: [],
    rounds: 0,
    operations: { ok: 0, refused: 0, unknown: 0 },
    transactions: 0,
    epochs: 0,
    failovers: 0,
    violations: 0,
  };
  while (performance.now() < end && (keepGoing || totals.violations === 0)) {
    const stage = await openStage(options, totals.rounds === 0);
    let isSound = true;
    for (let round = 0; round < ROUNDS_PER_RIG && performance.now() < end && isSound; round++) {
      isSound = await oneRound(stage, random.fork(`round ${totals.rounds}`), totals);
    }
    await stage.rig.stop();
  }
  printSummary(totals);
  return totals.violations === 0 ? 0 : 1;
}

async function openStage(
  { isCluster, faults: names, zookeeperServers, args }: Options,
  isFirst: boolean,
): Promise<Stage> {
  const isWanted = ({ name }: { readonly name: string }): boolean => names?.includes(name) ?? true;
  const wanted = (isCluster ? CLUSTER_FAULTS : FAULTS).filter(isWanted);
  const stageOptions = { zookeeperServers, args, diskFaults: wanted.some(({ needs }) => needs === "disk") };
  const stage = isCluster
    ? await clusterStage(stageOptions, CLUSTER_FAULTS.filter(isWanted))
    : await groupStage(stageOptions, FAULTS.filter(isWanted));
  const missing = wanted.filter(({ name }) => !stage.faults.some((fault) => fault.name === name));
  if (missing.length > 0 && isFirst) console.log(`not possible here: ${missing.map(({ name }) => name).join(", ")}`);
  return stage;
}

/** Moves without faults: no request may fail, and how long some take is told. */
async function runCalm({ minutes, seed, zookeeperServers, args }: Options): Promise<number> {
  console.log(`seed ${seed}, ${minutes} minutes`);
  const rig = await ClusterRig.start({ zookeeperServers, args, isDirect: true });
  const report = await playCalm(rig, { seed, name: "calm", millis: minutes * 60_000, slotsMin: 0 });
  await rig.stop();
  const { round, requests, failures, moves, slots, pauses, unmoved } = report;
  const { ok, refused, unknown } = round.operations;
  console.log(`${moves} requests moved ${slots} slots; ioredis: ${requests} requests, ${failures.length} failed`);
  console.log(`beside: ok ${ok} refused ${refused} unknown ${unknown} transactions ${round.transactions}`);
  for (const kind of ["write", "read"] as const) {
    console.log(`longest ${kind} of a slot that moves: ${describePauses(pauses[kind])}`);
    console.log(`longest ${kind} of one that does not, in as long: ${describePauses(unmoved[kind])}`);
  }
  const problems = [...failures, ...round.violations];
  for (const problem of problems) console.log(`   VIOLATION ${problem.slice(0, VIOLATION_CHARACTERS_MAX)}`);
  return problems.length === 0 ? 0 : 1;
}

async function oneRound({ rig, faults, meanwhile }: Stage, random: Prng, totals: Totals): Promise<boolean> {
  const drawn = [random.pick(faults)];
  if (random.chance(1, TWO_FAULTS_ONE_IN)) drawn.push(random.pick(faults));
  const names = drawn.map(({ name }) => name);
  for (const name of names) totals.faults.set(name, (totals.faults.get(name) ?? 0) + 1);
  const name = `r${totals.rounds++}`;
  const primaries = await Promise.all(rig.groups.map(async (group) => (await group.known()).primary.id));
  console.log(`${name} ${names.join(" + ")} (primary ${primaries.join(", ")})`);
  const report = await playRound(rig, {
    seed: random.u32(),
    name,
    trouble: async (load) => {
      const said = await meanwhile(random.fork("meanwhile"), load, () => playFaults(drawn, random, load));
      if (said !== "") console.log(`   ${said}`);
    },
  });
  add(totals, report);
  const { operations, epochs, repairMillis } = report;
  const unknown = `${operations.unknown}${kindsOfUnknown(report)}`;
  console.log(
    `   ok ${operations.ok} refused ${operations.refused} unknown ${unknown} transactions ${report.transactions} epochs ${epochs} repaired in ${Math.round(repairMillis)} ms`,
  );
  if (report.violations.length === 0) return true;
  tellViolations(rig, name, report);
  return false;
}

/** ` (get 3, set 1)` */
function kindsOfUnknown({ history }: RoundReport): string {
  const counts = new Map<string, number>();
  for (const { kind, outcome } of history) if (outcome === "unknown") counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts.size === 0 ? "" : ` (${[...counts].map(([kind, count]) => `${kind} ${count}`).join(", ")})`;
}

function tellViolations(rig: Stage["rig"], name: string, { violations, history }: RoundReport): void {
  const directory = join(tmpdir(), `holdfast-chaos-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.history`), writeHistory(history));
  writeFileSync(join(directory, `${name}.log`), rig.notices(LINES_MAX));
  for (const violation of violations.slice(0, 10))
    console.log(`   VIOLATION ${violation.slice(0, VIOLATION_CHARACTERS_MAX)}`);
  console.log(`   ${violations.length} in all; the history and what the workers printed are in ${directory}`);
}

function add(
  totals: Totals,
  { operations, transactions, epochs, isOtherPrimary, repairMillis, violations }: RoundReport,
): void {
  for (const outcome of ["ok", "refused", "unknown"] as const) totals.operations[outcome] += operations[outcome];
  totals.transactions += transactions;
  totals.epochs += epochs;
  totals.failovers += isOtherPrimary ? 1 : 0;
  totals.repairs.push(repairMillis);
  totals.violations += violations.length;
}

function printSummary({
  faults,
  rounds,
  operations,
  transactions,
  epochs,
  failovers,
  violations,
  repairs,
}: Totals): void {
  const slowest = Math.max(0, ...repairs);
  console.log(`\n| fault | times |\n|---|---|`);
  for (const [name, times] of [...faults].sort(([one], [other]) => (one < other ? -1 : 1))) {
    console.log(`| ${name} | ${times} |`);
  }
  console.log(
    `\nrounds ${rounds}, operations ok ${operations.ok}, refused ${operations.refused}, outcome unknown ${operations.unknown}, transactions ${transactions}, epochs ${epochs}, rounds that ended with another primary ${failovers}, slowest repair ${Math.round(slowest)} ms, VIOLATIONS ${violations}`,
  );
}
