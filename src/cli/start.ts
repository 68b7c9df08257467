import { Command, type OptionValues } from "commander";
import { type RawSettings, readConfig } from "../main/config.ts";
import { type Server, serve } from "../main/server.ts";

const EXIT_FAILED = 1;

/** `holdfast start`: serves until it is told to stop. */
export function startCommand(): Command {
  return new Command("start")
    .description("start a node")
    .option("--port <number>", "port of the Redis protocol (default: 6379)")
    .option("--bind <address>", "address to listen on (default: 127.0.0.1)")
    .option("--data <directory>", "where the data is (default: ./holdfast-data)")
    .option(
      "--durability <mode>",
      "sync: a write is on disk before its reply; memory: at the latest a second after (default: sync)",
    )
    .option("--http-port <number>", "port of /healthz, /readyz and /metrics; 0 for none (default: 8600)")
    .option(
      "--memory <bytes>",
      "memory for keys and values, such as 2gb; the rest is on disk (default: half of the machine's)",
    )
    .option("--maxclients <number>", "connections at the same time (default: 10000)")
    .option("--protected-mode <yes|no>", "without a password, answer clients on this machine only (default: yes)")
    .option("--enable-debug-command <yes|no>", "allow DEBUG (default: no)")
    .option("--config <file>", "YAML or JSON file with these settings, and requirepass")
    .addHelpText("after", MORE_HELP)
    .exitOverride()
    .action(async (_options: OptionValues, command: Command) => start(givenOptions(command)));
}

const MORE_HELP = `
Every setting may also come from the environment, as HOLDFAST_PORT, HOLDFAST_HTTP_PORT and so on, or from the file.
A flag goes before the environment, the environment before the file.
The password is HOLDFAST_REQUIREPASS or requirepass in the file: other users of the machine can read a process's flags.`;

/** What was said, by the names of settings: \`--http-port\` is \`http-port\`. */
function givenOptions(command: Command): { readonly [name: string]: unknown } {
  const values = command.options.map(
    (option) => [option.long!.slice(2), command.opts()[option.attributeName()]] as const,
  );
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

async function start(options: { readonly [name: string]: unknown }): Promise<void> {
  const { config: file, ...flags } = options;
  const configFile = typeof file === "string" ? file : process.env["HOLDFAST_CONFIG"];
  const config = readConfig(flags as RawSettings, process.env, configFile);
  if (!config.ok) return fail(config.error);
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
  if (!served.ok) return fail(served.error.message);
  server = served.value;
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
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
