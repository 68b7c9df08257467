import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../test/support/freePort.ts";
import { Connection } from "./connection.ts";

/** What a server promises when it acknowledges: `sync` is an fsync first, `memory` is an fsync once a second. */
export const durabilities = ["sync", "memory"] as const;
export type Durability = (typeof durabilities)[number];

/** A program to measure: how to start it on a port and a data directory. */
export interface Contender {
  name: string;
  command: (port: number, dataDirectory: string) => string[];
  /** What ends it when its data are no longer of interest; `SIGKILL` where nothing else is said. */
  endSignal?: NodeJS.Signals;
  /** It listens on these ports too, counted from its own. */
  portOffsets?: readonly number[];
}

/** Where servers run and keep their data. `serverCore` undefined means that nothing is pinned. */
export interface Host {
  dataRoot: string;
  serverCore: number | undefined;
}

/** How Holdfast is started; `nodeArgs` stand before the script (a profiler's switches). */
export interface HoldfastProgram {
  script: string;
  nodeArgs: readonly string[];
  extraArgs: readonly string[];
}

const startMillisMax = 120_000;
const stopMillisMax = 60_000;
const askAgainMillis = 50;
const running = new Set<Server>();
process.on("exit", () => {
  for (const server of running) server.discard();
});

/** `redis-server` with an append-only file that is synced before each reply (`always`) or once a second. */
export function redisContender(fsync: "always" | "everysec", extraArgs: readonly string[] = []): Contender {
  return redis(`redis ${fsync}`, ["--appendonly", "yes", "--appendfsync", fsync, ...extraArgs]);
}

/** `redis-server` that keeps nothing on disk. */
export function redisWithoutLogContender(extraArgs: readonly string[] = []): Contender {
  return redis("redis no log", ["--appendonly", "no", ...extraArgs]);
}

function redis(name: string, args: readonly string[]): Contender {
  return {
    name,
    command: (port, dataDirectory) => [
      "redis-server",
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", dataDirectory, "--save", ""],
      ...args,
    ],
  };
}

export function holdfastContender(durability: Durability, program: HoldfastProgram): Contender {
  return {
    name: `holdfast ${durability}`,
    command: (port, dataDirectory) => [
      // As a user runs it: its first line names the options that Node.js gets.
      ...(program.nodeArgs.length === 0 ? [] : [process.execPath, ...program.nodeArgs]),
      ...[program.script, "start", "--port", String(port), "--bind", "127.0.0.1", "--data", dataDirectory],
      ...["--durability", durability, "--http-port", "0"],
      ...program.extraArgs,
    ],
  };
}

/** A running server. It owns its process and, until `discard`, its data directory. */
export class Server {
  readonly contender: Contender;
  readonly port: number;
  readonly dataDirectory: string;
  readonly #host: Host;
  #process: ChildProcess | undefined;
  #gone = new AbortController();
  #hasEnded = false;
  #output = "";

  private constructor(contender: Contender, host: Host, port: number) {
    this.contender = contender;
    this.port = port;
    this.dataDirectory = mkdtempSync(join(host.dataRoot, "holdfast-bench-"));
    this.#host = host;
  }

  /** Starts a contender on a free port with an empty data directory and waits until it answers PING. */
  static async start(contender: Contender, host: Host): Promise<Server> {
    const server = await Server.spawn(contender, host);
    await server.untilAnswers(["PING"]);
    return server;
  }

  /** Starts a contender and does not wait for it. */
  static async spawn(contender: Contender, host: Host): Promise<Server> {
    const server = new Server(contender, host, await freePort(contender.portOffsets));
    running.add(server);
    server.launch();
    return server;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.contender.name} is not running`);
    return pid;
  }

  /** Fires when the process that runs now ends. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The end of what the process has printed. */
  get output(): string {
    return this.#output;
  }

  /** Starts the process on the data directory it had before; `untilAnswers` tells when it serves. */
  launch(): void {
    const command = this.contender.command(this.port, this.dataDirectory);
    const core = this.#host.serverCore;
    const [program = "", ...args] = core === undefined ? command : ["taskset", "-c", String(core), ...command];
    this.#output = "";
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], cwd: this.#host.dataRoot });
    const collect = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString("latin1")).slice(-4_000);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.on("error", (error) => collect(Buffer.from(error.message)));
    const gone = new AbortController();
    child.on("exit", () => gone.abort());
    this.#process = child;
    this.#gone = gone;
    this.#hasEnded = false;
    // All that it has printed is read by then.
    child.on("close", () => {
      if (this.#process === child) this.#hasEnded = true;
    });
  }

  /**
   * Asks again and again, each millisecond, until the command is answered by something else than an error (Redis says
   * LOADING until it has read its log). Throws with the server's output if it ends or does not answer in time.
   */
  async untilAnswers(command: readonly string[]): Promise<void> {
    const deadline = performance.now() + startMillisMax;
    while (performance.now() < deadline) {
      this.checkRuns();
      const answered = await answers(this.port, command);
      if (answered) return;
      await sleep(1);
    }
    throw new Error(`${this.contender.name} did not answer in ${startMillisMax} ms:\n${this.#output}`);
  }

  /** Throws with the end of its output if the process does not run any more. */
  checkRuns(): void {
    if (this.#process === undefined || this.#hasEnded) {
      throw new Error(`${this.contender.name} ended before it served:\n${this.#output}`);
    }
  }

  /** Stops the process in its tracks, so that it takes no CPU from another server's turn. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Ends the process and waits for its exit; the data directory stays. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGCONT");
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
    await exited;
    clearTimeout(timer);
    this.#process = undefined;
  }

  /** Ends the process at once and removes its data. */
  discard(): void {
    running.delete(this);
    this.#process?.kill(this.contender.endSignal ?? "SIGKILL");
    this.#process = undefined;
    rmSync(this.dataDirectory, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function answers(port: number, command: readonly string[]): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.open(port);
    const reply = await connection.call(...command);
    return reply.kind === "line" || reply.kind === "bulk";
  } catch {
    return false;
  } finally {
    connection?.close();
  }
}

/**
 * Asks again and again until it is so; who cannot be asked yet says no. Throws with the output of a server that ends before, or
 * of all of them if it does not come about in time.
 */
export async function until(what: string, servers: readonly Server[], isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + startMillisMax;
  while (!(await isTrue().catch(() => false))) {
    for (const server of servers) server.checkRuns();
    if (performance.now() > deadline) {
      const outputs = servers.map(({ contender, output }) => `${contender.name} printed:\n${output}`);
      throw new Error([`${what} did not come about in ${startMillisMax} ms`, ...outputs].join("\n"));
    }
    await sleep(askAgainMillis);
  }
}
