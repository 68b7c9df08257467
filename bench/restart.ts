import { callOnce } from "./connection.ts";
import { stringKey } from "./loader.ts";
import { readResidentMemory, settle } from "./procfs.ts";
import { driveLoad } from "./redisBenchmark.ts";
import type { Server } from "./servers.ts";
import { median } from "./statistics.ts";

/**
 * How a server was stopped before the restart: told to stop; killed when its background work was done; killed at once
 * after a burst of writes, so that as much of the log as possible is left to replay.
 */
const stopWays = ["SIGTERM", "kill -9 at rest", "kill -9 under load"] as const;
type StopWay = (typeof stopWays)[number];

export interface RestartResult {
  contender: string;
  way: StopWay;
  /** From the start of the process until a GET of a loaded key is answered; one figure a round. */
  millis: number[];
  medianMillis: number;
  /** Resident memory when that GET was answered. */
  rssBytes: number;
  /** Throughput of the first random GETs after it, for a server may answer early and load lazily. */
  firstReadsPerSecond: number;
}

/** Long enough to see that a flush that runs once a second has nothing left to do. */
const atRest = { quietMillis: 2_000, timeoutMillis: 120_000 };
const firstReads = { test: "get", clients: 50, pipeline: 16, valueBytes: 100, requests: 100_000 } as const;
const burst = { test: "set", clients: 50, pipeline: 16, valueBytes: 100, requests: 200_000 } as const;

/**
 * Stops and starts a server that holds `keys` strings, in each way and in rounds. Throws if a restarted server does not
 * count every key.
 */
export async function measureRestarts(server: Server, keys: number, rounds: number): Promise<RestartResult[]> {
  const results: RestartResult[] = [];
  for (const way of stopWays) {
    const trials: Trial[] = [];
    for (let round = 0; round < rounds; round++) trials.push(await restartOnce(server, keys, way));
    const millis = trials.map((trial) => trial.millis);
    results.push({
      contender: server.contender.name,
      way,
      millis,
      medianMillis: median(millis),
      rssBytes: median(trials.map((trial) => trial.rssBytes)),
      firstReadsPerSecond: median(trials.map((trial) => trial.firstReadsPerSecond)),
    });
  }
  return results;
}

interface Trial {
  millis: number;
  rssBytes: number;
  firstReadsPerSecond: number;
}

async function restartOnce(server: Server, keys: number, way: StopWay): Promise<Trial> {
  if (way === "kill -9 under load") await driveLoad(server, { ...burst, keys });
  else if (way === "kill -9 at rest") await settle(server.pid, atRest);
  await server.stop(way === "SIGTERM" ? "SIGTERM" : "SIGKILL");
  const start = performance.now();
  server.launch();
  await server.untilAnswers(["GET", stringKey(Math.floor(keys / 2))]);
  const millis = performance.now() - start;
  const { rssBytes } = readResidentMemory(server.pid);
  const count = Number(await callOnce(server.port, "DBSIZE"));
  if (count !== keys) throw new Error(`${server.contender.name} counts ${count} of ${keys} keys after ${way}`);
  const outcome = await driveLoad(server, { ...firstReads, keys });
  return { millis, rssBytes, firstReadsPerSecond: outcome.requestsPerSecond };
}
