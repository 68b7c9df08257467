import { Command, type OptionValues } from "commander";
import { addGroupOptions } from "./groupOptions.ts";
import { givenOptions, serveUntilStopped } from "./serving.ts";
import { SETTINGS_HELP } from "./start.ts";

/** `holdfast worker`: one replica of a group, until it is told to stop. */
export function workerCommand(): Command {
  const command = new Command("worker")
    .description("start a replica of a group whose configuration is in ZooKeeper")
    .requiredOption("--zookeeper <servers>", "ZooKeeper servers and path, such as h1:2181,h2:2181,h3:2181/holdfast")
    .requiredOption("--id <name>", "name of this replica, for good; no other has it")
    .option("--port <number>", "port of the Redis protocol (default: 6379)")
    .option("--bind <address>", "address to listen on (default: 127.0.0.1)")
    .option("--http-port <number>", "port of /healthz, /readyz and /metrics; 0 for none (default: 8600)")
    .option("--data <directory>", "where the data is (default: ./holdfast-data)")
    .option(
      "--durability <mode>",
      "sync: a write is on all replicas' disks before its reply; memory: in their memory (default: sync)",
    )
    .option("--memory <bytes>", "memory for keys and values, such as 2gb (default: half of the machine's)")
    .option("--maxclients <number>", "connections at the same time (default: 10000)")
    .option("--protected-mode <yes|no>", "without a password, answer clients on this machine only (default: yes)")
    .option("--enable-debug-command <yes|no>", "allow DEBUG (default: no)")
    .option("--config <file>", "YAML or JSON file with these settings, and requirepass")
    .addHelpText("after", SETTINGS_HELP)
    .exitOverride();
  return addGroupOptions(command).action(async (_options: OptionValues, command: Command) =>
    serveUntilStopped(givenOptions(command)),
  );
}
