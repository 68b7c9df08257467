/**
 * Shows where Holdfast spends its time: starts it under `node --cpu-prof`, drives one workload, or restarts it on loaded
 * data, and prints the functions with the most self time during that alone. V8 counts what libuv does between two
 * callbacks (epoll, read) as idle; the difference to the main thread's CPU time by the kernel's count is that.
 *
 *   npm run bench:profile -- --test set --pipeline 16 --durability memory
 *   npm run bench:profile -- --restart SIGKILL --keys 1000000
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readThreadProfiles, type Window } from "./cpuProfile.ts";
import { stringKey } from "./loader.ts";
import { chooseDataRoot } from "./machine.ts";
import { oneOf, positive, runMain, words } from "./options.ts";
import { pinClient } from "./pinning.ts";
import { prepare } from "./preparation.ts";
import { readThreadCpus, settle, type ThreadCpu } from "./procfs.ts";
import { type ProfileFormat, printThreadCpus, printThreadProfile } from "./profileReport.ts";
import { driveLoad, testNames } from "./redisBenchmark.ts";
import { type Durability, durabilities, holdfastContender, Server } from "./servers.ts";
import { datasetOf, type Workload } from "./workloads.ts";

const help = `Usage: npm run bench:profile -- [options]

  --test NAME          ${testNames.join(", ")} (default set)
  --clients N          connections (default 50)
  --pipeline N         requests sent at once (default 16)
  --value N            bytes of a value (default 100)
  --keys N             size of the key space (default 100000)
  --durability MODE    sync or memory (default memory)
  --seconds N          length of the profiled load, about (default 4)
  --restart SIGNAL     profile no load but a start on loaded strings, after SIGTERM or SIGKILL
  --interval N         microseconds between two samples (default 250)
  --top N              functions to print (default 40)
  --sort KEY           self or total (default self)
  --out DIR            keep the .cpuprofile files there (default: a new directory beside the data)
  --holdfast PATH      the program to profile (default bin/holdfast)
  --holdfast-args TEXT more arguments for holdfast start
  --no-pin             do not pin server and client to a core each`;

/** What the command line asks for. */
interface Settings {
  workload: Workload;
  durability: Durability;
  seconds: number;
  restartSignal: "SIGTERM" | "SIGKILL" | undefined;
  intervalMicros: number;
  format: Omit<ProfileFormat, "requests">;
  outDirectory: string;
  script: string;
  extraArgs: string[];
  isPinned: boolean;
}

/** What happened in the window that the report looks at. */
interface Measured {
  summary: string;
  window: Window;
  requests: number | undefined;
  /** CPU time of each thread inside the window, the main thread first. */
  threadCpus: ThreadCpu[];
}

await runMain(async () => {
  const settings = readSettings();
  if (settings === undefined) console.log(help);
  else await profile(settings);
});

async function profile(settings: Settings): Promise<void> {
  const { outDirectory, format } = settings;
  const serverCore = settings.isPinned ? await pinClient() : undefined;
  const host = { dataRoot: chooseDataRoot(undefined), serverCore };
  mkdirSync(outDirectory, { recursive: true });
  const profiling = ["--cpu-prof", `--cpu-prof-dir=${outDirectory}`, `--cpu-prof-interval=${settings.intervalMicros}`];
  // The array is read at each start of the process, so the profiler can be switched on for the second one only.
  const nodeArgs: string[] = settings.restartSignal === undefined ? profiling : [];
  const program = { script: settings.script, nodeArgs, extraArgs: settings.extraArgs };
  const server = await Server.start(holdfastContender(settings.durability, program), host);
  let measured: Measured;
  if (settings.restartSignal === undefined) {
    measured = await measureLoad(server, settings);
  } else {
    measured = await measureRestart(server, settings, settings.restartSignal, () => nodeArgs.push(...profiling));
  }
  await server.stop("SIGTERM");
  server.discard();
  const threads = readThreadProfiles(outDirectory, measured.window);
  if (threads.length === 0) throw new Error("no .cpuprofile was written: did the server end by SIGTERM?");
  console.log(measured.summary);
  printThreadCpus(measured.threadCpus, measured.requests);
  for (const thread of threads) printThreadProfile(thread, { ...format, requests: measured.requests });
  console.log(`\nProfiles for Chrome DevTools or speedscope: ${outDirectory}`);
}

