import { freePort } from "../../test/support/freePort.ts";
import { callOnce } from "../connection.ts";
import { EtcdClient } from "../etcd.ts";
import { type Contender, type HoldfastProgram, type Host, Server, until } from "../servers.ts";
import { EtcdPutClient } from "./etcdClient.ts";
import type { LoadClient } from "./load.ts";
import { RespClient, setAndWaitDialogue, setDialogue } from "./respClient.ts";

/** A store of three replicas, each of which has a write on disk before it is acknowledged. */
export interface GroupSystem {
  name: string;
  /** All processes that take part. */
  servers: readonly Server[];
  /** The three replicas; the first takes the writes. */
  replicas: readonly Server[];
  openWriter: () => Promise<LoadClient>;
}

export interface SystemKind {
  name: string;
  start: (host: Host) => Promise<GroupSystem>;
}

const replicaCount = 3;
const numbers = Array.from({ length: replicaCount }, (_, i) => i + 1);

/** Ends all processes of a system at once and removes their data. */
export function discard(system: GroupSystem): void {
  for (const server of system.servers) server.discard();
}

/** Three workers, and one ZooKeeper, which has little to do while all is well. */
export function holdfastGroup({ script, nodeArgs, extraArgs }: HoldfastProgram): SystemKind {
  const name = "holdfast";
  const program = nodeArgs.length === 0 ? [script] : [process.execPath, ...nodeArgs, script];
  const zookeeper: Contender = {
    name: "zookeeper",
    // Its data are in a directory of its own, which it removes.
    command: (port) => [script, "zookeeper", "--servers", "1", "--base-port", String(port)],
    // It has a child to end.
    endSignal: "SIGTERM",
  };
  const worker = (id: string, zookeeperPort: number, httpPort: number): Contender => ({
    name: `holdfast worker ${id}`,
    command: (port, dataDirectory) => [
      ...program,
      ...["worker", "--zookeeper", `127.0.0.1:${zookeeperPort}/bench`, "--group", "bench", "--id", id],
      ...["--port", String(port), "--http-port", String(httpPort), "--data", dataDirectory],
      ...["--durability", "sync"],
      ...extraArgs,
    ],
  });
  const start = async (host: Host): Promise<GroupSystem> => {
    const coordinator = await Server.spawn(zookeeper, host);
    await until("ZooKeeper", [coordinator], async () => /^holdfast zookeeper ready /m.test(coordinator.output));
    const replicas: Server[] = [];
    for (const number of numbers) {
      const httpPort = await freePort();
      replicas.push(await Server.spawn(worker(`w${number}`, coordinator.port, httpPort), host));
      // The first is the primary because the others come when it is.
      await until(
        `replica ${number}`,
        [coordinator, ...replicas],
        async () => (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).ok,
      );
    }
    const { port } = replicas[0]!;
    return {
      name,
      servers: [coordinator, ...replicas],
      replicas,
      openWriter: () => RespClient.open(port, setDialogue),
    };
  };
  return { name, start };
}

/** A primary and two replicas, all with `appendfsync always`; `WAIT 2 0` follows each write in the same packet. */
export function redisGroup(): SystemKind {
  const name = "redis with WAIT";
  const contender = (primaryPort: number | undefined): Contender => ({
    name,
    command: (port, dataDirectory) => [
      "redis-server",
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", dataDirectory, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"],
      ...(primaryPort === undefined ? [] : ["--replicaof", `127.0.0.1 ${primaryPort}`]),
    ],
  });
  const start = async (host: Host): Promise<GroupSystem> => {
    const primary = await Server.start(contender(undefined), host);
    const { port } = primary;
    const replicas = [primary, await Server.start(contender(port), host), await Server.start(contender(port), host)];
    await until("two replicas", replicas, async () => {
      const lines = (await callOnce(port, "INFO", "replication")).split("\r\n");
      return lines.filter((line) => line.includes("state=online")).length === replicaCount - 1;
    });
    return { name, servers: replicas, replicas, openWriter: () => RespClient.open(port, setAndWaitDialogue) };
  };
  return { name, start };
}

/** Three servers with etcd's defaults; the clients are connected with the one that decides. */
export function etcdGroup(): SystemKind {
  const name = "etcd";
  const start = async (host: Host): Promise<GroupSystem> => {
    const peers = await Promise.all(numbers.map(async (number) => ({ id: `e${number}`, port: await freePort() })));
    const cluster = peers.map(({ id, port }) => `${id}=http://127.0.0.1:${port}`).join(",");
    const servers: Server[] = [];
    for (const { id, port: peerPort } of peers) {
      const peerUrl = `http://127.0.0.1:${peerPort}`;
      const contender: Contender = {
        name: `etcd ${id}`,
        command: (port, dataDirectory) => [
          ...["etcd", "--name", id, "--data-dir", dataDirectory, "--log-level", "error"],
          ...["--listen-client-urls", `http://127.0.0.1:${port}`, "--listen-peer-urls", peerUrl],
          ...["--advertise-client-urls", `http://127.0.0.1:${port}`, "--initial-advertise-peer-urls", peerUrl],
          ...["--initial-cluster", cluster, "--initial-cluster-state", "new"],
        ],
      };
      servers.push(await Server.spawn(contender, host));
    }
    for (const server of servers) await until(server.contender.name, servers, () => takesPut(server.port));
    const first = await decidingOf(servers);
    return { name, servers, replicas: servers, openWriter: () => EtcdPutClient.open(first.port) };
  };
  return { name, start };
}

async function takesPut(port: number): Promise<boolean> {
  const client = await EtcdClient.open(port);
  try {
    await client.put("ready", "1");
    return true;
  } finally {
    client.close();
  }
}

/** A put at another server costs one more way. */
async function decidingOf(servers: readonly Server[]): Promise<Server> {
  for (const server of servers) {
    const reply = await fetch(`http://127.0.0.1:${server.port}/v3/maintenance/status`, { method: "POST", body: "{}" });
    const { header, ...status } = (await reply.json()) as { header: { member_id: string }; [field: string]: unknown };
    // One field of it names the server that decides.
    if (Object.values(status).includes(header.member_id)) return server;
  }
  throw new Error("no etcd server says that it decides");
}
