import { median } from "../statistics.ts";
import type { Column } from "../table.ts";
import type { View } from "../views.ts";
import type { ForwardingResult } from "./forwarding.ts";
import { valueBytes } from "./keys.ts";
import type { Gaps, PauseResult } from "./pause.ts";
import type { RelocateResult } from "./relocate.ts";
import type { SlotsReplyResult } from "./slotsReply.ts";
import type { HoldfastClusterOptions } from "./systems.ts";

const right = (heading: string): Column => ({ heading, align: "right" });
const left = (heading: string): Column => ({ heading, align: "left" });

const targetColumns = [left("target"), right("wanted"), right("measured"), left("verdict")];
const idleRatioMin = 5;
const slowerMax = 2;

export interface MethodFacts extends HoldfastClusterOptions {
  keys: number;
  /** Slots that one command moves. */
  slots: number;
  /** Requests a second under load. */
  rate: number;
  /** Commands while idle, and under load. */
  idle: number;
  busy: number;
}

/** How the figures came about. */
export function clusterMethod(of: MethodFacts): string[] {
  const redis = of.durability === "sync" ? "appendfsync always" : "appendfsync everysec";
  return [
    `Three groups of ${of.replicas} (Holdfast, \`--durability ${of.durability}\`, one master, ${of.zookeepers} ZooKeeper) or three primaries (Redis Cluster, \`${redis}\`),`,
    "the clients and the command that moves slots share this machine's cores and its one disk; nothing is pinned. One system runs at a time.",
    `${of.keys} keys of 16 bytes with values of ${valueBytes}; each command moves ${of.slots} slots from one node to the next: \`redis-cli --cluster reshard --cluster-pipeline 100\`,`,
    `\`holdfast migrate\`. The time is that of the whole command, its start included; medians of ${of.idle} while idle and of ${of.busy} under load. Under load: ${of.rate} requests a second, half of them writes, over all keys;`,
    "a latency counts from when a request was due and includes redirections; those of the source are of requests that were sent there first.",
  ];
}

export function relocateView(title: string, results: readonly RelocateResult[]): View {
  const isIdle = results.every(({ rounds }) => rounds.every(({ before }) => before === undefined));
  const figure = (values: readonly (number | undefined)[]): string => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? "" : median(known).toFixed(2);
  };
  return {
    title,
    columns: [
      ...[left("system"), right("keys"), right("seconds"), right("keys k/s"), right("min..max")],
      ...(isIdle
        ? []
        : ["p50 before", "p50 during", "p99 before", "p99 during", "max during", "redirects", "errors"].map(right)),
    ],
    rows: results.map(({ system, rounds }) => {
      const rates = rounds.map(({ keysPerSecond }) => keysPerSecond);
      return [
        system,
        median(rounds.map(({ keys }) => keys)).toFixed(0),
        median(rounds.map(({ seconds }) => seconds)).toFixed(2),
        thousands(median(rates)),
        `${thousands(Math.min(...rates))}..${thousands(Math.max(...rates))}`,
        ...(isIdle
          ? []
          : [
              figure(rounds.map(({ before }) => before?.p50Millis)),
              figure(rounds.map(({ during }) => during?.p50Millis)),
              figure(rounds.map(({ before }) => before?.p99Millis)),
              figure(rounds.map(({ during }) => during?.p99Millis)),
              figure(rounds.map(({ during }) => during?.maxMillis)),
              String(rounds.reduce((sum, { redirects }) => sum + redirects, 0)),
              `${rounds.reduce((sum, { errors }) => sum + errors, 0)} ${rounds.flatMap(({ errorTexts }) => errorTexts)[0] ?? ""}`.trim(),
            ]),
      ];
    }),
  };
}

