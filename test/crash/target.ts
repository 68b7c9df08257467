import { spawnSync } from "node:child_process";
import { freePort } from "../support/freePort.ts";
import { spawnHoldfast } from "../support/holdfastServer.ts";
import { withDeadline } from "../support/respClient.ts";
import { type ProcessExit, type ServerProcess, spawnServer } from "../support/serverProcess.ts";
import { testsRedis } from "../support/serverUnderTest.ts";

/** What the server is asked to promise: every acknowledged write, or, with `memory`, all but the last second or so. */
type Durability = "sync" | "memory";

export interface LaunchOptions {
  readonly dataDirectory: string;
  /** `sync` if absent. */
  readonly durability?: Durability;
  /** Memory for values, such as `16mb`: little makes the server read them from disk. Not for redis-server, which has no such thing. */
  readonly memory?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Replaces the program: a redis-server that never syncs, to see that a test can fail. */
  readonly stranger?: "redis never syncing" | "redis syncing each second";
}

/** A server process from the moment it was spawned: it may not serve yet, and it may never. */
export interface Launch {
  readonly port: number;
  readonly process: ServerProcess;
  /** Resolves when it serves; rejects when it ends instead. */
  ready(): Promise<void>;
  /** Resolves with how it ended; rejects when it still runs at the deadline. */
  ended(deadlineMillis?: number): Promise<ProcessExit>;
  /** As `ended`, for a server that must not start: rejects as soon as it serves. Returns a code that is not 0. */
  refused(): Promise<number>;
}

const REDIS_SERVER = "redis-server";
const READY_DEADLINE_MILLIS = 60_000;
const END_DEADLINE_MILLIS = 20_000;

/** Starts the server under test (`HOLDFAST_UNDER_TEST=redis` puts redis-server in its place) and does not wait for it. */
export async function launch(options: LaunchOptions): Promise<Launch> {
  const port = await freePort();
  const isRedis = testsRedis || options.stranger !== undefined;
  const process = isRedis ? spawnRedis(options, port) : spawnHoldfastOn(options, port);
  const readyLine = isRedis ? /Ready to accept connections/ : /^holdfast ready/;
  const ready = async () => {
    await process.waitForLine(readyLine, READY_DEADLINE_MILLIS);
  };
  const ended = (deadlineMillis = END_DEADLINE_MILLIS) =>
    withDeadline(process.exited, deadlineMillis, () => `the server still runs:\n${process.output()}`);
  const refused = async () => {
    const serves = await ready().then(
      () => true,
      () => false,
    );
    if (serves) throw new Error(`the server serves:\n${process.output()}`);
    const { code, signal } = await ended();
    if (code === null || code === 0) throw new Error(`ended with ${code ?? signal}:\n${process.output()}`);
    if (process.output().trim() === "") throw new Error(`ended with ${code}, without a word`);
    return code;
  };
  return { port, process, ready, ended, refused };
}

/** As `launch`, and waits until the server serves. */
export async function launchReady(options: LaunchOptions): Promise<Launch> {
  const server = await launch(options);
  try {
    await server.ready();
  } catch (error) {
    await server.process.kill();
    throw error;
  }
  return server;
}

/** Whether there is a redis-server to compare with. */
export function hasRedis(): boolean {
  return spawnSync(REDIS_SERVER, ["--version"]).error === undefined;
}

function spawnHoldfastOn(options: LaunchOptions, port: number): ServerProcess {
  const { dataDirectory, durability = "sync", env = {} } = options;
  const place = ["--port", String(port), "--http-port", "0", "--data", dataDirectory];
  const memory = options.memory === undefined ? [] : ["--memory", options.memory];
  return spawnHoldfast(["start", ...place, "--durability", durability, ...memory], env);
}

function spawnRedis(options: LaunchOptions, port: number): ServerProcess {
  const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", options.dataDirectory];
  const log = ["--save", "", "--appendonly", "yes", "--appendfsync", redisSync(options), "--logfile", ""];
  return spawnServer({ command: REDIS_SERVER, args: [...place, ...log], ...(options.env && { env: options.env }) });
}

function redisSync(options: LaunchOptions): string {
  if (options.stranger === "redis never syncing") return "no";
  if (options.stranger === "redis syncing each second" || options.durability === "memory") return "everysec";
  return "always";
}
