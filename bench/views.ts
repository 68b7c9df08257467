import type { MemoryResult } from "./memory.ts";
import type { RestartResult } from "./restart.ts";
import type { CellResult, Measurement } from "./runner.ts";
import type { ScalingResult } from "./scaling.ts";
import type { Durability } from "./servers.ts";
import type { StoreOutcome, StoreResult } from "./stores.ts";
import type { Column } from "./table.ts";
import type { Target } from "./targets.ts";

/** Results as text, for the terminal and for Markdown alike. */
export interface View {
  title: string;
  columns: readonly Column[];
  rows: readonly (readonly string[])[];
}

const right = (heading: string, width = 0): Column => ({ heading, align: "right", width });
const left = (heading: string, width = 0): Column => ({ heading, align: "left", width });

const loadColumns: readonly Column[] = [
  left("test", 4),
  right("conns", 5),
  right("pipe", 4),
  right("value", 6),
  right("keys", 4),
];

const comparisonColumns: readonly Column[] = [
  right("redis k/s", 9),
  right("p50 ms", 7),
  right("p99 ms", 7),
  right("holdfast k/s", 12),
  right("p50 ms", 7),
  right("p99 ms", 7),
  right("ratio", 6),
  right("min..max", 10),
  right("redis µs", 8),
  right("holdfast µs", 11),
  right("others", 6),
];

const unloggedColumns: readonly Column[] = [right("redis no log k/s", 16), right("ratio to it", 11)];

/** What the two promises are called in headings. */
export function durabilityTitle(durability: Durability): string {
  return durability === "sync"
    ? "With fsync: Redis `appendfsync always`, Holdfast `--durability sync`"
    : "Without fsync per request: Redis `appendfsync everysec`, Holdfast `--durability memory`";
}

export function cellColumns(durability: Durability): readonly Column[] {
  const columns = [...loadColumns, ...comparisonColumns];
  return durability === "sync" ? columns : [...columns, ...unloggedColumns];
}

export function cellRow(result: CellResult): string[] {
  const { workload } = result.cell;
  const row = [
    workload.test.toUpperCase(),
    String(workload.clients),
    String(workload.pipeline),
    workload.valueBytes >= 1_024 ? `${workload.valueBytes / 1_024} KiB` : `${workload.valueBytes} B`,
    count(workload.keys),
    ...measurementCells(result.reference),
    ...measurementCells(result.holdfast),
    ratio(result.ratio.median),
    `${ratio(result.ratio.min)}..${ratio(result.ratio.max)}`,
    result.reference.median.cpuMicrosPerRequest.toFixed(2),
    result.holdfast.median.cpuMicrosPerRequest.toFixed(2),
    Math.max(result.reference.median.foreignCores, result.holdfast.median.foreignCores).toFixed(2),
  ];
  if (result.unlogged !== undefined) {
    const rate = result.unlogged.median.requestsPerSecond;
    row.push(thousands(rate), ratio(result.holdfast.median.requestsPerSecond / rate));
  }
  return row;
}

export function cellsView(durability: Durability, results: readonly CellResult[]): View {
  const rows = results.filter((result) => result.cell.durability === durability).map(cellRow);
  return { title: durabilityTitle(durability), columns: cellColumns(durability), rows };
}

export function memoryView(results: readonly MemoryResult[]): View {
  const columns = [
    ...[left("server"), right("keys"), right("empty MiB"), right("RSS MiB"), right("anon MiB"), right("file MiB")],
    ...[right("bytes/key"), right("disk MiB"), right("load s")],
  ];
  const rows = results.map((result) => [
    result.contender,
    count(result.dataset.keys),
    mebibytes(result.empty.rssBytes),
    mebibytes(result.loaded.rssBytes),
    mebibytes(result.loaded.anonBytes),
    mebibytes(result.loaded.fileBytes),
    result.residentBytesPerKey.toFixed(0),
    mebibytes(result.diskBytes),
    result.loadSeconds.toFixed(1),
  ]);
  return { title: "Memory with 100-byte values, at rest after loading", columns, rows };
}

