import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { ZookeeperServers } from "./zookeeperServers.ts";

const EXIT_FAILED = 1;
const SERVERS_MAX = 7;
/** Ports for the other servers are so far from those for clients. */
const QUORUM_OFFSET = 100;
const ELECTION_OFFSET = 200;

interface Options {
  readonly servers: number;
  readonly basePort: number;
  readonly data?: string;
}

/** `holdfast zookeeper`: an ensemble on this machine, for trying things out, until it is told to stop. */
export function zookeeperCommand(): Command {
  return new Command("zookeeper")
    .description("start ZooKeeper servers on this machine, for trying things out")
    .option("--servers <number>", "how many: 1, 3, 5 or 7", serverCount, 3)
    .option("--base-port <number>", "port of the first for clients; the others follow", portNumber, 2181)
    .option("--data <directory>", "where their data is kept (default: a temporary directory, removed at the end)")
    .addHelpText("after", MORE_HELP)
    .exitOverride()
    .action((options: Options) => run(options));
}

const MORE_HELP = `
They listen on 127.0.0.1, on ports base, base+1, … for clients and 100 and 200 higher among themselves, without authentication.
Needs Java and ZooKeeper: Debian's packages zookeeper and default-jre-headless, or Apache's archive and ZOOKEEPER_HOME.`;

async function run({ servers: count, basePort, data }: Options): Promise<void> {
  const dataDirectory = data === undefined ? await mkdtemp(join(tmpdir(), "holdfast-zookeeper-")) : resolve(data);
  const cleanUp = async (): Promise<void> => {
    if (data === undefined) await rm(dataDirectory, { recursive: true, force: true });
  };
  const ports = Array.from({ length: count }, (_, index) => ({
    client: basePort + index,
    quorum: basePort + QUORUM_OFFSET + index,
    election: basePort + ELECTION_OFFSET + index,
  }));
  let stopping: Promise<void> | undefined;
  const starting = ZookeeperServers.start({
    ports,
    dataDirectory,
    onExit: (text) => {
      if (stopping === undefined) console.error(`holdfast: ${text}`);
    },
  });
  const stop = (): void => {
    if (stopping !== undefined) process.exit(EXIT_FAILED);
    stopping = starting.then(async (started) => {
      if (started.ok) await started.value.stop();
      await cleanUp();
      process.exit(started.ok ? 0 : EXIT_FAILED);
    });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const started = await starting;
  if (!started.ok) {
    for (const line of started.error.trimEnd().split("\n")) console.error(`holdfast: ${line}`);
    await cleanUp();
    process.exit(EXIT_FAILED);
  }
  if (stopping !== undefined) return;
  const { connectString } = started.value;
  if (process.stdout.isTTY) console.log(`Workers   holdfast worker --zookeeper ${connectString} …\nStop      Ctrl+C`);
  console.log(`holdfast zookeeper ready ${connectString} data=${dataDirectory} pid=${process.pid}`);
}

function serverCount(text: string): number {
  const count = Number(text);
  if (![1, 3, 5, SERVERS_MAX].includes(count)) throw new InvalidArgumentError("1, 3, 5 or 7.");
  return count;
}

function portNumber(text: string): number {
  const port = Number(text);
  const last = 65535 - ELECTION_OFFSET - SERVERS_MAX;
  if (!Number.isInteger(port) || port < 1 || port > last) throw new InvalidArgumentError(`1 to ${last}.`);
  return port;
}
