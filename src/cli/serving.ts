import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import { ok, type Result } from "../base/result.ts";
import { type Config, type RawSettings, readConfig } from "../main/config.ts";
import { isSpares } from "../main/isSpares.ts";
import type { RunningMaster } from "../main/master/startMaster.ts";
import { type ServeError, type ServeHooks, serve } from "../main/server.ts";

const EXIT_FAILED = 1;
const READY_POLL_MILLIS = 10;
const ALIVE_MILLIS = 60_000;
/**
 * What serves is compiled after a seventh of the work that V8 would wait for: a node is at its full speed after some 50,000 requests
 * instead of 200,000, and what runs once for each record of the log does not stay behind. Not from the start on: 5 MB of what
 * runs only then would be compiled.
 */
const SOONER_COMPILED = "--interrupt-budget=20000";

/** What was said, by the names of settings: \`--http-port\` is \`http-port\`. */
export function givenOptions(command: Command): { readonly [name: string]: unknown } {
  const values = command.options.map(
    (option) => [option.long!.slice(2), command.opts()[option.attributeName()]] as const,
  );
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Serves until it is told to stop. */
export async function serveUntilStopped(options: { readonly [name: string]: unknown }): Promise<void> {
  const { config: file, ...flags } = options;
  const configFile = typeof file === "string" ? file : process.env["HOLDFAST_CONFIG"];
  const config = readConfig(flags as RawSettings, process.env, configFile);
  if (!config.ok) return fail(config.error);
  // A worker may have to wait for the coordinator, with nothing open that would keep the process.
  const alive = setInterval(() => undefined, ALIVE_MILLIS);
  let stopping: Promise<void> | undefined;
  let server: Running | undefined;
  let master: RunningMaster | undefined;
  const stop = (): void => {
    if (stopping !== undefined) process.exit(EXIT_FAILED);
    stopping = (server?.stop() ?? Promise.resolve()).then(() => master?.stop()).then(() => process.exit(0));
  };
  if (config.value["with-master"]) {
    const started = await startMasterBeside(config.value);
    if (!started.ok) {
      clearInterval(alive);
      return fail(`the master: ${started.error}`);
    }
    master = started.value;
  }
  const served = await serveWorker(config.value, {
    http: config.value["http-port"] !== 0,
    grpc: config.value["grpc-port"] !== 0,
    configFile,
    onFatal: (error) => {
      console.error(`holdfast: nothing can be kept any more, so nothing is served: ${messageOf(error)}`);
      process.exit(EXIT_FAILED);
    },
    onNotice: (text) => console.error(`holdfast: ${text}`),
    onShutdown: stop,
  });
  if (!served.ok) {
    clearInterval(alive);
    await master?.stop();
    return fail(served.error.message);
  }
  server = served.value;
  setFlagsFromString(SOONER_COMPILED);
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // A replica may have to learn the group's data first.
  while (!server.isReady) await new Promise<void>((resolve) => setTimeout(resolve, READY_POLL_MILLIS));
  announce(server);
}

/** What runs until it is told to stop: a node, or a spare that is to be one. */
interface Running {
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
  /** 0: none. */
  readonly grpcPort?: number;
  readonly dataDirectory: string;
  readonly isReady: boolean;
  stop(): Promise<void>;
}

async function serveWorker(config: Config, hooks: ServeHooks): Promise<Result<Running, ServeError>> {
  if (isSpares(config.group)) return (await import("../main/group/spareWorker.ts")).serveSpare(config, hooks);
  const served = await serve(config, hooks);
  if (!served.ok) return served;
  const { host, port, httpPort, grpcPort, dataDirectory, node, stop } = served.value;
  return ok({
    ...{ host, port, httpPort, grpcPort, dataDirectory, stop },
    get isReady() {
      return node.isReady;
    },
  });
}

/** Another role of the same process: its own connections, and nothing shared with the worker. */
async function startMasterBeside(config: Config): Promise<Result<RunningMaster, string>> {
  const { startMaster } = await import("../main/master/startMaster.ts");
  const ports = { "rpc-port": config["master-rpc-port"], "http-port": config["master-http-port"] };
  return startMaster({ ...config, ...ports }, { onNotice: (text) => console.error(`holdfast: master: ${text}`) });
}

function fail(message: string): void {
  for (const line of message.split("\n")) console.error(`holdfast: ${line}`);
  process.exitCode = EXIT_FAILED;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function announce({ host, port, httpPort, grpcPort = 0, dataDirectory }: Running): void {
  if (process.stdout.isTTY) {
    console.log(`Redis clients   ${host}:${port}      redis-cli -p ${port}`);
    if (grpcPort !== 0)
      console.log(`gRPC            ${host}:${grpcPort}      holdfast get KEY --connect ${host}:${grpcPort}`);
    if (httpPort !== 0) console.log(`HTTP            http://${host}:${httpPort}/metrics   /healthz   /readyz`);
    console.log(`Data            ${dataDirectory}`);
    console.log("Stop            Ctrl+C");
  }
  const http = httpPort === 0 ? "none" : `${host}:${httpPort}`;
  const grpc = grpcPort === 0 ? "" : ` grpc=${host}:${grpcPort}`;
  console.log(`holdfast ready redis=${host}:${port} http=${http}${grpc} data=${dataDirectory} pid=${process.pid}`);
}
