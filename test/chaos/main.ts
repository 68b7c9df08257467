import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeHistory } from "../../sim/checker/history.ts";
import { createPrng, type Prng } from "../../src/base/prng.ts";
import { GroupRig } from "../support/groupRig.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { playRound, type RoundReport } from "./round.ts";

const USAGE = `npm run chaos -- [--minutes N] [--seed S] [--faults a,b] [--zookeeper 1|3] [--args="--durability memory"] [--keep-going]
faults: ${FAULTS.map(({ name }) => name).join(" ")}`;

/** After so many rounds the group is made anew: ages of a group are part of what can go wrong, and so is its beginning. */
const ROUNDS_PER_RIG = 15;
/** One round in so many has two faults at the same time. */
const TWO_FAULTS_ONE_IN = 3;

type Options = {
  readonly minutes: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
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
} else process.exit(await run(options));

function readOptions(): Options | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
  } catch (error) {
    return `${(error as Error).message}\n${USAGE}`;
  }
  const names = values.faults?.split(",");
  const unknown = names?.find((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown !== undefined) return `there is no fault ${unknown}\n${USAGE}`;
  const minutes = Number(values.minutes);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
  if (!(minutes > 0) || !Number.isSafeInteger(seed)) return USAGE;
  return {
    minutes,
    seed,
    faults: names === undefined ? FAULTS : FAULTS.filter(({ name }) => names.includes(name)),
    zookeeperServers: values.zookeeper === "1" ? 1 : 3,
    args: values.args?.split(" ").filter((arg) => arg !== "") ?? [],
    keepGoing: values["keep-going"] === true,
  };
}

function parse() {
  return parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      faults: { type: "string" },
      zookeeper: { type: "string", default: "3" },
      args: { type: "string" },
      "keep-going": { type: "boolean" },
    },
  }).values;
}

async function run({ minutes, seed, faults, zookeeperServers, args, keepGoing }: Options): Promise<number> {
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
    const needsDisk = faults.some(({ needs }) => needs === "disk");
    const rig = await GroupRig.start({ zookeeperServers, diskFaults: needsDisk, args });
    const usable = faults.filter(({ needs }) => isThere(needs, rig, zookeeperServers));
    if (usable.length < faults.length && totals.rounds === 0) {
      const missing = faults.filter((fault) => !usable.includes(fault)).map(({ name }) => name);
      console.log(`not possible here: ${missing.join(", ")}`);
    }
    let isSound = true;
    for (let round = 0; round < ROUNDS_PER_RIG && performance.now() < end && isSound; round++) {
      isSound = await oneRound(rig, usable, random.fork(`round ${totals.rounds}`), totals);
    }
    await rig.stop();
  }
  printSummary(totals);
  return totals.violations === 0 ? 0 : 1;
}

function isThere(needs: Fault["needs"], rig: GroupRig, zookeeperServers: number): boolean {
  return needs === undefined || (needs === "disk" ? rig.diskFaults : zookeeperServers > 1);
}

async function oneRound(rig: GroupRig, faults: readonly Fault[], random: Prng, totals: Totals): Promise<boolean> {
  const drawn = [random.pick(faults)];
  if (random.chance(1, TWO_FAULTS_ONE_IN)) drawn.push(random.pick(faults));
  const names = drawn.map(({ name }) => name);
  for (const name of names) totals.faults.set(name, (totals.faults.get(name) ?? 0) + 1);
  const name = `r${totals.rounds++}`;
  const { primary } = await rig.known();
  console.log(`${name} ${names.join(" + ")} (primary ${primary.id})`);
  const report = await playRound(rig, {
    seed: random.u32(),
    name,
    trouble: async (load) => {
      // Two at once get in each other's way: what one wanted to wait for may not come, because of the other.
      const begun = drawn.map((fault) => fault.inject(rig, random.fork(fault.name), load));
      const outcomes = await Promise.allSettled(begun);
      if (drawn.length > 1) return;
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
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

function tellViolations(rig: GroupRig, name: string, { violations, history }: RoundReport): void {
  const directory = join(tmpdir(), `holdfast-chaos-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.history`), writeHistory(history));
  for (const worker of rig.workers) writeFileSync(join(directory, `${name}.${worker.id}.log`), worker.output());
  for (const violation of violations.slice(0, 10)) console.log(`   VIOLATION ${violation.slice(0, 4_000)}`);
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
