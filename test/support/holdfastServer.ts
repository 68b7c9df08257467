import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./freePort.ts";
import { type DataServer, spawnServer, untilServing } from "./serverProcess.ts";

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

/** A `holdfast start` that has printed its ready line. */
export type HoldfastProcess = DataServer<HoldfastOptions>;

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
  return untilServing<HoldfastOptions>(server, {
    port,
    dataDirectory,
    ready: READY,
    readyDeadlineMillis: options.readyDeadlineMillis ?? READY_DEADLINE_MILLIS,
    startAgain: (changes) => startHoldfast({ ...options, port, dataDirectory, ...changes }),
  });
}

/**
 * Runs `bin/holdfast` with any arguments, for tests of its messages and exit codes. Build the project before:
 * the executable runs what `npm run build` left in `dist`.
 */
export function spawnHoldfast(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnServer({ command: process.execPath, args: [HOLDFAST, ...args], env });
}
