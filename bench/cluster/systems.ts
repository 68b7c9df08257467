import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MasterClient } from "../../src/main/master/masterClient.ts";
import { freePort } from "../../test/support/freePort.ts";
import { callOnce } from "../connection.ts";
import { type Contender, type Durability, type HoldfastProgram, type Host, Server, until } from "../servers.ts";
import { slotCount } from "./keys.ts";

const run = promisify(execFile);

/** A part of the key space, and the process that serves it. */
export interface ClusterNode {
  /** As the system calls it. */
  id: string;
  port: number;
  /** The process that takes the writes. */
  server: Server;
}

/** Three parts of a key space, each of one or more replicas, all on this machine. */
export interface ClusterSystem {
  name: string;
  nodes: readonly ClusterNode[];
  /** Where clients may be sent: replicas can become primaries. */
  ports: readonly number[];
  /** All processes that take part. */
  servers: readonly Server[];
  /** The port of each slot's owner. */
  owners: () => Promise<Uint16Array>;
  /** Moves the source's first slots by the command that a person uses; resolves when the command ends. */
  relocate: (source: ClusterNode, target: ClusterNode, slots: number) => Promise<void>;
  close: () => Promise<void>;
}

export interface ClusterKind {
  name: string;
  start: (host: Host) => Promise<ClusterSystem>;
}

/** Holdfast, with what only the program itself knows of it. */
export interface HoldfastCluster extends ClusterSystem {
  masters: MasterClient;
}

export interface HoldfastClusterOptions {
  program: HoldfastProgram;
  durability: Durability;
  /** Of each group. */
  replicas: number;
  zookeepers: number;
  /** Nodes execute at the owner what is not theirs. */
  isProxy: boolean;
}

const nodeCount = 3;
const startMillisMax = 60_000;
const commandMillisMax = 300_000;
/** The whole lines: what goes wrong has "already in use" in its text. */
const zookeeperReady = /^holdfast zookeeper ready (\S+) data=/m;
const masterReady = /^holdfast master ready /m;
const numbers = Array.from({ length: nodeCount }, (_, i) => i + 1);

/** Three primaries of a Redis Cluster without replicas. */
export function redisCluster(durability: Durability): ClusterKind {
  const name = "redis cluster";
  const fsync = durability === "sync" ? "always" : "everysec";
  const start = async (host: Host): Promise<ClusterSystem> => {
    const servers: Server[] = [];
    const addresses: string[] = [];
    for (let i = 0; i < nodeCount; i++) {
      const busPort = await freePort();
      const server = await Server.start({ name, command: redisCommand(fsync, busPort) }, host);
      servers.push(server);
      addresses.push(`127.0.0.1:${server.port}@${busPort}`);
    }
    await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-yes"]);
    for (const { port } of servers) {
      await until("redis cluster", servers, async () => {
        return (await callOnce(port, "CLUSTER", "INFO")).includes("cluster_state:ok");
      });
    }
    const nodes = await Promise.all(
      servers.map(async (server) => ({
        id: await callOnce(server.port, "CLUSTER", "MYID"),
        port: server.port,
        server,
      })),
    );
    return {
      ...{ name, nodes, servers, ports: servers.map(({ port }) => port) },
      owners: async () => ownersOf(await callOnce(servers[0]!.port, "CLUSTER", "NODES")),
      relocate: async (source, target, slots) => {
        const args = ["--cluster", "reshard", `127.0.0.1:${source.port}`, "--cluster-yes", "--cluster-pipeline", "100"];
        args.push("--cluster-from", source.id, "--cluster-to", target.id, "--cluster-slots", String(slots));
        await run("redis-cli", args, { maxBuffer: 1 << 26, timeout: commandMillisMax });
      },
      close: async () => discard(servers),
    };
  };
  return { name, start };
}

function redisCommand(fsync: string, busPort: number): Contender["command"] {
  return (port, dataDirectory) => [
    ...["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--dir", dataDirectory, "--save", ""],
    ...["--appendonly", "yes", "--appendfsync", fsync],
    ...["--cluster-enabled", "yes", "--cluster-port", String(busPort)],
  ];
}

/** Reads the lines of `CLUSTER NODES`. */
function ownersOf(nodes: string): Uint16Array {
  const owners = new Uint16Array(slotCount);
  for (const line of nodes.trim().split("\n")) {
    const [, address = "", flags = "", , , , , , ...ranges] = line.split(" ");
    if (!flags.includes("master")) continue;
    const port = Number(/:(\d+)@?/.exec(address)?.[1]);
    for (const range of ranges.filter((each) => !each.startsWith("["))) {
      const [from = 0, to = from] = range.split("-").map(Number);
      owners.fill(port, from, to + 1);
    }
  }
  return owners;
}

