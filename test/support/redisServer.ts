import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./freePort.ts";
import { type DataServer, spawnServer, untilServing } from "./serverProcess.ts";

const READY = /Ready to accept connections/;
const READY_DEADLINE_MILLIS = 20_000;

type RedisOptions = {
  /** The executable; `redis-server` of the PATH if absent. */
  readonly executable?: string;
  readonly dataDirectory?: string;
  readonly port?: number;
  /** Arguments that override the defaults: no persistence, one database, DEBUG allowed. */
  readonly args?: readonly string[];
};

/** A running redis-server. */
export type RedisProcess = DataServer<RedisOptions>;

/**
 * Holdfast has one database, number 0, so the redis-server beside it gets one as well: then `SELECT 1`, `MOVE` and
 * `COPY … DB` mean the same to both.
 */
const DEFAULT_ARGS = [
  ...["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "1"],
  ...["--enable-debug-command", "yes", "--daemonize", "no", "--logfile", ""],
];

/** Starts a real redis-server in a directory of its own; resolves when it accepts connections. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisProcess> {
  const port = options.port ?? (await freePort());
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "redis-test-")));
  const server = spawnServer({
    command: options.executable ?? "redis-server",
    args: ["--port", String(port), "--dir", dataDirectory, ...DEFAULT_ARGS, ...(options.args ?? [])],
    workingDirectory: dataDirectory,
  });
  return untilServing<RedisOptions>(server, {
    port,
    dataDirectory,
    ready: READY,
    readyDeadlineMillis: READY_DEADLINE_MILLIS,
    startAgain: (changes) => startRedis({ ...options, port, dataDirectory, ...changes }),
  });
}