export function relocateTargetsView(results: readonly RelocateResult[]): View {
  const rateOf = (name: string): number | undefined => {
    const found = results.find(({ system }) => system === name);
    return found && median(found.rounds.map(({ keysPerSecond }) => keysPerSecond));
  };
  const rows: string[][] = [];
  const own = rateOf("holdfast");
  const other = rateOf("redis cluster");
  const holdfast = results.find(({ system }) => system === "holdfast");
  const isLoaded = holdfast?.rounds.some(({ before }) => before !== undefined) ?? false;
  if (own !== undefined && other !== undefined && !isLoaded)
    rows.push(row("keys a second while idle: ratio to redis-cli", own / other, "≥", idleRatioMin));
  if (holdfast !== undefined && isLoaded) {
    const slower = holdfast.rounds.flatMap(({ before, during }) =>
      before && during ? [during.p99Millis / before.p99Millis] : [],
    );
    rows.push(row("p99 at the source, during a move by before", median(slower), "≤", slowerMax));
    const errors = holdfast.rounds.reduce((sum, round) => sum + round.errors, 0);
    rows.push(row("requests that failed", errors, "≤", 0));
  }
  return { title: "Targets of moving slots", columns: targetColumns, rows };
}

function row(name: string, value: number, sign: "≥" | "≤", limit: number): string[] {
  const isMet = sign === "≥" ? value >= limit : value <= limit;
  return [
    name,
    `${sign} ${limit}`,
    Number.isInteger(value) ? String(value) : value.toFixed(2),
    isMet ? "pass" : "FAIL",
  ];
}

/** `limits` are the most that is wanted: median and 99th percentile. */
const pauseLimits = { writes: [30, 100], reads: [20, 100] } as const;

export function pauseView(result: PauseResult): View {
  const line = (what: string, of: Gaps, limits?: readonly [number, number]): string[] => [
    what,
    ...[of.p50Millis, of.p99Millis, of.maxMillis].map((millis) => millis.toFixed(1)),
    limits === undefined ? "" : `≤ ${limits[0]}, ≤ ${limits[1]}`,
    limits === undefined ? "" : of.p50Millis <= limits[0] && of.p99Millis <= limits[1] ? "pass" : "FAIL",
  ];
  const { movedSlots, moves, movesPerSecond, errors, errorTexts } = result;
  return {
    title:
      `Longest time without an answer for a key of a moving slot: ${movedSlots} moved slots in ${moves} moves, ` +
      `${movesPerSecond.toFixed(1)} moves a second, errors: ${errors}${errors > 0 ? ` (${errorTexts[0]})` : ""}`,
    columns: [left("requests"), right("p50 ms"), right("p99 ms"), right("max ms"), left("wanted"), left("verdict")],
    rows: [
      line("writes", result.writes, pauseLimits.writes),
      line("reads", result.reads, pauseLimits.reads),
      line("writes while nothing moves", result.quietWrites),
      line("reads while nothing moves", result.quietReads),
    ],
  };
}

export function forwardingView(results: readonly ForwardingResult[]): View {
  return {
    title: "Requests asked of another node, which forwards them",
    columns: [
      ...[left("request"), right("connections"), right("direct p50 ms"), right("forwarded p50 ms"), right("more, ms")],
      ...[
        right("PING p50 ms"),
        right("direct p99"),
        right("forwarded p99"),
        right("direct k/s"),
        right("forwarded k/s"),
      ],
    ],
    rows: results.map(({ request, connections, direct, forwarded, roundTrip }) => [
      request,
      String(connections),
      direct.p50Millis.toFixed(3),
      forwarded.p50Millis.toFixed(3),
      (forwarded.p50Millis - direct.p50Millis).toFixed(3),
      roundTrip.p50Millis.toFixed(3),
      direct.p99Millis.toFixed(3),
      forwarded.p99Millis.toFixed(3),
      thousands(direct.perSecond),
      thousands(forwarded.perSecond),
    ]),
  };
}

export function slotsReplyView(results: readonly SlotsReplyResult[]): View {
  return {
    title: "CLUSTER SLOTS, 50 connections",
    columns: [left("system"), right("k/s")],
    rows: results.map(({ system, requestsPerSecond }) => [system, thousands(requestsPerSecond)]),
  };
}

function thousands(perSecond: number): string {
  return (perSecond / 1_000).toFixed(1);
}
