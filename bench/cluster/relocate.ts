import { setTimeout as sleep } from "node:timers/promises";
import { callOnce } from "../connection.ts";
import { settle } from "../procfs.ts";
import type { Host } from "../servers.ts";
import { ClusterClient } from "./clusterClient.ts";
import { fill } from "./fill.ts";
import type { Keys } from "./keys.ts";
import { type LoadSpan, SteadyLoad } from "./steadyLoad.ts";
import type { ClusterKind, ClusterNode, ClusterSystem } from "./systems.ts";

export interface RelocatePace {
  /** How many slots one command moves. */
  slots: number;
  /** Moves, each from the next node to the one behind it. */
  rounds: number;
  /** Requests a second while slots move; 0: idle. */
  rate: number;
}

/** One command that moved slots. */
interface RelocateRound {
  keys: number;
  seconds: number;
  keysPerSecond: number;
  /** Of requests to the source, before and during the move; nothing if it was idle. */
  before?: LoadSpan;
  during?: LoadSpan;
  redirects: number;
  errors: number;
  errorTexts: readonly string[];
}

export interface RelocateResult {
  system: string;
  rounds: readonly RelocateRound[];
}

/** A request that is held keeps those behind it on its connection: with so many, hardly any. */
const connectionsPerNode = 64;
const beforeMillis = 8_000;
const warmUpMillis = 2_000;
const quiet = { quietMillis: 500, timeoutMillis: 8_000 };

/** Moves slots of a cluster that is filled with `keys`, idle or under a load of fixed rate. */
export async function measureRelocate(
  kind: ClusterKind,
  host: Host,
  keys: Keys,
  pace: RelocatePace,
): Promise<RelocateResult> {
  const system = await kind.start(host);
  try {
    await fill(system, keys);
    const rounds: RelocateRound[] = [];
    for (let round = 0; round < pace.rounds; round++) {
      for (const { server } of system.nodes) await settle(server.pid, quiet);
      const source = system.nodes[round % system.nodes.length]!;
      const target = system.nodes[(round + 1) % system.nodes.length]!;
      rounds.push(await relocateOnce(system, source, target, keys, pace));
    }
    return { system: system.name, rounds };
  } finally {
    await system.close();
  }
}

async function relocateOnce(
  system: ClusterSystem,
  source: ClusterNode,
  target: ClusterNode,
  keys: Keys,
  pace: RelocatePace,
): Promise<RelocateRound> {
  const sizeBefore = await sizeOf(target);
  const load = pace.rate === 0 ? undefined : await beginLoad(system, keys, pace.rate);
  if (load !== undefined) await sleep(warmUpMillis + beforeMillis);
  const begin = performance.now();
  await system.relocate(source, target, pace.slots);
  const end = performance.now();
  await load?.end();
  const moved = (await sizeOf(target)) - sizeBefore;
  const seconds = (end - begin) / 1_000;
  const round = { keys: moved, seconds, keysPerSecond: moved / seconds };
  if (load === undefined) return { ...round, redirects: 0, errors: 0, errorTexts: [] };
  const { steady, client } = load;
  return {
    ...round,
    before: steady.span(begin - beforeMillis, begin, source.port),
    during: steady.span(begin, end, source.port),
    redirects: client.redirects,
    errors: steady.errors,
    errorTexts: steady.errorTexts,
  };
}

interface RunningLoad {
  steady: SteadyLoad;
  client: ClusterClient;
  end: () => Promise<void>;
}

async function beginLoad(system: ClusterSystem, keys: Keys, rate: number): Promise<RunningLoad> {
  const client = await ClusterClient.open(await system.owners(), system.ports, connectionsPerNode, (error) => {
    steady.errors++;
    steady.errorTexts.push(error.message);
  });
  const steady = new SteadyLoad(client, keys, rate);
  const end = async (): Promise<void> => {
    await steady.end();
    client.close();
  };
  return { steady, client, end };
}

async function sizeOf(node: ClusterNode): Promise<number> {
  return Number(await callOnce(node.port, "DBSIZE"));
}
