import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A server that stops answering would hold `redis-benchmark`, and so the run, for ever. */
const loadMillisMax = 300_000;

/** The workloads of `redis-benchmark -t` that the benchmark uses. */
export const testNames = ["set", "get", "incr", "hset", "lpush", "zadd", "mset"] as const;
export type TestName = (typeof testNames)[number];

/** One invocation of `redis-benchmark`. */
export interface Load {
  test: TestName;
  clients: number;
  pipeline: number;
  valueBytes: number;
  keys: number;
  requests: number;
}

/** What `redis-benchmark --csv` tells about one load. A latency is that of a whole pipeline of requests. */
export interface Outcome {
  requestsPerSecond: number;
  p50Millis: number;
  p99Millis: number;
}

/** What `redis-benchmark` drives; `gone` fires when the server ends, for `redis-benchmark` itself would then wait. */
export interface LoadTarget {
  port: number;
  gone: AbortSignal;
}

/** Drives a server with one load. Rejects if the server ends, `redis-benchmark` fails or prints what is not understood. */
export async function driveLoad({ port, gone }: LoadTarget, load: Load): Promise<Outcome> {
  const args = ["-h", "127.0.0.1", "-p", String(port), "--csv", "--precision", "3"];
  args.push("-t", load.test, "-c", String(load.clients), "-P", String(load.pipeline));
  args.push("-d", String(load.valueBytes), "-r", String(load.keys), "-n", String(load.requests));
  const { stdout } = await run("redis-benchmark", args, { maxBuffer: 1 << 20, timeout: loadMillisMax, signal: gone });
  return parseCsv(stdout);
}

/** Parses the header line and the one result line of `redis-benchmark --csv` (7.0). */
function parseCsv(output: string): Outcome {
  const rows = output
    .trim()
    .split("\n")
    .filter((line) => line.startsWith('"'))
    .map((line) => line.slice(1, -1).split('","'));
  const [header, row] = rows;
  const column = (name: string): number => {
    const value = Number(row?.[header?.indexOf(name) ?? -1]);
    if (!Number.isFinite(value)) throw new Error(`redis-benchmark printed no column ${name}:\n${output}`);
    return value;
  };
  return {
    requestsPerSecond: column("rps"),
    p50Millis: column("p50_latency_ms"),
    p99Millis: column("p99_latency_ms"),
  };
}
