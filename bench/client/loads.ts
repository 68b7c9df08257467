import { Cluster } from "ioredis";
import { connect } from "../../src/client/connect.ts";
import type { ConnectOptions } from "../../src/client/options.ts";

/** A client library as a program uses it. */
export interface Library {
  readonly name: string;
  get(key: string): Promise<unknown>;
  put(key: string, value: string): Promise<unknown>;
  close(): Promise<void>;
}

/** What a load came to. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50Millis: number;
  readonly p99Millis: number;
  /** Processor time of the program that asks, microseconds for one call. */
  readonly clientMicros: number;
}

export type Operation = "get" | "put";

export const keyCount = 10_000;
export const valueBytes = 100;
const value = "x".repeat(valueBytes);

export async function holdfastLibrary(name: string, options: ConnectOptions): Promise<Library> {
  const client = await connect(options);
  return {
    name,
    get: (key) => client.get(key),
    put: (key, what) => client.put(key, what),
    close: () => client.close(),
  };
}

/** As it is by default: without `enableAutoPipelining`, which makes single calls slower and many at once hardly faster. */
export async function ioredisLibrary(port: number): Promise<Library> {
  const cluster = new Cluster([{ host: "127.0.0.1", port }]);
  await cluster.get("any");
  return {
    name: "ioredis",
    get: (key) => cluster.get(key),
    put: (key, what) => cluster.set(key, what),
    close: async () => cluster.disconnect(),
  };
}

/** `concurrency` loops that each ask and wait for the answer. */
export async function load(
  library: Library,
  operation: Operation,
  concurrency: number,
  seconds: number,
): Promise<LoadResult> {
  const millis: number[] = [];
  let next = 0;
  const began = performance.now();
  const end = began + seconds * 1000;
  const before = process.cpuUsage();
  const loop = async (): Promise<void> => {
    for (let from = performance.now(); from < end; ) {
      const key = `key:${next++ % keyCount}`;
      await (operation === "get" ? library.get(key) : library.put(key, value));
      const now = performance.now();
      millis.push(now - from);
      from = now;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  const { user, system } = process.cpuUsage(before);
  const sorted = Float64Array.from(millis).sort();
  return {
    perSecond: millis.length / ((performance.now() - began) / 1000),
    p50Millis: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Millis: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    clientMicros: (user + system) / millis.length,
  };
}

/** Puts every key. */
export async function fill(library: Library): Promise<void> {
  const at = Array.from({ length: keyCount }, (_, i) => library.put(`key:${i}`, value));
  await Promise.all(at);
}
