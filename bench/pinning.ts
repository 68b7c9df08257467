import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

const serverCore = 0;
const clientCore = 1;

/**
 * Moves this process, and so the load generators that it starts, to core 1, and returns the core for the servers.
 * Returns undefined, and changes nothing, where `taskset` is missing or the machine has one core.
 */
export async function pinClient(): Promise<number | undefined> {
  if (availableParallelism() < 2) return undefined;
  try {
    await run("taskset", ["--all-tasks", "--cpu-list", "--pid", String(clientCore), String(process.pid)]);
    return serverCore;
  } catch {
    return undefined;
  }
}
