import type { Host } from "../servers.ts";
import { median, percentile } from "../statistics.ts";
import { command, getCommand, setCommand, slotTags } from "./keys.ts";
import { NodeConnection } from "./nodeConnection.ts";
import type { ClusterNode, HoldfastCluster } from "./systems.ts";

/** Requests about keys of one node, asked there and at another, which forwards them. */
export interface ForwardingResult {
  request: string;
  connections: number;
  direct: Latency;
  forwarded: Latency;
  /** A `PING`: what one round trip costs on this machine, with as many connections. */
  roundTrip: Latency;
}

interface Latency {
  p50Millis: number;
  p99Millis: number;
  perSecond: number;
}

interface HoldfastKind {
  start: (host: Host) => Promise<HoldfastCluster>;
}

const rounds = 5;
const loadMillis = 400;
const warmUpMillis = 1_500;
const keyCount = 1_000;
const ping = command("PING");

/** In turns, so that what else goes on meets all of them. */
export async function measureForwarding(kind: HoldfastKind, host: Host): Promise<ForwardingResult[]> {
  const system = await kind.start(host);
  try {
    const [other, owner] = system.nodes as [ClusterNode, ClusterNode, ClusterNode];
    const owners = await system.owners();
    const tags = slotTags().filter((_, slot) => owners[slot] === owner.port);
    const keys = Array.from({ length: keyCount }, (_, i) => `{${tags[i % tags.length]}}${i}`);
    const results: ForwardingResult[] = [];
    await drive(owner.port, keys.map(setCommand), 1, warmUpMillis);
    for (const connections of [1, 50]) {
      for (const [request, render] of [
        ["GET", getCommand],
        ["SET", setCommand],
      ] as const) {
        const texts = keys.map(render);
        const ways = [
          [owner.port, texts],
          [other.port, texts],
          [other.port, [ping]],
        ] as const;
        const latencies: Latency[][] = ways.map(() => []);
        for (const [port, requests] of ways) await drive(port, requests, connections, warmUpMillis / 3);
        for (let round = 0; round < rounds; round++) {
          for (const [i, [port, requests]] of ways.entries()) {
            latencies[i]!.push(await drive(port, requests, connections, loadMillis));
          }
        }
        const [direct, forwarded, roundTrip] = latencies.map(medianOf) as [Latency, Latency, Latency];
        results.push({ request, connections, direct, forwarded, roundTrip });
      }
    }
    return results;
  } finally {
    await system.close();
  }
}

function medianOf(latencies: readonly Latency[]): Latency {
  return {
    p50Millis: median(latencies.map(({ p50Millis }) => p50Millis)),
    p99Millis: median(latencies.map(({ p99Millis }) => p99Millis)),
    perSecond: median(latencies.map(({ perSecond }) => perSecond)),
  };
}

/** One request under way on every connection. */
async function drive(port: number, requests: readonly string[], connections: number, millis: number): Promise<Latency> {
  const opened = await Promise.all(Array.from({ length: connections }, () => NodeConnection.open(port)));
  const latencies: number[] = [];
  const begin = performance.now();
  let next = 0;
  await Promise.all(
    opened.map(
      (connection) =>
        new Promise<void>((resolve, reject) => {
          connection.onFailure = reject;
          const ask = (): void => {
            const at = performance.now();
            if (at - begin > millis) return resolve();
            connection.send(requests[next++ % requests.length]!, (line) => {
              latencies.push(performance.now() - at);
              if (line.startsWith("-")) reject(new Error(line));
              else ask();
            });
          };
          ask();
        }),
    ),
  );
  const seconds = (performance.now() - begin) / 1_000;
  for (const connection of opened) connection.close();
  latencies.sort((a, b) => a - b);
  return {
    p50Millis: percentile(latencies, 0.5),
    p99Millis: percentile(latencies, 0.99),
    perSecond: latencies.length / seconds,
  };
}
