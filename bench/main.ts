/**
 * Compares Holdfast with `redis-server` on this machine, in one run: `npm run bench -- --help` says what can be asked.
 */
import { existsSync } from "node:fs";
import { measureAtRest, replayName } from "./atRest.ts";
import { lineupFor, type Programs } from "./lineup.ts";
import { chooseDataRoot, describeMachine, isInMemory, machineLines } from "./machine.ts";
import { help, type Options, readOptions, runMain, UsageError } from "./options.ts";
import { pinClient } from "./pinning.ts";
import { methodLines, type Results, writeJson, writeMarkdown } from "./report.ts";
import { Runner } from "./runner.ts";
import { measureScaling } from "./scaling.ts";
import { durabilities, type Host } from "./servers.ts";
import { compareStores } from "./stores.ts";
import { renderHeading, renderRow, renderTable } from "./table.ts";
import { judgeTargets } from "./targets.ts";
import {
  cellColumns,
  cellRow,
  durabilityTitle,
  memoryView,
  restartView,
  scalingView,
  storesView,
  targetsView,
  type View,
} from "./views.ts";
import { planCells } from "./workloads.ts";

await runMain(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(help);
  else await bench(options);
});

async function bench(options: Options): Promise<void> {
  if (options.holdfast !== undefined && !existsSync(options.holdfast.script)) {
    throw new UsageError(`there is no ${options.holdfast.script}: build first, or name the program by --holdfast`);
  }
  const serverCore = options.isPinned ? await pinClient() : undefined;
  const host: Host = { dataRoot: chooseDataRoot(options.dataRoot), serverCore };
  const programs: Programs = { holdfast: options.holdfast, redisArgs: options.redisArgs };
  const results = await startResults(options, host);
  printHead(results, host);
  try {
    await measureParts(options, host, programs, results);
  } finally {
    // What was measured before a failure is worth keeping.
    if (options.jsonFile !== undefined) writeJson(options.jsonFile, results);
  }
  printView(targetsView(results.targets));
  if (options.markdownFile !== undefined) writeMarkdown(options.markdownFile, results);
  if (options.isCheck && results.targets.some((target) => target.verdict === "FAIL")) process.exitCode = 1;
}

async function startResults(options: Options, host: Host): Promise<Results> {
  return {
    startedAt: new Date().toISOString(),
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    machine: await describeMachine(host.dataRoot),
    isPinned: host.serverCore !== undefined,
    pace: options.pace,
    cells: [],
    memory: [],
    restarts: [],
    stores: [],
    scaling: [],
    targets: [],
  };
}

/** Runs the wanted parts one after the other; each prints its table and adds to the results. */
async function measureParts(options: Options, host: Host, programs: Programs, results: Results): Promise<void> {
  const { parts, pace } = options;
  const lineup = lineupFor("memory", programs);
  if (parts.has("cells")) await measureCells(options, host, programs, results);
  if (parts.has("memory") || parts.has("restart")) {
    const plan = {
      wantsMemory: parts.has("memory"),
      wantsRestarts: parts.has("restart"),
      rounds: pace.rounds,
    };
    const atRest = await measureAtRest(lineup, host, plan);
    results.memory = atRest.memory;
    results.restarts = atRest.restarts;
    printView(memoryView(results.memory));
    printView(restartView(results.restarts));
  }
  if (parts.has("etcd")) {
    results.stores = await compareStores(lineupFor("sync", programs), host);
    if (results.stores.length === 0) console.log("\netcd is not installed here.");
    printView(storesView(results.stores));
  }
  if (parts.has("scaling")) {
    results.scaling = await measureScaling(lineup, host, pace);
    printView(scalingView(results.scaling));
  }
  results.targets = judgeTargets({
    cells: results.cells,
    memory: results.memory,
    restarts: results.restarts,
    holdfast: lineup.holdfast.name,
    memoryReference: lineup.reference.name,
    restartReference: replayName,
  });
}

/** Measures the cells of the matrix under one promise after the other, and prints each row when it is known. */
async function measureCells(options: Options, host: Host, programs: Programs, results: Results): Promise<void> {
  const cells = planCells(options.filters, options.isFull);
  for (const durability of durabilities) {
    const wanted = cells.filter((cell) => cell.durability === durability);
    if (wanted.length === 0) continue;
    const columns = cellColumns(durability);
    console.log(`\n${durabilityTitle(durability)}\n${renderHeading(columns)}`);
    const runner = await Runner.start(lineupFor(durability, programs), host, options.pace);
    try {
      for (const cell of wanted) {
        const result = await runner.measure(cell);
        results.cells.push(result);
        console.log(renderRow(columns, cellRow(result)));
      }
    } finally {
      runner.discard();
    }
  }
}

function printHead(results: Results, host: Host): void {
  for (const line of [...machineLines(results.machine), ...methodLines(results)]) console.log(line);
  if (isInMemory(host.dataRoot)) console.log(`WARNING: ${host.dataRoot} is in memory, a sync costs nothing there.`);
}

function printView(view: View): void {
  if (view.rows.length > 0) console.log(`\n${view.title}\n${renderTable(view.columns, view.rows)}`);
}
