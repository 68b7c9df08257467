import { callOnce } from "../connection.ts";
import { readCpuMillis } from "../procfs.ts";
import type { Host } from "../servers.ts";
import { median } from "../statistics.ts";
import { drive, keyCount, keyName, type LoadClient, type LoadOutcome } from "./load.ts";
import { getDialogue, RespClient, setDialogue } from "./respClient.ts";
import { discard, type GroupSystem, type SystemKind } from "./systems.ts";

export interface GroupPace {
  rounds: number;
  /** Length of one load. */
  seconds: number;
}

/** Durable writes of one system; medians of the rounds. */
export interface WriteResult {
  system: string;
  connections: number;
  requestsPerSecond: number;
  min: number;
  max: number;
  p50Millis: number;
  p99Millis: number;
  /** Of all processes of the system together. */
  serverCpuMicrosPerRequest: number;
}

/** Reads of one to three replicas at the same time; medians of the rounds. */
export interface ReadResult {
  replicas: number;
  /** Connections that write at the same time. */
  writers: number;
  requestsPerSecond: number;
  p50Millis: number;
  p99Millis: number;
  writesPerSecond: number;
  /** Of the reads at secondaries, those that waited for a write to be decided. */
  heldShare: number | undefined;
}

const connectionCount = 50;
/** Node compiles what is run often, and a record is written some 700 times a second: it takes so long until all of that is done. */
const writeWarmUpMillis = 7_000;
const readWarmUpMillis = 1_500;

interface WriteRound extends LoadOutcome {
  cpuMicros: number;
}

/** Measures the systems in turns; only one of them runs at a time. */
export async function measureWrites(
  kinds: readonly SystemKind[],
  host: Host,
  pace: GroupPace,
  onRound: (line: string) => void,
): Promise<WriteResult[]> {
  const rounds = new Map<SystemKind, WriteRound[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < pace.rounds; round++) {
    for (const kind of round % 2 === 0 ? kinds : [...kinds].reverse()) {
      const outcome = await writeRound(kind, host, pace.seconds);
      rounds.get(kind)!.push(outcome);
      onRound(`${kind.name}: ${outcome.requestsPerSecond.toFixed(0)} writes/s, p50 ${outcome.p50Millis.toFixed(2)} ms`);
    }
  }
  return kinds.map((kind) => {
    const outcomes = rounds.get(kind)!;
    const rates = outcomes.map((outcome) => outcome.requestsPerSecond);
    return {
      system: kind.name,
      connections: connectionCount,
      requestsPerSecond: median(rates),
      min: Math.min(...rates),
      max: Math.max(...rates),
      p50Millis: median(outcomes.map((outcome) => outcome.p50Millis)),
      p99Millis: median(outcomes.map((outcome) => outcome.p99Millis)),
      serverCpuMicrosPerRequest: median(outcomes.map((outcome) => outcome.cpuMicros)),
    };
  });
}

async function writeRound(kind: SystemKind, host: Host, seconds: number): Promise<WriteRound> {
  const system = await kind.start(host);
  const clients: LoadClient[] = [];
  try {
    for (let i = 0; i < connectionCount; i++) clients.push(await system.openWriter());
    await drive(clients, writeWarmUpMillis);
    const before = cpuMillisOf(system);
    const outcome = await drive(clients, seconds * 1_000);
    return { ...outcome, cpuMicros: ((cpuMillisOf(system) - before) * 1_000) / outcome.requests };
  } finally {
    close(clients);
    discard(system);
  }
}

function cpuMillisOf(system: GroupSystem): number {
  return system.servers.reduce((sum, server) => sum + readCpuMillis(server.pid), 0);
}

/** A connection that is closed at the end of a load has not failed. */
function close(clients: readonly LoadClient[]): void {
  for (const client of clients) {
    client.onFailure = () => undefined;
    client.close();
  }
}

/** Reads of one, two and three replicas of Holdfast, without writes and beside them. */
export async function measureReads(kind: SystemKind, host: Host, pace: GroupPace): Promise<ReadResult[]> {
  const system = await kind.start(host);
  try {
    await fill(system);
    const results: ReadResult[] = [];
    for (const writers of [0, 10]) {
      for (let replicas = 1; replicas <= system.replicas.length; replicas++) {
        results.push(await measureReading(system, replicas, writers, pace));
      }
    }
    return results;
  } finally {
    discard(system);
  }
}

/** Every key is there before the first read. */
async function fill(system: GroupSystem): Promise<void> {
  const writers = await Promise.all(Array.from({ length: connectionCount }, () => system.openWriter()));
  let next = 0;
  await Promise.all(
    writers.map(
      (writer) =>
        new Promise<void>((resolve, reject) => {
          const ask = (): void => (next < keyCount ? writer.ask(keyName(next++)) : resolve());
          writer.onFailure = reject;
          writer.onAnswer = ask;
          ask();
        }),
    ),
  );
  close(writers);
}

async function measureReading(
  system: GroupSystem,
  replicas: number,
  writers: number,
  pace: GroupPace,
): Promise<ReadResult> {
  const readers: RespClient[] = [];
  for (let i = 0; i < connectionCount; i++) {
    const reader = await RespClient.open(system.replicas[i % replicas]!.port, getDialogue);
    if (i % replicas > 0) await reader.prepare("READONLY");
    readers.push(reader);
  }
  const writing: LoadClient[] = [];
  for (let i = 0; i < writers; i++) writing.push(await RespClient.open(system.replicas[0]!.port, setDialogue));
  const load = (millis: number): Promise<LoadOutcome[]> =>
    Promise.all([drive(readers, millis), ...(writers === 0 ? [] : [drive(writing, millis)])]);
  try {
    await load(readWarmUpMillis);
    const before = await readCounts(system);
    const rounds: LoadOutcome[][] = [];
    for (let round = 0; round < pace.rounds; round++) rounds.push(await load(pace.seconds * 1_000));
    const after = await readCounts(system);
    const of = (pick: (outcome: LoadOutcome) => number): number => median(rounds.map(([reads]) => pick(reads!)));
    return {
      replicas,
      writers,
      requestsPerSecond: of((outcome) => outcome.requestsPerSecond),
      p50Millis: of((outcome) => outcome.p50Millis),
      p99Millis: of((outcome) => outcome.p99Millis),
      writesPerSecond: median(rounds.map(([, writes]) => writes?.requestsPerSecond ?? 0)),
      heldShare: replicas === 1 ? undefined : (after.held - before.held) / (after.reads - before.reads),
    };
  } finally {
    close([...readers, ...writing]);
  }
}

/** How many linearizable reads the secondaries were asked for, and how many of them waited, as their `INFO` tells. */
async function readCounts(system: GroupSystem): Promise<{ reads: number; held: number }> {
  let reads = 0;
  let held = 0;
  for (const { port } of system.replicas) {
    const info = await callOnce(port, "INFO", "replication");
    const count = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
    reads += count("replica_reads");
    held += count("replica_reads_held");
  }
  return { reads, held };
}
