/**
 * Runs the tests: `npm test`, or `npm test -- WORD…` for the files whose path contains one of the words.
 *
 * Tests that start servers (`*.net.test.ts`), ZooKeeper's too (`*.zk.test.ts`), or need root (`*.root.test.ts`) run after the others
 * and fewer at a time, so that none of them waits for a processor until a deadline passes. All go through one reporter, with one
 * summary at the end.
 */
import { readdirSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { needZookeeper } from "./needZookeeper.ts";
import { removeStaleFolders } from "./staleFolders.ts";
import { SummaryLines, type TestEvent } from "./testSummary.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["tools", "test"];
/** What takes longer hangs, unless somebody asked for a long run: one file, which ends alone, and all of them. */
const FILE_MILLIS_MAX = 10 * 60_000;
const RUN_MILLIS_MAX = 60 * 60_000;
const LONG_RUNS = /^HOLDFAST_(NIGHTLY|SEEDS|SEQUENCES|KILLS|POWER_CUTS|FUZZ_INPUTS)$/;
const isLongRun = Object.keys(process.env).some((name) => LONG_RUNS.test(name));

const words = process.argv.slice(2);
const files = FOLDERS.flatMap((folder) => testFiles(join(ROOT, folder))).filter(
  (file) => words.length === 0 || words.some((word) => relative(ROOT, file).includes(word)),
);
if (files.length === 0) {
  console.error(`no test file has ${words.join(" or ")} in its path`);
  process.exit(2);
}
if (files.some((file) => file.endsWith(".zk.test.ts"))) {
  const advice = needZookeeper();
  // The tests then tell the same, and count as skipped.
  if (advice !== undefined) console.error(advice);
}
const stale = removeStaleFolders(tmpdir(), Date.now());
if (stale.length > 0) console.error(`removed ${stale.length} folders that killed tests had left in ${tmpdir()}`);

const startsServers = (file: string): boolean => /\.(net|root|zk)\.test\.ts$/.test(file);
const cores = availableParallelism();
const lanes = [
  { files: files.filter((file) => !startsServers(file)), concurrency: cores },
  { files: files.filter(startsServers), concurrency: Math.max(1, Math.floor(cores / 2)) },
];

Readable.from(runLanes()).compose(new spec()).pipe(process.stdout);

async function* runLanes(): AsyncGenerator<TestEvent> {
  const summary = new SummaryLines();
  const deadline = isLongRun ? {} : { timeout: FILE_MILLIS_MAX, signal: AbortSignal.timeout(RUN_MILLIS_MAX) };
  for (const lane of lanes) {
    if (lane.files.length === 0) continue;
    for await (const event of run({ ...lane, ...deadline }) as AsyncIterable<TestEvent>) {
      if (event.type === "test:fail" && event.data.todo === undefined) process.exitCode = 1;
      if (!summary.takes(event)) yield event;
    }
  }
  yield* summary.events();
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
