import { isMember } from "../core/replica/configuration.ts";
import { slotsOfGroup } from "../core/slots/assignment.ts";
import { countSlots, SLOT_COUNT } from "../core/slots/slotRanges.ts";
import { DEFAULT_SETTINGS, weightOf } from "./clusterSettings.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import { allGroups, hasPrimary, isSpare, workersOfGroup } from "./groupViews.ts";
import type { GroupTopology, MasterTopology, MoveTopology, Topology, WorkerTopology } from "./masterApi.ts";
import type { MoveHistory } from "./moveHistory.ts";

/** What this master knows beside the tree. */
export interface TopologyFacts {
  readonly cluster: string;
  readonly version: number;
  /** The id of the master that tells, and whether it is the active one. */
  readonly self: string;
  readonly isActive: boolean;
  readonly history: MoveHistory;
  readonly progressOf: (move: string) => MoveTopology["progress"];
  readonly readWeightsOf: (group: string) => GroupTopology["readWeights"];
}

export function topologyOf(snapshot: TreeSnapshot, facts: TopologyFacts): Topology {
  const settings = snapshot.settings?.value ?? DEFAULT_SETTINGS;
  const all = allGroups(snapshot).map((id): GroupTopology => {
    const slots = slotsOfGroup(snapshot.slots?.value.now ?? {}, id);
    return {
      ...{ id, configuration: snapshot.groups.get(id), slots, slotCount: countSlots(slots) },
      ...{ weight: weightOf(settings, id), isDraining: settings.draining.includes(id) },
      ...{ members: workersOfGroup(snapshot, id), hasPrimary: hasPrimary(snapshot, id) },
      readWeights: facts.readWeightsOf(id),
    };
  });
  const groups = all.filter((group) => !hasRetired(snapshot, group));
  return {
    ...{ cluster: facts.cluster, version: facts.version, isWhole: snapshot.isWhole },
    ...{ slotMap: snapshot.slots?.value, groups, workers: workersOf(snapshot, groups), settings },
    masters: mastersOf(snapshot, facts),
    moves: [...snapshot.moves.values()].map(({ value }) => ({
      ...value,
      millisInState: facts.history.idleMillis(value.id),
      progress: facts.progressOf(value.id),
    })),
    notices: [...snapshot.notices, ...troubles(snapshot, groups)],
  };
}

/** It was drained, and its workers were stopped: nothing is left of it but its name. */
function hasRetired(snapshot: TreeSnapshot, { isDraining, slotCount, members }: GroupTopology): boolean {
  return isDraining && slotCount === 0 && !members.some((id) => snapshot.workers.has(id));
}

function workersOf(snapshot: TreeSnapshot, groups: readonly GroupTopology[]): WorkerTopology[] {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((id) => [id, group] as const)));
  const ids = new Set([...snapshot.workers.keys(), ...groupOf.keys()]);
  return [...ids].sort().map((id) => workerOf(snapshot, id, groupOf.get(id)));
}

function workerOf(snapshot: TreeSnapshot, id: string, group: GroupTopology | undefined): WorkerTopology {
  const record = snapshot.workers.get(id);
  return {
    ...{ id, group: group?.id ?? "", role: roleOf(snapshot, id, group) },
    ...{ resp: record?.resp ?? "", rpc: record?.rpc ?? "", link: record?.link ?? "" },
    ...{ isPresent: record !== undefined, version: record?.version ?? "" },
    lentTo: snapshot.spares.get(id)?.value,
  };
}

function roleOf(snapshot: TreeSnapshot, id: string, group: GroupTopology | undefined): WorkerTopology["role"] {
  const record = snapshot.workers.get(id);
  if (record === undefined) return "absent";
  if (group === undefined) return isSpare(snapshot, id) ? "spare" : "learner";
  const { configuration } = group;
  if (configuration === undefined || !isMember(configuration, { id, incarnation: record.incarnation }))
    return "learner";
  return configuration.primary.id === id ? "primary" : "secondary";
}

function mastersOf(snapshot: TreeSnapshot, { self, isActive }: TopologyFacts): MasterTopology[] {
  // One with a new session may have a znode of the session before, too.
  const masters = [...new Map([...snapshot.masters.values()].map((master) => [master.id, master])).values()];
  // The lowest is active; of itself a master knows it better, since it must have shut out its predecessor first.
  const lowest = [...snapshot.masters.values()][0]?.id;
  const told = masters.map(({ id, rpc, http, version }) => ({
    ...{ id, rpc, http, version, isSelf: id === self },
    isActive: id === self ? isActive : id === lowest && !isActive,
  }));
  return told.sort((a, b) => Number(b.isActive) - Number(a.isActive));
}

function troubles(snapshot: TreeSnapshot, groups: readonly GroupTopology[]): string[] {
  if (!snapshot.isWhole) return ["the coordinator's tree was not read as a whole yet"];
  const texts: string[] = [];
  if (snapshot.slots !== undefined) {
    const lost = SLOT_COUNT - groups.reduce((sum, { slotCount }) => sum + slotCount, 0);
    if (lost > 0) texts.push(`${lost} slots belong to no group`);
  }
  for (const { id, slotCount, hasPrimary: isLed } of groups) {
    if (slotCount > 0 && !isLed) texts.push(`group ${id} has ${slotCount} slots, and its primary is not there`);
  }
  return texts;
}
