import type { MemoryResult } from "./memory.ts";
import type { RestartResult } from "./restart.ts";
import type { CellResult } from "./runner.ts";
import type { Durability } from "./servers.ts";

/** A promise about speed or memory, with what was measured. `actual` is undefined if this run did not measure it. */
export interface Target {
  name: string;
  bound: "at least" | "at most";
  limit: number;
  actual: number | undefined;
  verdict: "pass" | "FAIL" | "not measured";
}

/** What the targets are judged by. */
export interface Evidence {
  cells: readonly CellResult[];
  memory: readonly MemoryResult[];
  restarts: readonly RestartResult[];
  /** Names of the contenders that the restart and memory targets compare. */
  holdfast: string;
  memoryReference: string;
  restartReference: string;
}

interface RatioTarget {
  durability: Durability;
  test: "set" | "get";
  pipeline: number;
  limit: number;
}

const ratioTargets: readonly RatioTarget[] = [
  { durability: "sync", test: "set", pipeline: 1, limit: 1.5 },
  { durability: "sync", test: "set", pipeline: 16, limit: 1.1 },
  { durability: "memory", test: "set", pipeline: 1, limit: 0.8 },
  { durability: "memory", test: "get", pipeline: 1, limit: 0.9 },
  { durability: "memory", test: "set", pipeline: 16, limit: 0.4 },
  { durability: "memory", test: "get", pipeline: 16, limit: 0.5 },
];

/** Judges every target by the measurements of a run. Floors and ceilings are those of the project's first release. */
export function judgeTargets(evidence: Evidence): Target[] {
  return [
    ...ratioTargets.map((target) => throughputTarget(target, evidence.cells)),
    judge("restart at 1 M keys: Redis's log replay by Holdfast", "at least", 5, restartRatio(evidence)),
    judge("resident memory at 1 M keys: Holdfast by Redis", "at most", 1, memoryRatio(evidence)),
  ];
}

function throughputTarget(target: RatioTarget, cells: readonly CellResult[]): Target {
  const { durability, test, pipeline, limit } = target;
  const matching = cells.filter(
    ({ cell }) =>
      cell.durability === durability &&
      cell.workload.test === test &&
      cell.workload.pipeline === pipeline &&
      cell.workload.clients === 50 &&
      cell.workload.valueBytes === 100,
  );
  // The usual number of keys if it was measured, else the one that was.
  const result = matching.find(({ cell }) => cell.workload.keys === 100_000) ?? matching[0];
  const name = `${test.toUpperCase()}, pipeline ${pipeline}, ${durability === "sync" ? "fsync" : "no fsync"}: ratio`;
  return judge(name, "at least", limit, result?.ratio.median);
}

/** The slower of the two stops that leave Holdfast's data at rest counts. */
function restartRatio({ restarts, holdfast, restartReference }: Evidence): number | undefined {
  const find = (contender: string, way: RestartResult["way"]): number | undefined =>
    restarts.find((result) => result.contender === contender && result.way === way)?.medianMillis;
  const reference = find(restartReference, "SIGTERM");
  const stopped = find(holdfast, "SIGTERM");
  const killed = find(holdfast, "kill -9 at rest");
  if (reference === undefined || stopped === undefined || killed === undefined) return undefined;
  return reference / Math.max(stopped, killed);
}

function memoryRatio({ memory, holdfast, memoryReference }: Evidence): number | undefined {
  const find = (contender: string): number | undefined =>
    memory.find((result) => result.contender === contender)?.loaded.rssBytes;
  const own = find(holdfast);
  const reference = find(memoryReference);
  return own === undefined || reference === undefined ? undefined : own / reference;
}

function judge(name: string, bound: Target["bound"], limit: number, actual: number | undefined): Target {
  if (actual === undefined) return { name, bound, limit, actual, verdict: "not measured" };
  const isMet = bound === "at least" ? actual >= limit : actual <= limit;
  return { name, bound, limit, actual, verdict: isMet ? "pass" : "FAIL" };
}
