import type { GroupLoad } from "./clusterLoad.ts";
import type { TendRound } from "./tendRound.ts";
import { lentReplica } from "./tendWindows.ts";
import { asSeconds } from "./words.ts";

/** Lets spares take the places of replicas that have been missing for too long; the group that misses the largest part goes first. */
export function restoreReplicas(round: TendRound, frozen: string | undefined): void {
  const { load, limits } = round;
  const missing = load.groups.filter((group) => {
    const { missingSince } = round.memory(group);
    return missingSince !== undefined && load.now - missingSince >= limits.lostMillis;
  });
  const share = (group: GroupLoad) => round.upReplicas(group).length / group.replicasWanted;
  for (const group of missing.sort((a, b) => share(a) - share(b))) restore(round, group, frozen);
}

function restore(round: TendRound, group: GroupLoad, frozen: string | undefined): void {
  const { load, ledger } = round;
  const has = round.upReplicas(group).length;
  const since = asSeconds(load.now - round.memory(group).missingSince!);
  const lack = `group ${group.id} has had ${has} of ${group.replicasWanted} replicas for ${since}`;
  if (frozen !== undefined) return round.wait(group, `${lack}; ${frozen}`);
  if (!ledger.isUp(group.primary)) return round.wait(group, `${lack}, and its primary is down: nothing can be copied`);
  if (round.isCopying(group.primary)) return round.wait(group, `${lack}, and its primary is busy with another copy`);
  if (!round.hasCopyLeft) return round.wait(group, `${lack}, and as much as allowed is being copied already`);
  const [spare] = round.sparesFor(group);
  if (spare === undefined) return askOthers(round, group, lack);
  const why = `${lack}; spare ${spare.id} on host ${spare.host} is free`;
  const decision = { kind: "addReplica", group: group.id, worker: spare.id, because: "lost", why } as const;
  round.decideCopy(decision, group.primary, spare.id);
  round.remember(group, { missingSince: load.now });
}

/** No spare is free: the group that needs its lent replica least gives it up. */
function askOthers(round: TendRound, group: GroupLoad, lack: string): void {
  const { load, ledger, limits } = round;
  const { askedAt } = round.memory(group);
  if (askedAt !== undefined && load.now - askedAt < limits.coolDownMillis) {
    return round.wait(group, `${lack}; a spare that was lent to another group is on its way back`);
  }
  const lenders = load.groups.flatMap((other) => {
    const worker = other === group ? undefined : lentReplica(round, other);
    const isFree = worker !== undefined && worker !== other.primary && !round.isCopying(worker);
    return isFree ? [{ other, worker, peak: ledger.peak(other)!.utilisation }] : [];
  });
  const [least] = lenders.sort((a, b) => a.peak - b.peak);
  if (least === undefined) {
    return round.wait(group, `${lack}, and no spare worker is free: start one with --group ${group.id}, or a spare`);
  }
  const why = `${lack}, no spare is free, and group ${least.other.id}, to which ${least.worker} is lent, has all its own replicas`;
  round.decisions.push({ kind: "removeReplica", group: least.other.id, worker: least.worker, why });
  round.remember(group, { askedAt: load.now });
  round.remember(least.other, { relievedAt: load.now, cold: [] });
}