/** Warms the server up with a quarter of the load, then measures the rest. */
async function measureLoad(server: Server, settings: Settings): Promise<Measured> {
  const { workload, seconds } = settings;
  await prepare(server, datasetOf(workload));
  const trial = { ...workload, requests: 2_000 + workload.clients * workload.pipeline * 4 };
  const { requestsPerSecond: trialRate } = await driveLoad(server, trial);
  const warmUp = { ...workload, requests: Math.ceil((trialRate * seconds) / 4) };
  const { requestsPerSecond: warmRate } = await driveLoad(server, warmUp);
  const requests = Math.ceil(warmRate * seconds);
  const before = new Map(readThreadCpus(server.pid).map((thread) => [thread.threadId, thread.cpuMillis]));
  const startMicros = monotonicMicros();
  const outcome = await driveLoad(server, { ...workload, requests });
  const window = { startMicros, endMicros: monotonicMicros() };
  const threadCpus = readThreadCpus(server.pid).map((thread) => ({
    ...thread,
    cpuMillis: thread.cpuMillis - (before.get(thread.threadId) ?? 0),
  }));
  const summary =
    `${describe(settings)}\n${Math.round(outcome.requestsPerSecond)} requests/s under the profiler  ` +
    `p50 ${outcome.p50Millis} ms  p99 ${outcome.p99Millis} ms`;
  return { summary, window, requests, threadCpus };
}

/** Loads strings, stops the server, and measures from the start of a profiled process until it answers a GET. */
async function measureRestart(
  server: Server,
  settings: Settings,
  signal: "SIGTERM" | "SIGKILL",
  switchProfilerOn: () => void,
): Promise<Measured> {
  const { keys, valueBytes } = settings.workload;
  await prepare(server, { kind: "strings", keys, valueBytes });
  await settle(server.pid, { quietMillis: 2_000, timeoutMillis: 120_000 });
  await server.stop(signal);
  switchProfilerOn();
  const startMicros = monotonicMicros();
  server.launch();
  await server.untilAnswers(["GET", stringKey(Math.floor(keys / 2))]);
  const window = { startMicros, endMicros: monotonicMicros() };
  const threadCpus = readThreadCpus(server.pid);
  // Node writes no profile if it is told to stop while it is still starting.
  await sleep(200);
  const millis = ((window.endMicros - startMicros) / 1_000).toFixed(0);
  const summary = `restart after ${signal}  ${keys} keys  ${valueBytes} bytes\nfirst GET answered after ${millis} ms`;
  return { summary, window, requests: undefined, threadCpus };
}

/** The clock in which V8 stamps samples. */
function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function describe({ workload, durability }: Settings): string {
  const { test, clients, pipeline, valueBytes, keys } = workload;
  return (
    `${test.toUpperCase()}  ${clients} clients  pipeline ${pipeline}  ${valueBytes} bytes  ${keys} keys  ` +
    `durability ${durability}`
  );
}

function readSettings(): Settings | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h", default: false },
      test: { type: "string", default: "set" },
      clients: { type: "string", default: "50" },
      pipeline: { type: "string", default: "16" },
      value: { type: "string", default: "100" },
      keys: { type: "string", default: "100000" },
      durability: { type: "string", default: "memory" },
      seconds: { type: "string", default: "4" },
      restart: { type: "string" },
      interval: { type: "string", default: "250" },
      top: { type: "string", default: "40" },
      sort: { type: "string", default: "self" },
      out: { type: "string" },
      holdfast: { type: "string", default: "bin/holdfast" },
      "holdfast-args": { type: "string", default: "" },
      "no-pin": { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    workload: {
      test: oneOf("test", values.test, testNames),
      clients: positive("clients", values.clients),
      pipeline: positive("pipeline", values.pipeline),
      valueBytes: positive("value", values.value),
      keys: positive("keys", values.keys),
    },
    durability: oneOf("durability", values.durability, durabilities),
    seconds: positive("seconds", values.seconds),
    restartSignal:
      values.restart === undefined ? undefined : oneOf("restart", values.restart, ["SIGTERM", "SIGKILL"] as const),
    intervalMicros: positive("interval", values.interval),
    format: { top: positive("top", values.top), sort: oneOf("sort", values.sort, ["self", "total"] as const) },
    outDirectory: values.out ?? join(chooseDataRoot(undefined), `holdfast-profile-${process.pid}`),
    script: resolve(values.holdfast),
    extraArgs: words(values["holdfast-args"]),
    isPinned: !values["no-pin"],
  };
}
