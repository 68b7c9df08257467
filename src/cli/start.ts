import { Command, type OptionValues } from "commander";
import { addGroupOptions } from "./groupOptions.ts";
import { givenOptions, serveUntilStopped } from "./serving.ts";

/** `holdfast start`: serves until it is told to stop. */
export function startCommand(): Command {
  const command = new Command("start")
    .description("start a node")
    .option("--port <number>", "port of the Redis protocol (default: 6379)")
    .option("--bind <address>", "address to listen on (default: 127.0.0.1)")
    .option("--data <directory>", "where the data is (default: ./holdfast-data)")
    .option(
      "--durability <mode>",
      "sync: a write is on disk before its reply; memory: at the latest a second after (default: sync)",
    )
    .option("--grpc-port <number>", "port of the gRPC API of a node that is alone; 0 for none (default: 0)")
    .option("--http-port <number>", "port of /healthz, /readyz and /metrics; 0 for none (default: 8600)")
    .option(
      "--memory <bytes>",
      "memory for keys and values, such as 2gb; the rest is on disk (default: half of the machine's)",
    )
    .option("--maxclients <number>", "connections at the same time (default: 10000)")
    .option("--protected-mode <yes|no>", "without a password, answer clients on this machine only (default: yes)")
    .option("--enable-debug-command <yes|no>", "allow DEBUG (default: no)")
    .option("--zookeeper <servers>", "become a replica of a group, with the data there is; then --id is needed, too")
    .option("--id <name>", "name of this replica, for good; no other has it")
    .option("--config <file>", "YAML or JSON file with these settings, and requirepass")
    .addHelpText("after", SETTINGS_HELP)
    .exitOverride();
  return addGroupOptions(command).action(async (_options: OptionValues, command: Command) =>
    serveUntilStopped(givenOptions(command)),
  );
}

export const SETTINGS_HELP = `
Every setting may also come from the environment, as HOLDFAST_PORT, HOLDFAST_HTTP_PORT and so on, or from the file.
A flag goes before the environment, the environment before the file.
The password is HOLDFAST_REQUIREPASS or requirepass in the file: other users of the machine can read a process's flags.`;