export function restartView(results: readonly RestartResult[]): View {
  const columns = [
    ...[left("server"), left("stopped by"), right("ms to first GET"), right("min..max")],
    ...[right("RSS MiB then"), right("next 100 k GETs, k/s")],
  ];
  const rows = results.map((result) => [
    result.contender,
    result.way,
    result.medianMillis.toFixed(0),
    `${Math.min(...result.millis).toFixed(0)}..${Math.max(...result.millis).toFixed(0)}`,
    mebibytes(result.rssBytes),
    thousands(result.firstReadsPerSecond),
  ]);
  return { title: "Restart, from the start of the process until it answers a GET", columns, rows };
}

/** Throughput and CPU cost by number of keys; `growth` is the cost by that of the same load at the fewest keys. */
export function scalingView(results: readonly ScalingResult[]): View {
  const columns = [
    ...[right("keys"), left("test"), right("pipe"), right("redis k/s"), right("holdfast k/s"), right("ratio")],
    ...[right("redis µs"), right("growth"), right("holdfast µs"), right("growth")],
    ...[right("redis RSS MiB"), right("holdfast RSS MiB")],
  ];
  const rows = results.flatMap((result) =>
    result.cells.map((cell, i) => {
      const fewest = results[0]?.cells[i];
      const cost = (pick: "reference" | "holdfast"): string[] => {
        const micros = cell[pick].median.cpuMicrosPerRequest;
        const growth = micros / (fewest?.[pick].median.cpuMicrosPerRequest ?? Number.NaN);
        return [micros.toFixed(2), ratio(growth)];
      };
      return [
        count(result.keys),
        cell.cell.workload.test.toUpperCase(),
        String(cell.cell.workload.pipeline),
        thousands(cell.reference.median.requestsPerSecond),
        thousands(cell.holdfast.median.requestsPerSecond),
        ratio(cell.ratio.median),
        ...cost("reference"),
        ...cost("holdfast"),
        mebibytes(result.referenceMemory.rssBytes),
        mebibytes(result.holdfastMemory.rssBytes),
      ];
    }),
  );
  return { title: "Cost by number of keys, 50 connections, 100-byte values", columns, rows };
}

export function storesView(results: readonly StoreResult[]): View {
  const outcomeColumns = (name: string): Column[] => [
    ...[right(`${name} k/s`), right("p50 ms"), right("p99 ms"), right("server µs")],
  ];
  const columns = [left("store"), ...outcomeColumns("put"), ...outcomeColumns("get")];
  const outcomeCells = (outcome: StoreOutcome): string[] => [
    thousands(outcome.requestsPerSecond),
    outcome.p50Millis.toFixed(2),
    outcome.p99Millis.toFixed(2),
    outcome.serverCpuMicrosPerRequest.toFixed(1),
  ];
  const rows = results.map((result) => [result.store, ...outcomeCells(result.put), ...outcomeCells(result.get)]);
  return { title: "Durable put and get beside etcd, 50 connections, a small client in Node", columns, rows };
}

export function targetsView(targets: readonly Target[]): View {
  const columns = [left("target"), right("wanted"), right("measured"), left("verdict")];
  const rows = targets.map((target) => [
    target.name,
    `${target.bound === "at least" ? "≥" : "≤"} ${target.limit}`,
    target.actual === undefined ? "" : ratio(target.actual),
    target.verdict,
  ]);
  return { title: "Targets", columns, rows };
}

function measurementCells({ median }: Measurement): string[] {
  return [thousands(median.requestsPerSecond), median.p50Millis.toFixed(2), median.p99Millis.toFixed(2)];
}

function ratio(value: number): string {
  return value.toFixed(2);
}

function thousands(perSecond: number): string {
  return (perSecond / 1_000).toFixed(1);
}

function count(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000} M`;
  return value >= 1_000 ? `${value / 1_000} k` : String(value);
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
