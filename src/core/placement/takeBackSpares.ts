import type { GroupLoad } from "./clusterLoad.ts";
import type { TendRound } from "./tendRound.ts";
import { agrees, lentReplica, peakWithout } from "./tendWindows.ts";
import { asPercent } from "./words.ts";

/** Takes one lent replica from every group that has done well without its help for long enough. */
export function takeBackSpares(round: TendRound): void {
  for (const group of round.load.groups) takeBack(round, group);
}

function takeBack(round: TendRound, group: GroupLoad): void {
  const { load, ledger, limits } = round;
  const { cold, relievedAt } = round.memory(group);
  if (!agrees(cold, round)) return;
  if (relievedAt !== undefined && load.now - relievedAt < limits.stayMillis) return;
  const worker = lentReplica(round, group);
  if (worker === undefined || round.isCopying(worker)) return;
  const up = round.upReplicas(group);
  const without = peakWithout(round, group, worker);
  if (without >= limits.utilisationLow) return;
  const now = asPercent(ledger.peak(group)!.utilisation);
  const then = `its busiest worker is ${now} busy and would be ${asPercent(without)} busy without ${worker}`;
  const why = `group ${group.id} has ${up.length} replicas and is to have ${group.replicasWanted}; ${then}, below ${asPercent(limits.utilisationLow)} in ${limits.windowsAgreeing} of ${limits.windowsKept} windows`;
  if (worker === group.primary) {
    const heir = up.find((each) => each !== worker && !round.isCopying(each));
    if (heir === undefined) return;
    const first = `${why}; ${worker} is the primary, so it hands over first`;
    round.decisions.push({ kind: "handOver", group: group.id, from: worker, to: heir, why: first });
    round.remember(group, { cold: [] });
    return;
  }
  round.decisions.push({ kind: "removeReplica", group: group.id, worker, why });
  round.remember(group, { relievedAt: load.now, cold: [] });
}
