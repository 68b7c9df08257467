import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { withDeadline } from "./respClient.ts";

const OUTPUT_CHARACTERS_MAX = 1_000_000;

/** How long a server may take to end after SIGTERM. */
const STOP_DEADLINE_MILLIS = 20_000;

/** How a child process ended. */
export type ProcessExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A child process whose output is kept and which never outlives the test process. */
export type ServerProcess = {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<ProcessExit>;
  /** False once the process has ended. */
  isRunning(): boolean;
  /** What it wrote to stdout and stderr, interleaved as it came (the last million characters). */
  output(): string;
  /** Resolves with the first line that matches; rejects if the process ends or the deadline passes before. */
  waitForLine(pattern: RegExp, deadlineMillis: number): Promise<string>;
  /** SIGTERM (or another signal), then waits for the end; resolves the exit code, null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** SIGKILL, then waits for the end. */
  kill(): Promise<void>;
};

type SpawnOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
};

/** A server on a port, with data of its own. The pid is the server's: no wrapper process is between. */
export type DataServer<Options> = {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  readonly child: ChildProcess;
  /** The line that told that it serves, as it was printed. */
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
  restart(changes?: Options): Promise<DataServer<Options>>;
  /** Removes the data directory; a process that still runs is killed first. */
  removeData(): Promise<void>;
};

type DataServerFacts<Options> = {
  readonly port: number;
  readonly dataDirectory: string;
  readonly ready: RegExp;
  readonly readyDeadlineMillis: number;
  /** Starts another process on the same port and data. */
  readonly startAgain: (changes: Options) => Promise<DataServer<Options>>;
};

/** Resolves when the process serves; when it ends or stays silent instead, it is killed. */
export async function untilServing<Options extends object>(
  server: ServerProcess,
  { port, dataDirectory, ready, readyDeadlineMillis, startAgain }: DataServerFacts<Options>,
): Promise<DataServer<Options>> {
  let readyLine: string;
  try {
    readyLine = await server.waitForLine(ready, readyDeadlineMillis);
  } catch (error) {
    await server.kill();
    throw error;
  }
  const { pid, child, exited, isRunning, output, kill } = server;
  return {
    ...{ host: "127.0.0.1", port, pid, dataDirectory, child, readyLine, exited, isRunning, output, kill },
    stop: () => server.stop(),
    restart: async (changes) => {
      if (isRunning()) await server.stop();
      return startAgain(changes ?? ({} as Options));
    },
    removeData: async () => {
      if (isRunning()) await kill();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** Starts a child process. A command that cannot be started at all shows up as an exit with code -1. */
export function spawnServer(options: SpawnOptions): ServerProcess {
  const child = spawn(options.command, options.args, {
    cwd: options.workingDirectory,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const output = collectOutput(child);
  let ended = false;
  const exited = new Promise<ProcessExit>((resolve) => {
    const end = (exit: ProcessExit) => {
      ended = true;
      running.delete(child);
      resolve(exit);
    };
    child.once("close", (code, signal) => end({ code, signal }));
    child.once("error", (error) => {
      output.append(`${error}\n`);
      end({ code: -1, signal: null });
    });
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const description = () => `process ${child.pid} still runs after ${signal}:\n${output.text()}`;
    return (await withDeadline(exited, STOP_DEADLINE_MILLIS, description)).code;
  };
  return {
    child,
    pid: child.pid ?? -1,
    exited,
    isRunning: () => !ended,
    output: output.text,
    waitForLine: (pattern, deadlineMillis) => waitForLine(child, exited, output, pattern, deadlineMillis),
    stop: (signal = "SIGTERM") => end(signal),
    kill: async () => {
      await end("SIGKILL");
    },
  };
}

type Output = {
  text(): string;
  append(chunk: string): void;
  onLine(listener: ((line: string) => void) | undefined): void;
};

function collectOutput(child: ChildProcess): Output {
  let text = "";
  let listener: ((line: string) => void) | undefined;
  const append = (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_CHARACTERS_MAX);
  };
  for (const stream of [child.stdout, child.stderr]) {
    let line = "";
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      append(chunk);
      const lines = (line + chunk).split("\n");
      line = lines.pop() ?? "";
      for (const whole of lines) {
        listener?.(whole);
      }
    });
  }
  return {
    text: () => text,
    append,
    onLine: (next) => {
      listener = next;
    },
  };
}

async function waitForLine(
  child: ChildProcess,
  exited: Promise<ProcessExit>,
  output: Output,
  pattern: RegExp,
  deadlineMillis: number,
): Promise<string> {
  const already = output
    .text()
    .split("\n")
    .find((line) => pattern.test(line));
  if (already !== undefined) {
    return already;
  }
  const arrived = new Promise<string>((resolve) => {
    output.onLine((line) => {
      if (pattern.test(line)) {
        resolve(line);
      }
    });
  });
  const ended = exited.then((exit) => {
    throw new Error(`process ${child.pid} ended (${exit.code ?? exit.signal}) before ${pattern}:\n${output.text()}`);
  });
  try {
    const description = () => `process ${child.pid} did not print ${pattern}:\n${output.text()}`;
    return await withDeadline(Promise.race([arrived, ended]), deadlineMillis, description);
  } finally {
    output.onLine(undefined);
  }
}
