import { Command } from "commander";
import { MASTER_RPC_PORT, type RawSettings, readConfig } from "../main/config.ts";
import type { RunningMaster } from "../main/master/startMaster.ts";
import { fail } from "./reach.ts";
import { givenOptions } from "./serving.ts";

const EXIT_FAILED = 1;
const ALIVE_MILLIS = 60_000;

/** `holdfast master`: assigns and moves slots, or stands by to, until it is told to stop. */
export function masterCommand(): Command {
  return new Command("master")
    .description("start a master: it assigns slots to groups, balances and moves them; any number may stand by")
    .requiredOption("--zookeeper <servers>", "ZooKeeper servers and path, such as h1:2181,h2:2181,h3:2181/holdfast")
    .requiredOption("--id <name>", "name of this master, for people")
    .option("--zookeeper-auth <user:password>", "authenticates there")
    .option("--bind <address>", "address to listen on (default: 127.0.0.1)")
    .option("--advertise <address>", "address by which others reach it (default: that of --bind)")
    .option("--rpc-port <number>", `port for calls; 0 for any that is free (default: ${MASTER_RPC_PORT})`)
    .option("--http-port <number>", "port of /healthz, /readyz, /metrics and /topology; 0 for none (default: 0)")
    .option("--tls-ca <file>", "authority (PEM) whose certificates are shown in calls; then all three")
    .option("--tls-cert <file>", "this master's certificate (PEM)")
    .option("--tls-key <file>", "and its key (PEM)")
    .option("--config <file>", "YAML or JSON file with these settings")
    .addHelpText("after", MORE_HELP)
    .exitOverride()
    .action((_options: unknown, command: Command) => run(givenOptions(command)));
}

const MORE_HELP = `
The one that has been there longest is active. When it ends, however it ends, the next goes on with what it finds; nothing is lost,
and clients notice nothing: a master is never on the way of a request. Settings may come from the environment, as HOLDFAST_RPC_PORT.`;

async function run({ config: file, ...flags }: RawSettings): Promise<void> {
  const configFile = typeof file === "string" ? file : process.env["HOLDFAST_CONFIG"];
  const config = readConfig(flags, process.env, configFile, { "rpc-port": MASTER_RPC_PORT, "http-port": 0 });
  if (!config.ok) {
    process.exitCode = fail(config.error);
    return;
  }
  // It may have to wait for the coordinator, with nothing open that would keep the process.
  const alive = setInterval(() => undefined, ALIVE_MILLIS);
  let master: RunningMaster | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    if (stopping !== undefined) process.exit(EXIT_FAILED);
    stopping = (master?.stop() ?? Promise.resolve()).then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const { startMaster } = await import("../main/master/startMaster.ts");
  const started = await startMaster(config.value, {
    onNotice: (text) => console.error(`holdfast: ${text}`),
  });
  if (!started.ok) {
    clearInterval(alive);
    process.exitCode = fail(started.error);
    return;
  }
  master = started.value;
  const { rpc, http } = master;
  console.log(`holdfast master ready id=${config.value.id} rpc=${rpc} http=${http || "none"} pid=${process.pid}`);
}
