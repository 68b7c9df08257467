import { Command, InvalidArgumentError } from "commander";
import { type DevGroup, startDevGroup } from "../main/devGroup.ts";

const EXIT_FAILED = 1;
const REPLICAS_MAX = 9;

interface Options {
  readonly groups: number;
  readonly replicas: number;
  readonly basePort: number;
  readonly data: string;
  readonly zookeeper?: string;
  readonly memory: string;
}

/** `holdfast dev`: a group in one process, until it is told to stop. */
export function devCommand(): Command {
  return new Command("dev")
    .description("run a group of replicas in this terminal, for trying things out")
    .option("--groups <number>", "how many groups; 1 so far", wholeNumber(1, 1_000), 1)
    .option("--replicas <number>", `replicas of the group, 1 to ${REPLICAS_MAX}`, wholeNumber(1, REPLICAS_MAX), 3)
    .option("--base-port <number>", "Redis port of the first; the others follow", wholeNumber(0, 65_000), 7000)
    .option("--data <directory>", "where the data is kept", "./holdfast-dev")
    .option("--zookeeper <servers>", "agree on the configuration there, not in this process")
    .option("--memory <bytes>", "memory of each replica for keys and values", "256mb")
    .exitOverride()
    .action((options: Options) => run(options));
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
  };
}

async function run({ groups, replicas, basePort, data, zookeeper, memory }: Options): Promise<void> {
  if (groups > 1) {
    return fail(
      `--groups ${groups}: several groups share the slots between them, which this version cannot do yet; leave it at 1`,
    );
  }
  let group: DevGroup | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    if (stopping !== undefined) process.exit(EXIT_FAILED);
    stopping = (group?.stop() ?? Promise.resolve()).then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const started = await startDevGroup({
    ...{ replicas, basePort, data, zookeeper, memory },
    onFatal: (error) => {
      console.error(`holdfast: nothing can be kept any more, so nothing is served: ${String(error)}`);
      process.exit(EXIT_FAILED);
    },
    onNotice: (text) => console.error(`holdfast: ${text}`),
    onShutdown: stop,
  });
  if (!started.ok) return fail(started.error);
  group = started.value;
  announce(group);
}

function fail(message: string): void {
  console.error(`holdfast: ${message}`);
  process.exitCode = EXIT_FAILED;
}

function announce({ servers, dataDirectory, primary }: DevGroup): void {
  const ports = servers.map(({ port }) => port);
  for (const { id, host, port } of servers)
    console.log(`${id}   ${host}:${port}   ${id === primary ? "primary" : "secondary"}`);
  console.log(`
Any of them takes you to the primary, or reads for you:
  redis-cli -c -p ${ports.at(-1)} set greeting hello
  redis-cli -c -p ${ports[0]} get greeting
Who is what, and where your write is:
  redis-cli -p ${ports[0]} cluster nodes
  redis-cli -p ${ports[0]} role
Data   ${dataDirectory}
Stop   Ctrl+C`);
  const addresses = servers.map(({ host, port }) => `${host}:${port}`).join(",");
  console.log(`holdfast dev ready redis=${addresses} data=${dataDirectory} pid=${process.pid}`);
}
