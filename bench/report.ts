import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Machine, machineLines } from "./machine.ts";
import type { MemoryResult } from "./memory.ts";
import type { RestartResult } from "./restart.ts";
import type { CellResult, Pace } from "./runner.ts";
import type { ScalingResult } from "./scaling.ts";
import { durabilities } from "./servers.ts";
import type { StoreResult } from "./stores.ts";
import { renderMarkdownTable } from "./table.ts";
import type { Target } from "./targets.ts";
import { cellsView, memoryView, restartView, scalingView, storesView, targetsView, type View } from "./views.ts";

/** Everything that a run has measured. */
export interface Results {
  startedAt: string;
  command: string;
  machine: Machine;
  isPinned: boolean;
  pace: Pace;
  cells: CellResult[];
  memory: MemoryResult[];
  restarts: RestartResult[];
  stores: StoreResult[];
  scaling: ScalingResult[];
  targets: Target[];
}

const markName = "results";

/** How the figures came about; readers of the tables need it to read them. */
export function methodLines(results: Pick<Results, "isPinned" | "pace">): string[] {
  const { isPinned, pace } = results;
  return [
    isPinned ? "Servers run on core 0 and clients on core 1." : "Nothing is pinned to a core.",
    `Each figure is the median of ${pace.rounds} rounds of about ${pace.seconds} s, driven by redis-benchmark; the order of the servers ` +
      "alternates, and the servers that are not measured are stopped by SIGSTOP.",
    "A latency is that of a whole pipeline. µs is CPU time of all of a server's threads for one request, with the " +
      "background work that the load left behind.",
    "`others` is how many cores something else than server and client used meanwhile; where it is high, the row is blurred.",
    "Redis runs with `--save ''` and its defaults otherwise, so it rewrites its log when that has doubled.",
  ];
}

/** A figure of which a load was missing would be a better one than was earned. */
function failureLines(cells: readonly CellResult[]): string[] {
  const failed = cells.flatMap((cell) => cell.failed);
  const count = (name: string): number => failed.filter((each) => each === name).length;
  return [...new Set(failed)].map((name) => `Loads of ${name} that failed and were repeated: ${count(name)}.`);
}

export function writeJson(file: string, results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

/** Writes the tables to a Markdown file. A file that has both marks keeps what stands outside them. */
export function writeMarkdown(file: string, results: Results): void {
  writeBetweenMarks(file, markName, markdownBody(results));
}

/** Puts text between the two marks of this name in a Markdown file, or at its end if it has none. */
export function writeBetweenMarks(file: string, name: string, text: string): void {
  const beginMark = `<!-- ${name}: begin -->`;
  const endMark = `<!-- ${name}: end -->`;
  const body = `${beginMark}\n\n${text}\n\n${endMark}`;
  const present = existsSync(file) ? readFileSync(file, "utf8") : "# Benchmarks\n";
  const begin = present.indexOf(beginMark);
  const end = present.indexOf(endMark);
  const hasMarks = begin >= 0 && end > begin;
  const whole = hasMarks
    ? present.slice(0, begin) + body + present.slice(end + endMark.length)
    : `${present}\n${body}\n`;
  writeFileSync(file, whole);
}

function markdownBody(results: Results): string {
  const head = [
    `Measured on ${results.startedAt.slice(0, 10)} by \`${results.command}\`.`,
    ["```", ...machineLines(results.machine), "```"].join("\n"),
    [...methodLines(results), ...failureLines(results.cells)].join("\n"),
  ];
  return [...head, ...allViews(results).map(markdownSection)].join("\n\n");
}

/** The views of everything that was measured, in the order of reading. */
function allViews(results: Results): View[] {
  const views = [
    targetsView(results.targets),
    ...durabilities.map((durability) => cellsView(durability, results.cells)),
    memoryView(results.memory),
    restartView(results.restarts),
    scalingView(results.scaling),
    storesView(results.stores),
  ];
  return views.filter((view) => view.rows.length > 0);
}

function markdownSection(view: View): string {
  return `## ${view.title}\n\n${renderMarkdownTable(view.columns, view.rows)}`;
}
