import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./freePort.ts";
import { type ProcessExit, spawnServer } from "./serverProcess.ts";

const HOLDFAST = fileURLToPath(new URL("../../bin/holdfast", import.meta.url));
const READY = /^holdfast ready/;
const READY_DEADLINE_MILLIS = 30_000;

export type HoldfastOptions = {
  /** Where the data is; a new temporary directory if absent. It is never removed but by `removeData`. */
  readonly dataDirectory?: string;
  /** A free one if absent. */
  readonly port?: number;
  /** Further arguments of `holdfast start`, after `--port`, `--data` and `--http-port 0`. */
  readonly args?: readonly string[];
  /** Added to the environment of the test process, which it overrides. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long the ready line may take: longer for a restart with much data. */
  readonly readyDeadlineMillis?: number;
};

/** A `holdfast start` that has printed its ready line. The pid is the server's own: no wrapper process is between. */
export type HoldfastProcess = {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  readonly child: ChildProcess;
  /** The ready line as it was printed. */
  readonly readyLine: string;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<ProcessExit>;
  isRunning(): boolean;
  /** stdout and stderr so far, interleaved as they came. */
  output(): string;
  /** SIGTERM, waits for the end; resolves the exit code (0 for a clean stop), null when a signal ended it. */
  stop(): Promise<number | null>;
  /** SIGKILL (`kill -9`), waits for the end. */
  kill(): Promise<void>;
  /** Starts a new process with the same options, port and data; a process that still runs is stopped (SIGTERM) first. */
  restart(changes?: HoldfastOptions): Promise<HoldfastProcess>;
  /** Removes the data directory; a process that still runs is killed first. */
  removeData(): Promise<void>;
};

/**
 * Starts `bin/holdfast start` on 127.0.0.1 and resolves when it serves. Rejects, with everything the process printed,
 * when it ends or stays silent instead. The process is killed when the test process ends.
 */
export async function startHoldfast(options: HoldfastOptions = {}): Promise<HoldfastProcess> {
  const port = options.port ?? (await freePort());
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "holdfast-test-")));
  const server = spawnHoldfast(
    [...["start", "--port", String(port), "--data", dataDirectory, "--http-port", "0"], ...(options.args ?? [])],
    options.env,
  );
  let readyLine: string;
  try {
    readyLine = await server.waitForLine(READY, options.readyDeadlineMillis ?? READY_DEADLINE_MILLIS);
  } catch (error) {
    await server.kill();
    throw error;
  }
  return {
    host: "127.0.0.1",
    port,
    pid: server.pid,
    dataDirectory,
    child: server.child,
    readyLine,
    exited: server.exited,
    isRunning: server.isRunning,
    output: server.output,
    stop: () => server.stop(),
    kill: server.kill,
    restart: async (changes = {}) => {
      if (server.isRunning()) {
        await server.stop();
      }
      return startHoldfast({ ...options, port, dataDirectory, ...changes });
    },
    removeData: async () => {
      if (server.isRunning()) {
        await server.kill();
      }
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/**
 * Runs `bin/holdfast` with any arguments, for tests of its messages and exit codes. Build the project before:
 * the executable runs what `npm run build` left in `dist`.
 */
export function spawnHoldfast(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnServer({ command: process.execPath, args: [HOLDFAST, ...args], env });
}
