import { Command, InvalidArgumentError } from "commander";
import { countSlots } from "../core/slots/slotRanges.ts";
import type { DevCluster } from "../main/devCluster.ts";
import { rangesText, tableText } from "./figures.ts";

const EXIT_FAILED = 1;
const REPLICAS_MAX = 9;
const GROUPS_MAX = 64;
/** All of them share this process and its memory. */
const NODES_MAX = 100;

interface Options {
  readonly groups: number;
  readonly replicas: number;
  readonly basePort: number;
  readonly data: string;
  readonly zookeeper?: string;
  readonly memory: string;
  readonly proxy: string;
  readonly scatter: string;
}

/** `holdfast dev`: a cluster in one process, until it is told to stop. */
export function devCommand(): Command {
  return new Command("dev")
    .description("run a cluster in this terminal, for trying things out: a master, and groups of replicas")
    .option("--groups <number>", `groups, which share the slots, 1 to ${GROUPS_MAX}`, wholeNumber(1, GROUPS_MAX), 1)
    .option("--replicas <number>", `replicas of each group, 1 to ${REPLICAS_MAX}`, wholeNumber(1, REPLICAS_MAX), 3)
    .option("--base-port <number>", "Redis port of the first node; the others follow", wholeNumber(0, 65_000), 7000)
    .option("--data <directory>", "where the data is kept", "./holdfast-dev")
    .option("--zookeeper <servers>", "agree on the configuration there, not in this process")
    .option("--memory <bytes>", "memory of each node for keys and values", "256mb")
    .option("--proxy <yes|no>", "execute what belongs to other nodes there, for any client", "yes")
    .option("--scatter <yes|no>", "split MGET, DEL, DBSIZE and others between groups", "no")
    .addHelpText("after", MORE_HELP)
    .exitOverride()
    .action((options: Options) => run(options));
}

const MORE_HELP = `
The master's calls are 300 above the first Redis port. Started again with more groups, the new ones are empty until holdfast rebalance.`;

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
  };
}

async function run(options: Options): Promise<void> {
  const { groups, replicas } = options;
  if (groups * replicas > NODES_MAX)
    return fail(`--groups ${groups} --replicas ${replicas}: at most ${NODES_MAX} nodes fit into one process`);
  let cluster: DevCluster | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    if (stopping !== undefined) process.exit(EXIT_FAILED);
    stopping = (cluster?.stop() ?? Promise.resolve()).then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const { basePort, data, zookeeper, memory, proxy, scatter } = options;
  // A node that is alone needs nothing of this.
  const { startDevCluster } = await import("../main/devCluster.ts");
  const started = await startDevCluster({
    ...{ groups, replicas, basePort, data, zookeeper, memory, proxy, scatter },
    onFatal: (error) => {
      console.error(`holdfast: nothing can be kept any more, so nothing is served: ${String(error)}`);
      process.exit(EXIT_FAILED);
    },
    onNotice: (text) => console.error(`holdfast: ${text}`),
    onShutdown: stop,
  });
  if (!started.ok) return fail(started.error);
  cluster = started.value;
  announce(cluster);
}

function fail(message: string): void {
  console.error(`holdfast: ${message}`);
  process.exitCode = EXIT_FAILED;
}

function announce(cluster: DevCluster): void {
  const { nodes, master, topology, dataDirectory } = cluster;
  const slots = new Map(topology.groups.map(({ name, slots }) => [name, slots]));
  const rows = nodes.map(({ group, id, host, port }) => [
    ...[group, rangesText(slots.get(group) ?? []), id, `${host}:${port}`],
    id === cluster.primaryOf(group) ? "primary" : "secondary",
  ]);
  process.stdout.write(tableText([["group", "slots", "node", "address", ""], ...rows]));
  console.log(`master m1  ${master}`);
  const ports = nodes.map(({ port }) => port);
  console.log(`
Any node takes you to the right one:
  redis-cli -c -p ${ports.at(-1)} set greeting hello
  redis-cli -c -p ${ports[0]} get greeting
Who is what, and where your write is:
  redis-cli -p ${ports[0]} cluster nodes
  redis-cli -p ${ports[0]} role
From programs, connect({ addresses: "${master}" }) of the client library; at the terminal:
  bin/holdfast incr visits --connect ${master}
  bin/holdfast topology --master ${master}${migrateExample(cluster)}
Data   ${dataDirectory}
Stop   Ctrl+C`);
  const addresses = nodes.map(({ host, port }) => `${host}:${port}`).join(",");
  console.log(`holdfast dev ready redis=${addresses} data=${dataDirectory} pid=${process.pid}`);
}

function migrateExample({ topology, master }: DevCluster): string {
  const source = topology.groups.find(({ slots }) => countSlots(slots) > 0);
  const target = topology.groups.find(({ name }) => name !== source?.name);
  if (source === undefined || target === undefined) return "";
  const from = source.slots[0]![0];
  return `
Move slots while they are used, and back to an even share:
  bin/holdfast migrate --slots ${from}-${from + 99} --to ${target.name} --master ${master}
  bin/holdfast rebalance --master ${master}`;
}
