import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./freePort.ts";
import { spawnServer } from "./serverProcess.ts";

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

/** A running redis-server; the members mean what those of `HoldfastProcess` mean. */
export type RedisProcess = {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  readonly child: ChildProcess;
  isRunning(): boolean;
  output(): string;
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  restart(changes?: RedisOptions): Promise<RedisProcess>;
  removeData(): Promise<void>;
};

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
  try {
    await server.waitForLine(READY, READY_DEADLINE_MILLIS);
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
    isRunning: server.isRunning,
    output: server.output,
    stop: () => server.stop(),
    kill: server.kill,
    restart: async (changes = {}) => {
      if (server.isRunning()) {
        await server.stop();
      }
      return startRedis({ ...options, port, dataDirectory, ...changes });
    },
    removeData: async () => {
      if (server.isRunning()) {
        await server.kill();
      }
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
