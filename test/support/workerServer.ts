import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./freePort.ts";
import { spawnHoldfast } from "./holdfastServer.ts";
import { type DataServer, type spawnServer, untilServing } from "./serverProcess.ts";

const READY = /^holdfast ready/;
const READY_DEADLINE_MILLIS = 60_000;

type WorkerOptions = {
  /** The connect string, with a path. */
  readonly zookeeper: string;
  readonly id: string;
  readonly group?: string;
  readonly port?: number;
  /** A new temporary directory if absent. */
  readonly dataDirectory?: string;
  readonly args?: readonly string[];
};

export type WorkerProcess = DataServer<WorkerOptions>;

/** Starts `holdfast worker` without waiting for anything. */
export function spawnWorker(
  options: WorkerOptions & { readonly port: number; readonly dataDirectory: string },
): ReturnType<typeof spawnServer> {
  const { zookeeper, id, group = "g1", port, dataDirectory, args = [] } = options;
  const ownership = ["--zookeeper", zookeeper, "--id", id, "--group", group];
  const places = ["--port", String(port), "--data", dataDirectory, "--http-port", "0"];
  return spawnHoldfast(["worker", ...ownership, ...places, ...args]);
}

/** Starts one replica of a group and resolves when it serves: as the primary, or caught up with it. */
export async function startWorker(options: WorkerOptions): Promise<WorkerProcess> {
  const port = options.port ?? (await freePort());
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "holdfast-worker-")));
  return untilServing<WorkerOptions>(spawnWorker({ ...options, port, dataDirectory }), {
    port,
    dataDirectory,
    ready: READY,
    readyDeadlineMillis: READY_DEADLINE_MILLIS,
    startAgain: (changes) => startWorker({ ...options, port, dataDirectory, ...changes }),
  });
}

/** Starts workers w1, w2, … of one group, one after the other: w1 is the primary. */
export async function startWorkers(
  zookeeper: string,
  count: number,
  args: readonly string[] = [],
): Promise<WorkerProcess[]> {
  const workers: WorkerProcess[] = [];
  for (let number = 1; number <= count; number++)
    workers.push(await startWorker({ zookeeper, id: `w${number}`, args }));
  return workers;
}
