import type { HandOver } from "./decision.ts";
import { PrimarySpread } from "./primarySpread.ts";
import { byName } from "./weights.ts";

/** Where a replica runs: several processes may share a host, and several replicas a process. */
export interface PlacedReplica {
  readonly worker: string;
  readonly process: string;
  readonly host: string;
}

/** A group whose primary may be handed over to any of these secondaries: those that are in sync and alive. */
export interface PlacedGroup {
  readonly id: string;
  readonly primary: PlacedReplica;
  readonly secondaries: readonly PlacedReplica[];
}

/**
 * The fewest hand-overs after which the primaries are spread over the hosts as evenly as the groups' replicas allow (the sum of the
 * squares is the least), and, as far as that leaves a choice, over the processes. It proposes nothing if they are already.
 */
export function spreadPrimaries(groups: readonly PlacedGroup[]): HandOver[] {
  const sorted = [...groups].sort((a, b) => byName(a.id, b.id));
  const placed = sorted.map(({ primary, secondaries }) => [primary, ...secondaries]);
  const spread = new PrimarySpread(placed);
  spread.settle();
  const before = countPrimaries(sorted.map(({ primary }) => primary));
  const after = countPrimaries(placed.map((replicas, index) => replicas[spread.chosen[index]!]!));
  const handOvers: HandOver[] = [];
  for (const [index, { id, primary }] of sorted.entries()) {
    const heir = placed[index]![spread.chosen[index]!]!;
    if (heir === primary) continue;
    const why = whyOf(primary, heir, before, after);
    handOvers.push({ kind: "handOver", group: id, from: primary.worker, to: heir.worker, why });
  }
  return handOvers;
}

function countPrimaries(primaries: readonly PlacedReplica[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { host, process } of primaries) {
    for (const place of [`host ${host}`, `process ${process}`]) counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return counts;
}

function whyOf(
  primary: PlacedReplica,
  heir: PlacedReplica,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): string {
  const isSameHost = primary.host === heir.host;
  const [from, to] = isSameHost
    ? [`process ${primary.process}`, `process ${heir.process}`]
    : [`host ${primary.host}`, `host ${heir.host}`];
  const counts = (place: string) =>
    `${place} has ${before.get(place) ?? 0} primaries and will have ${after.get(place) ?? 0}`;
  return `primaries are to be spread evenly: ${counts(from)}, ${counts(to)}`;
}