/** Three groups, a master, and ZooKeeper. */
export function holdfastCluster(options: HoldfastClusterOptions): {
  name: string;
  start: (host: Host) => Promise<HoldfastCluster>;
} {
  const name = "holdfast";
  const script = options.program.script;
  const start = async (host: Host): Promise<HoldfastCluster> => {
    const coordinator = await Server.spawn(zookeeper(script, options.zookeepers), host);
    const servers = [coordinator];
    await until("ZooKeeper", servers, async () => zookeeperReady.test(coordinator.output));
    const zookeeperAt = `${zookeeperReady.exec(coordinator.output)![1]}/bench`;
    const master = await Server.spawn(masterContender(options, zookeeperAt), host);
    servers.push(master);
    await until("the master", servers, async () => masterReady.test(master.output));
    const masters = await openMasters(`127.0.0.1:${master.port}`);
    const replicas = await startGroups(options, zookeeperAt, host, servers);
    await until("all groups", servers, async () => {
      const topology = await masters.topology();
      return topology.ok && topology.value.groups.length === nodeCount && topology.value.slotsVersion > 0;
    });
    // Who came late has no slots yet.
    await run(script, ["rebalance", "--zookeeper", zookeeperAt, "--yes", "--json"], { timeout: startMillisMax });
    const owners = async (): Promise<Uint16Array> => ownersOf(await callOnce(replicas[0]!.port, "CLUSTER", "NODES"));
    const primaries = new Set(await owners());
    const nodes = replicas.filter(({ port }) => primaries.has(port));
    return {
      ...{ name, nodes, servers, masters, owners, ports: replicas.map(({ port }) => port) },
      relocate: async (source, target, slots) => {
        const ranges = firstSlots(await owners(), source.port, slots).join(",");
        const args = ["migrate", "--slots", ranges, "--to", target.id, "--zookeeper", zookeeperAt, "--yes", "--json"];
        await run(script, args, { maxBuffer: 1 << 26, timeout: commandMillisMax });
      },
      close: async () => {
        await masters.close();
        discard(servers);
      },
    };
  };
  return { name, start };
}

function zookeeper(script: string, count: number): Contender {
  return {
    name: "zookeeper",
    // Its data are in a directory of its own, which it removes.
    command: (port) => [script, "zookeeper", "--servers", String(count), "--base-port", String(port)],
    // It has children to end.
    endSignal: "SIGTERM",
    // As its help says: for clients, and for the servers among themselves.
    portOffsets: Array.from({ length: count }, (_, i) => [i, 100 + i, 200 + i]).flat(),
  };
}

function masterContender({ program }: HoldfastClusterOptions, zookeeperAt: string): Contender {
  return {
    name: "holdfast master",
    command: (port) => [program.script, "master", "--zookeeper", zookeeperAt, "--id", "m1", "--rpc-port", String(port)],
  };
}

async function openMasters(master: string): Promise<MasterClient> {
  const certificates = { "tls-ca": undefined, "tls-cert": undefined, "tls-key": undefined };
  const reach = { zookeeper: undefined, auth: undefined, master, certificates, onNotice: () => undefined };
  const opened = await MasterClient.open(reach);
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

/** All at once, so that the master sees them all before it shares out the slots. All replicas, by group within each round. */
async function startGroups(
  options: HoldfastClusterOptions,
  zookeeperAt: string,
  host: Host,
  servers: Server[],
): Promise<ClusterNode[]> {
  const { program, durability, replicas, isProxy } = options;
  const start = async (group: string, id: string): Promise<Server> => {
    const httpPort = await freePort();
    const command: Contender["command"] = (port, dataDirectory) => [
      ...(program.nodeArgs.length === 0 ? [] : [process.execPath, ...program.nodeArgs]),
      ...[program.script, "worker", "--zookeeper", zookeeperAt, "--group", group, "--id", id],
      ...["--port", String(port), "--http-port", String(httpPort), "--data", dataDirectory],
      ...["--durability", durability, "--proxy", isProxy ? "yes" : "no", ...program.extraArgs],
    ];
    const server = await Server.spawn({ name: `holdfast worker ${id}`, command }, host);
    servers.push(server);
    await until(`worker ${id}`, servers, async () => (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).ok);
    return server;
  };
  const started: ClusterNode[] = [];
  for (const letter of "abcdefg".slice(0, replicas)) {
    const round = await Promise.all(numbers.map((number) => start(`g${number}`, `w${number}${letter}`)));
    started.push(...round.map((server, i) => ({ id: `g${i + 1}`, port: server.port, server })));
  }
  return started;
}

/** The first slots of a node, as ranges in text. */
function firstSlots(owners: Uint16Array, port: number, count: number): string[] {
  const ranges: [number, number][] = [];
  for (let slot = 0, left = count; slot < slotCount && left > 0; slot++) {
    if (owners[slot] !== port) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
    left--;
  }
  return ranges.map(([from, to]) => `${from}-${to}`);
}

function discard(servers: readonly Server[]): void {
  for (const server of [...servers].reverse()) server.discard();
}
