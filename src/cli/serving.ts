import type { Command } from "commander";
import { type RawSettings, readConfig } from "../main/config.ts";
import { type Server, serve } from "../main/server.ts";

const EXIT_FAILED = 1;
const READY_POLL_MILLIS = 10;
const ALIVE_MILLIS = 60_000;

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
  let server: Server | undefined;
  const stop = (): void => {
    if (stopping !== undefined) process.exit(EXIT_FAILED);
    stopping = (server?.stop() ?? Promise.resolve()).then(() => process.exit(0));
  };
  const served = await serve(config.value, {
    http: config.value["http-port"] !== 0,
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
    return fail(served.error.message);
  }
  server = served.value;
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // A replica may have to learn the group's data first.
  while (!server.node.isReady) await new Promise<void>((resolve) => setTimeout(resolve, READY_POLL_MILLIS));
  announce(server);
}

function fail(message: string): void {
  for (const line of message.split("\n")) console.error(`holdfast: ${line}`);
  process.exitCode = EXIT_FAILED;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function announce({ host, port, httpPort, dataDirectory }: Server): void {
  if (process.stdout.isTTY) {
    console.log(`Redis clients   ${host}:${port}      redis-cli -p ${port}`);
    if (httpPort !== 0) console.log(`HTTP            http://${host}:${httpPort}/metrics   /healthz   /readyz`);
    console.log(`Data            ${dataDirectory}`);
    console.log("Stop            Ctrl+C");
  }
  console.log(
    `holdfast ready redis=${host}:${port} http=${httpPort === 0 ? "none" : `${host}:${httpPort}`} data=${dataDirectory} pid=${process.pid}`,
  );
}
