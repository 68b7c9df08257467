import type { DataKind, Dataset } from "./loader.ts";
import { type Load, type TestName, testNames } from "./redisBenchmark.ts";
import { type Durability, durabilities } from "./servers.ts";

/** One load whose length is not decided yet. */
export type Workload = Omit<Load, "requests">;

/** One line of the comparison: a workload under a promise. */
export interface Cell {
  durability: Durability;
  workload: Workload;
}

/** Values of each dimension; the cells are all combinations. */
interface Matrix {
  durability: readonly Durability[];
  test: readonly TestName[];
  clients: readonly number[];
  pipeline: readonly number[];
  valueBytes: readonly number[];
  keys: readonly number[];
}

/** Dimensions that the command line names. */
export type Filters = Partial<Matrix>;

/** The cells that the targets name, for every command. */
const usual: Matrix = {
  durability: durabilities,
  test: testNames,
  clients: [50],
  pipeline: [1, 16],
  valueBytes: [100],
  keys: [100_000],
};

/** A few steps off the usual cells in each direction, so that a short run shows where the edges are. */
const samples: readonly Matrix[] = [
  { ...usual, durability: ["sync"], test: ["set"], clients: [1, 500], pipeline: [1] },
  { ...usual, durability: ["memory"], test: ["set", "get"], clients: [1, 500], pipeline: [1] },
  { ...usual, durability: ["memory"], test: ["set", "get"], pipeline: [100] },
  { ...usual, test: ["set"], pipeline: [1], valueBytes: [10_240], keys: [10_000] },
];

const everything: readonly Matrix[] = [
  { ...usual, clients: [1, 50, 500], pipeline: [1, 16, 100] },
  { ...usual, clients: [1, 50, 500], pipeline: [1, 16, 100], valueBytes: [10_240], keys: [10_000] },
  { ...usual, keys: [1_000, 10_000, 1_000_000] },
];

/**
 * Bytes of requests that may be under way at once. Above, `redis-benchmark` and the servers' input buffers alone would
 * fill the machine (500 connections, pipeline 100, MSET of ten 10-KiB values: 5 GB), and nothing is learnt.
 */
const inFlightBytesMax = 768 * 2 ** 20;
/** Bytes of values that one data set may hold. */
const datasetBytesMax = 4 * 2 ** 30;

/** The data set that a workload runs on. A list would grow from run to run, so each run starts with none. */
export function datasetOf(workload: Workload): Dataset {
  const kinds: Record<TestName, DataKind> = {
    set: "strings",
    get: "strings",
    mset: "strings",
    incr: "counters",
    hset: "hash",
    zadd: "sortedSet",
    lpush: "empty",
  };
  return { kind: kinds[workload.test], keys: workload.keys, valueBytes: workload.valueBytes };
}

/** The cells of a run in the order of running: one promise after the other, cells of one data set side by side. */
export function planCells(filters: Filters, isFull: boolean): Cell[] {
  const isFiltered = Object.keys(filters).length > 0;
  const matrices = isFull ? everything : isFiltered ? [usual] : [usual, ...samples];
  const cells = matrices.flatMap((matrix) => combinations({ ...matrix, ...filters })).filter(isMeasurable);
  const unique = new Map(cells.map((cell) => [cellName(cell), cell]));
  return [...unique.values()].sort(inOrderOfDatasets);
}

/** A cell as words, the same in progress lines and in JSON. */
function cellName(cell: Cell): string {
  const { test, clients, pipeline, valueBytes, keys } = cell.workload;
  return `${cell.durability} ${test} c${clients} p${pipeline} ${valueBytes}B ${keys} keys`;
}

function combinations(matrix: Matrix): Cell[] {
  return matrix.durability.flatMap((durability) =>
    matrix.test.flatMap((test) =>
      matrix.clients.flatMap((clients) =>
        matrix.pipeline.flatMap((pipeline) =>
          matrix.valueBytes.flatMap((valueBytes) =>
            matrix.keys.map((keys) => ({ durability, workload: { test, clients, pipeline, valueBytes, keys } })),
          ),
        ),
      ),
    ),
  );
}

function isMeasurable({ workload }: Cell): boolean {
  const { test, clients, pipeline, valueBytes, keys } = workload;
  const hasValue = test !== "incr" && test !== "zadd";
  if (!hasValue && valueBytes !== usual.valueBytes[0]) return false;
  const valuesPerRequest = test === "mset" ? 10 : 1;
  return clients * pipeline * valueBytes * valuesPerRequest <= inFlightBytesMax && keys * valueBytes <= datasetBytesMax;
}

function inOrderOfDatasets(a: Cell, b: Cell): number {
  return sortKey(a).localeCompare(sortKey(b));
}

/** Commands keep their customary order, but SET, GET and MSET share the strings and so stand together. */
function sortKey({ durability, workload }: Cell): string {
  const order: readonly TestName[] = ["set", "get", "mset", "incr", "hset", "lpush", "zadd"];
  const { test, clients, pipeline, valueBytes, keys } = workload;
  const numbers = [durabilities.indexOf(durability), valueBytes, keys, order.indexOf(test), pipeline, clients];
  return numbers.map((number) => String(number).padStart(10, "0")).join(" ");
}
