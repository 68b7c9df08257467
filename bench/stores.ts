import { Connection } from "./connection.ts";
import { EtcdClient, hasEtcd, startEtcd } from "./etcd.ts";
import type { Lineup } from "./lineup.ts";
import { readCpuMillis } from "./procfs.ts";
import { type Contender, type Host, Server } from "./servers.ts";
import { percentile } from "./statistics.ts";

/** Durable puts and linearizable gets of one store, driven by a small client in this process. */
export interface StoreResult {
  store: string;
  put: StoreOutcome;
  get: StoreOutcome;
}

export interface StoreOutcome {
  requestsPerSecond: number;
  p50Millis: number;
  p99Millis: number;
  serverCpuMicrosPerRequest: number;
}

/** One connection to a store, with one request at a time. */
interface StoreClient {
  put: (key: string, value: string) => Promise<void>;
  get: (key: string) => Promise<void>;
  close: () => void;
}

/** Where a store runs and how to connect to it. */
interface Store {
  server: Server;
  open: () => Promise<StoreClient>;
}

const clientCount = 50;
const keyCount = 1_000;
const value = "x".repeat(100);
const warmUpMillis = 700;
const measureMillis = 2_000;

/**
 * Compares durable writes of etcd, Redis and Holdfast: 50 connections, one request at a time on each, 100-byte values.
 * The clients are Node code in this process, one for gRPC and one for RESP, and the gRPC client is the dearer one: the
 * CPU time of the servers is the fairer figure. Returns nothing where etcd is not installed.
 */
export async function compareStores(lineup: Lineup, host: Host): Promise<StoreResult[]> {
  if (!(await hasEtcd())) return [];
  return [
    await measureStore(await etcdStore(host)),
    await measureStore(await respStore(lineup.reference, host)),
    await measureStore(await respStore(lineup.holdfast, host)),
  ];
}

async function etcdStore(host: Host): Promise<Store> {
  const server = await startEtcd(host);
  return { server, open: () => EtcdClient.open(server.port) };
}

async function respStore(contender: Contender, host: Host): Promise<Store> {
  const server = await Server.start(contender, host);
  return { server, open: () => openRespClient(server.port) };
}

async function openRespClient(port: number): Promise<StoreClient> {
  const connection = await Connection.open(port);
  const expect = async (kind: "line" | "bulk", ...args: string[]): Promise<void> => {
    const reply = await connection.call(...args);
    if (reply.kind !== kind) throw new Error(`${args[0]} was answered by ${reply.kind} ${reply.text}`);
  };
  return {
    put: (key, text) => expect("line", "SET", key, text),
    get: (key) => expect("bulk", "GET", key),
    close: () => connection.close(),
  };
}

async function measureStore(store: Store): Promise<StoreResult> {
  const { server } = store;
  const clients = await Promise.all(Array.from({ length: clientCount }, () => store.open()));
  try {
    const put = (client: StoreClient, key: string): Promise<void> => client.put(key, value);
    const get = (client: StoreClient, key: string): Promise<void> => client.get(key);
    // Every key must exist before the first get.
    for (let i = 0; i < keyCount; i += clientCount) {
      await Promise.all(clients.map((client, j) => put(client, keyName(i + j))));
    }
    await drive(server, clients, put, warmUpMillis);
    const putOutcome = await drive(server, clients, put, measureMillis);
    await drive(server, clients, get, warmUpMillis);
    const getOutcome = await drive(server, clients, get, measureMillis);
    return { store: server.contender.name, put: putOutcome, get: getOutcome };
  } finally {
    for (const client of clients) client.close();
    await server.stop("SIGTERM");
    server.discard();
  }
}

type StoreRequest = (client: StoreClient, key: string) => Promise<void>;

/** Keeps one request under way on every connection for a while. */
async function drive(
  server: Server,
  clients: readonly StoreClient[],
  request: StoreRequest,
  millis: number,
): Promise<StoreOutcome> {
  const latencies: number[] = [];
  const cpuBefore = readCpuMillis(server.pid);
  const start = performance.now();
  const end = start + millis;
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      let now = performance.now();
      while (now < end) {
        await request(client, keyName(next++ % keyCount));
        const answered = performance.now();
        latencies.push(answered - now);
        now = answered;
      }
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  const cpuMillis = readCpuMillis(server.pid) - cpuBefore;
  latencies.sort((a, b) => a - b);
  return {
    requestsPerSecond: latencies.length / seconds,
    p50Millis: percentile(latencies, 0.5),
    p99Millis: percentile(latencies, 0.99),
    serverCpuMicrosPerRequest: (cpuMillis * 1_000) / latencies.length,
  };
}

function keyName(index: number): string {
  return `key:${String(index).padStart(12, "0")}`;
}
