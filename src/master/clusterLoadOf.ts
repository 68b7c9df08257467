import { splitAddress } from "../base/address.ts";
import type { ClusterLoad, GroupLoad, ReplicaLoad, SlotLoad, WorkerLoad } from "../core/placement/clusterLoad.ts";
import { joinedSlots, NO_SLOTS } from "../core/slots/slotRanges.ts";
import type { ClusterSettings } from "./clusterSettings.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import { isSpare, workersOfGroup } from "./groupViews.ts";
import type { HeatReport } from "./heatReport.ts";

/** For workers that do not tell what they can do. */
const CAPACITY_PER_SECOND = 100_000;
const REPLICAS_MAX = 9;

/** What is known beside the tree. */
export interface LoadFacts {
  readonly now: number;
  readonly report: (worker: string) => HeatReport | undefined;
  readonly readWeightsOf: (group: string) => { readonly [worker: string]: number } | undefined;
  /** How many replicas a group is to have. */
  readonly replicasOf: (group: string) => number;
  readonly lastFailoverAt: number | undefined;
  /** Workers that have gone not long ago, and their hosts. */
  readonly absent: ReadonlyMap<string, string>;
}

/** What the judgement of load rests on. */
export function clusterLoadOf(snapshot: TreeSnapshot, settings: ClusterSettings, facts: LoadFacts): ClusterLoad {
  const moving = [...snapshot.moves.values()].map(({ value }) => value);
  const copying = new Set(moving.flatMap(({ source, target }) => [source, target]));
  const copiers = new Set([...copying].map((group) => snapshot.groups.get(group)?.primary.id));
  const groups = [...snapshot.groups].flatMap(([id, configuration]) =>
    configuration === undefined ? [] : [groupLoad(snapshot, id, configuration.primary.id, facts)],
  );
  return {
    now: facts.now,
    workers: [
      ...[...snapshot.workers.keys()].map((id) => workerLoad(snapshot, id, copiers.has(id), facts)),
      ...[...facts.absent].map(([id, host]) => absentLoad(snapshot, id, host)),
    ],
    groups,
    ...(facts.lastFailoverAt === undefined ? {} : { lastFailoverAt: facts.lastFailoverAt }),
    moving: moving.reduce((all, { slots }) => joinedSlots(all, slots), NO_SLOTS),
    notTargets: settings.draining,
  };
}

function workerLoad(snapshot: TreeSnapshot, id: string, isCopying: boolean, { report }: LoadFacts): WorkerLoad {
  const { resp, group } = snapshot.workers.get(id)!;
  const configuration = snapshot.groups.get(group);
  const isMember = configuration?.secondaries.some((each) => each.id === id) || configuration?.primary.id === id;
  const isLearning = configuration !== undefined && !isMember;
  return {
    ...{ id, host: splitAddress(resp)?.host ?? resp, isSpare: isSpare(snapshot, id), isUp: true },
    capacityPerSecond: report(id)?.capacityPerSecond || CAPACITY_PER_SECOND,
    isCopying: isCopying || isLearning,
  };
}

function absentLoad(snapshot: TreeSnapshot, id: string, host: string): WorkerLoad {
  const capacityPerSecond = CAPACITY_PER_SECOND;
  return { id, host, isSpare: isSpare(snapshot, id), isUp: false, capacityPerSecond, isCopying: false };
}

function groupLoad(snapshot: TreeSnapshot, id: string, primary: string, facts: LoadFacts): GroupLoad {
  const lent = [...snapshot.spares].filter(([, { value }]) => value === id).map(([worker]) => worker);
  const members = [...new Set([...workersOfGroup(snapshot, id), ...lent])];
  const weights = facts.readWeightsOf(id);
  const replicas = members.map((worker): ReplicaLoad => {
    const readWeight = weights?.[worker];
    const readsPerSecond = facts.report(worker)?.readsPerSecond ?? 0;
    return { worker, readsPerSecond, ...(readWeight === undefined ? {} : { readWeight }) };
  });
  return {
    ...{ id, primary, replicas, replicasWanted: facts.replicasOf(id), replicasMax: REPLICAS_MAX },
    slots: slotLoads(members, primary, facts),
  };
}

/** Reads of a slot are those of all replicas; what is written and what is there is the primary's word. */
function slotLoads(members: readonly string[], primary: string, { report }: LoadFacts): SlotLoad[] {
  const loads = new Map<number, { slot: number; readsPerSecond: number; writesPerSecond: number; bytes: number }>();
  for (const worker of members) {
    for (const { slot, readsPerSecond, writesPerSecond, bytes } of report(worker)?.slots ?? []) {
      const load = loads.get(slot) ?? { slot, readsPerSecond: 0, writesPerSecond: 0, bytes: 0 };
      load.readsPerSecond += readsPerSecond;
      if (worker === primary) {
        load.writesPerSecond = writesPerSecond;
        load.bytes = bytes;
      }
      loads.set(slot, load);
    }
  }
  return [...loads.values()].sort((a, b) => a.slot - b.slot);
}
