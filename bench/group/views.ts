import type { Column } from "../table.ts";
import type { View } from "../views.ts";
import { keyCount, valueBytes } from "./load.ts";
import type { GroupPace, ReadResult, WriteResult } from "./measure.ts";

const right = (heading: string): Column => ({ heading, align: "right" });
const left = (heading: string): Column => ({ heading, align: "left" });

/** What Holdfast is to reach by the rate of another system. */
const targets = [
  { system: "redis with WAIT", limit: 1.5 },
  { system: "etcd", limit: 3 },
];

/** How the figures came about. */
export function groupMethod({ rounds, seconds }: GroupPace): string[] {
  return [
    "All replicas, the clients and (for Holdfast) one ZooKeeper share this machine's cores and its one disk; nothing is pinned.",
    `Each figure is the median of ${rounds} loads of ${seconds} s. For each load of writes the system is started anew, alone, and warmed up for 7 s; the order alternates.`,
    `50 connections with one request under way on each, values of ${valueBytes} bytes, ${keyCount} keys, one client program in Node for all.`,
    "Every replica has a write on its disk before it is acknowledged: Redis by `appendfsync always` on all three and `WAIT 2 0` in the same",
    "packet as the write; etcd by its defaults (two of three), asked by gRPC at the server that decides; Holdfast by `--durability sync` (all three).",
    "µs is CPU time of all processes of a system for one write.",
  ];
}

export function writesView(results: readonly WriteResult[]): View {
  const reference = results.find((result) => result.system === "holdfast")?.requestsPerSecond;
  return {
    title: "Durable writes of three replicas",
    columns: [
      ...[left("system"), right("writes k/s"), right("min..max"), right("p50 ms"), right("p99 ms"), right("µs")],
      right("holdfast to it"),
    ],
    rows: results.map((result) => [
      result.system,
      thousands(result.requestsPerSecond),
      `${thousands(result.min)}..${thousands(result.max)}`,
      result.p50Millis.toFixed(2),
      result.p99Millis.toFixed(2),
      result.serverCpuMicrosPerRequest.toFixed(0),
      reference === undefined ? "" : (reference / result.requestsPerSecond).toFixed(2),
    ]),
  };
}

export function groupTargetsView(results: readonly WriteResult[]): View {
  const rateOf = (system: string): number | undefined =>
    results.find((result) => result.system === system)?.requestsPerSecond;
  const own = rateOf("holdfast");
  const rows = targets.flatMap(({ system, limit }) => {
    const other = rateOf(system);
    if (own === undefined || other === undefined) return [];
    const ratio = own / other;
    return [[`durable writes: ratio to ${system}`, `≥ ${limit}`, ratio.toFixed(2), ratio < limit ? "FAIL" : "pass"]];
  });
  return {
    title: "Targets of a group",
    columns: [left("target"), right("wanted"), right("measured"), left("verdict")],
    rows,
  };
}

export function readsView(results: readonly ReadResult[]): View {
  return {
    title: "Linearizable reads, the 50 connections shared out over so many replicas",
    columns: [
      ...[right("replicas"), right("writers"), right("reads k/s"), right("p50 ms"), right("p99 ms")],
      ...[right("writes k/s"), right("held at secondaries")],
    ],
    rows: results.map((result) => [
      String(result.replicas),
      String(result.writers),
      thousands(result.requestsPerSecond),
      result.p50Millis.toFixed(2),
      result.p99Millis.toFixed(2),
      result.writers === 0 ? "" : thousands(result.writesPerSecond),
      result.heldShare === undefined || Number.isNaN(result.heldShare)
        ? ""
        : `${(result.heldShare * 100).toFixed(2)} %`,
    ]),
  };
}

function thousands(perSecond: number): string {
  return (perSecond / 1_000).toFixed(1);
}
