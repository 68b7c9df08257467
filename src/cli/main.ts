import { Command, CommanderError } from "commander";
import { VERSION } from "../main/version.ts";
import { cliCommand } from "./cli.ts";
import { clusterCommands } from "./clusterCommands.ts";
import { devCommand } from "./dev.ts";
import { hotCommand } from "./hot.ts";
import { kvCommands } from "./kvCommands.ts";
import { kvSession } from "./kvSession.ts";
import { masterCommand } from "./master.ts";
import { movesCommand } from "./moves.ts";
import { startCommand } from "./start.ts";
import { statusCommand } from "./status.ts";
import { topologyCommand } from "./topology.ts";
import { whyCommand } from "./why.ts";
import { workerCommand } from "./worker.ts";
import { zookeeperCommand } from "./zookeeper.ts";

/** A bug: neither a wrong setting nor a failed disk (BSD's EX_SOFTWARE). */
const EXIT_BUG = 70;

/** Runs the command line; `argv` as the process got it. */
export async function run(argv: readonly string[]): Promise<void> {
  process.on("uncaughtException", endByBug);
  process.on("unhandledRejection", endByBug);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  const program = new Command("holdfast")
    .description("A key-value store that any Redis client can use and that keeps what it has acknowledged.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .showHelpAfterError("(try holdfast --help)")
    .exitOverride();
  program.addCommand(startCommand());
  program.addCommand(workerCommand());
  program.addCommand(masterCommand());
  program.addCommand(devCommand());
  program.addCommand(statusCommand());
  program.addCommand(topologyCommand());
  for (const command of clusterCommands()) program.addCommand(command);
  program.addCommand(movesCommand());
  program.addCommand(hotCommand());
  program.addCommand(whyCommand());
  for (const command of kvCommands(kvSession)) program.addCommand(command);
  program.addCommand(cliCommand());
  program.addCommand(zookeeperCommand());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  }
}

/** Whoever read the output has gone: a server goes on, a command ends by itself. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

function endByBug(error: unknown): void {
  console.error(
    `holdfast: this is a bug in Holdfast: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exit(EXIT_BUG);
}
