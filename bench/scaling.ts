import type { Lineup } from "./lineup.ts";
import { type ResidentMemory, readResidentMemory } from "./procfs.ts";
import { type CellResult, type Pace, Runner } from "./runner.ts";
import type { Host } from "./servers.ts";
import type { Cell } from "./workloads.ts";

/** GET and SET at one number of keys, with the memory that they take. */
export interface ScalingResult {
  keys: number;
  cells: CellResult[];
  referenceMemory: ResidentMemory;
  holdfastMemory: ResidentMemory;
}

const keyCounts = [10_000, 1_000_000, 10_000_000];

/** Measures GET and SET at growing numbers of keys, on fresh servers for each. */
export async function measureScaling(lineup: Lineup, host: Host, pace: Pace): Promise<ScalingResult[]> {
  const results: ScalingResult[] = [];
  for (const keys of keyCounts) {
    // Redis without a log costs memory here and says nothing about growth.
    const runner = await Runner.start({ ...lineup, unlogged: undefined }, host, pace);
    try {
      results.push(await measureAt(runner, keys));
    } finally {
      runner.discard();
    }
  }
  return results;
}

async function measureAt(runner: Runner, keys: number): Promise<ScalingResult> {
  const cells: CellResult[] = [];
  for (const test of ["get", "set"] as const) {
    for (const pipeline of [1, 16]) {
      const cell: Cell = {
        durability: runner.lineup.durability,
        workload: { test, clients: 50, pipeline, valueBytes: 100, keys },
      };
      cells.push(await runner.measure(cell));
    }
  }
  return {
    keys,
    cells,
    referenceMemory: readResidentMemory(runner.server(runner.lineup.reference).pid),
    holdfastMemory: readResidentMemory(runner.server(runner.lineup.holdfast).pid),
  };
}
