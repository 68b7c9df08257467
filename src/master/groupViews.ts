import { SPARE } from "../base/names.ts";
import { isMember } from "../core/replica/configuration.ts";
import { slotsOfGroup } from "../core/slots/assignment.ts";
import type { MoveRecord } from "../core/slots/moveRecord.ts";
import { countSlots } from "../core/slots/slotRanges.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import type { Held } from "./followedZnode.ts";

/** It belongs to no group of its own: its record says so, or it is lent. */
export function isSpare(snapshot: TreeSnapshot, worker: string): boolean {
  const group = snapshot.workers.get(worker)?.group;
  return group === SPARE || group === "" || snapshot.spares.has(worker);
}

/** Sorted: every group with a configuration, with slots, or with a worker that names it. */
export function allGroups(snapshot: TreeSnapshot): string[] {
  const ids = new Set<string>([...snapshot.groups].filter(([, configuration]) => configuration).map(([id]) => id));
  for (const [id, ranges] of Object.entries(snapshot.slots?.value.now ?? {})) if (countSlots(ranges) > 0) ids.add(id);
  for (const { group } of snapshot.workers.values()) if (group !== "" && group !== SPARE) ids.add(group);
  return [...ids].sort();
}

/** Its primary is there, so it can give and take slots. */
export function hasPrimary(snapshot: TreeSnapshot, group: string): boolean {
  const configuration = snapshot.groups.get(group);
  return configuration !== undefined && snapshot.workers.has(configuration.primary.id);
}

/**
 * Groups that count when slots are shared out: those that have some, and those that could take some now. One that has neither slots nor
 * a primary is about to come, or has gone for good.
 */
export function sharingGroups(snapshot: TreeSnapshot): string[] {
  const now = snapshot.slots?.value.now ?? {};
  return allGroups(snapshot).filter((id) => countSlots(slotsOfGroup(now, id)) > 0 || hasPrimary(snapshot, id));
}

/** Workers that are present and name the group, or are in its configuration; the primary first, then by name. */
export function workersOfGroup(snapshot: TreeSnapshot, group: string): string[] {
  const configuration = snapshot.groups.get(group);
  const ids = new Set<string>(configuration?.secondaries.map(({ id }) => id));
  for (const [id, worker] of snapshot.workers) if (worker.group === group) ids.add(id);
  const primary = configuration?.primary.id;
  if (primary === undefined) return [...ids].sort();
  ids.delete(primary);
  return [primary, ...[...ids].sort()];
}

/** Present secondaries: any of them could be the primary. */
export function secondariesOf(snapshot: TreeSnapshot, group: string): string[] {
  const configuration = snapshot.groups.get(group);
  if (configuration === undefined) return [];
  return configuration.secondaries
    .filter(({ id, incarnation }) => {
      const worker = snapshot.workers.get(id);
      return worker !== undefined && isMember(configuration, { id, incarnation });
    })
    .map(({ id }) => id);
}

/** Moves that were begun and have neither been flipped nor given up. */
export function movesUnderWay(snapshot: TreeSnapshot): Held<MoveRecord>[] {
  return [...snapshot.moves.values()].filter(({ value }) => value.state === "planned" || value.state === "copying");
}
