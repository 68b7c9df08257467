import { setTimeout as sleep } from "node:timers/promises";
import { readCpuMillis } from "../procfs.ts";
import { median } from "../statistics.ts";
import { fill, type Library, type LoadResult, load, type Operation } from "./loads.ts";

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
}

/** Medians of a library's loads of one kind. */
export interface Row extends LoadResult {
  readonly library: string;
  readonly operation: Operation;
  readonly concurrency: number;
  /** Processor time of the nodes, microseconds for one call. */
  readonly serverMicros: number;
}

const warmSeconds = 2;
const warmConcurrency = 512;

/** The libraries take turns in each round, after all have been warmed up. */
export async function measure(
  libraries: readonly Library[],
  operation: Operation,
  concurrencies: readonly number[],
  pids: readonly number[],
  { rounds, seconds }: Pace,
): Promise<Row[]> {
  for (const library of libraries) await load(library, operation, warmConcurrency, warmSeconds);
  const rows: Row[] = [];
  for (const concurrency of concurrencies) {
    // What only few calls at a time go through has hardly run until then, and is not compiled yet.
    for (const library of libraries) await load(library, operation, concurrency, seconds);
    const results = new Map<Library, (LoadResult & { serverMicros: number })[]>();
    for (let round = 0; round < rounds; round++) {
      for (const library of round % 2 === 0 ? libraries : [...libraries].reverse()) {
        const before = cpuMillis(pids);
        const result = await load(library, operation, concurrency, seconds);
        const serverMicros = ((cpuMillis(pids) - before) * 1000) / (result.perSecond * seconds);
        results.set(library, [...(results.get(library) ?? []), { ...result, serverMicros }]);
      }
    }
    for (const [{ name }, all] of results) rows.push({ library: name, operation, concurrency, ...medians(all) });
  }
  return rows;
}

function cpuMillis(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readCpuMillis(pid), 0);
}

function medians(
  results: readonly (LoadResult & { serverMicros: number })[],
): Omit<Row, "library" | "operation" | "concurrency"> {
  const of = (field: keyof (typeof results)[number]): number => median(results.map((result) => result[field]));
  return {
    perSecond: of("perSecond"),
    p50Millis: of("p50Millis"),
    p99Millis: of("p99Millis"),
    clientMicros: of("clientMicros"),
    serverMicros: of("serverMicros"),
  };
}

/** Reads of a key that the cache knows. */
export async function measureCached(cached: Library, { rounds, seconds }: Pace): Promise<number> {
  await fill(cached);
  // What was just written is told as a change: only after that it is kept.
  for (let tries = 0; tries < 10; tries++) {
    await cached.get("key:1");
    await sleep(100);
  }
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let count = 0;
    const began = performance.now();
    for (const end = began + seconds * 1000; performance.now() < end; count += 1000) {
      for (let i = 0; i < 1000; i++) await cached.get("key:1");
    }
    rates.push(count / ((performance.now() - began) / 1000));
  }
  return median(rates);
}
