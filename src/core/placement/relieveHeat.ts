import { addReplica } from "./addReplica.ts";
import type { GroupLoad } from "./clusterLoad.ts";
import { handOverPrimary } from "./handOverPrimary.ts";
import { hottestSlot, moveHotSlots } from "./moveHotSlots.ts";
import { moveReplica } from "./moveReplica.ts";
import { gainOf, isWorth } from "./objective.ts";
import type { HotGroup, Relief } from "./relief.ts";
import { setReadWeights } from "./setReadWeights.ts";
import type { TendRound } from "./tendRound.ts";
import { agrees } from "./tendWindows.ts";
import { asPercent, asSeconds } from "./words.ts";

/** From cheap to dear. */
const LADDER = [
  { propose: setReadWeights, isCopy: false },
  { propose: handOverPrimary, isCopy: false },
  { propose: addReplica, isCopy: true },
  { propose: moveReplica, isCopy: true },
  { propose: moveHotSlots, isCopy: true },
];

/** Does what is best for each hot group, the hottest first; or says why nothing is done. */
export function relieveHeat(round: TendRound, frozen: string | undefined): void {
  const { load, ledger, limits } = round;
  const hot: HotGroup[] = [];
  for (const group of load.groups) {
    const peak = ledger.peak(group);
    if (peak === undefined || peak.utilisation <= limits.utilisationMax) continue;
    if (!agrees(round.memory(group).hot, round)) continue;
    const windows = `${limits.windowsAgreeing} of ${limits.windowsKept} windows`;
    const over = `above ${asPercent(limits.utilisationMax)} in ${windows}`;
    const what = `worker ${peak.worker} of group ${group.id} is ${asPercent(peak.utilisation)} busy, ${over}`;
    hot.push({ group, peak, what });
  }
  for (const each of hot.sort((a, b) => b.peak.utilisation - a.peak.utilisation)) relieve(round, each, frozen);
}

function relieve(round: TendRound, hot: HotGroup, frozen: string | undefined): void {
  const { load, limits } = round;
  const { group, what } = hot;
  if (frozen !== undefined) return round.wait(group, `${what}; ${frozen}`);
  const { relievedAt } = round.memory(group);
  if (relievedAt !== undefined && load.now - relievedAt < limits.coolDownMillis) {
    const ago = asSeconds(load.now - relievedAt);
    return round.wait(group, `${what}; something was done about it ${ago} ago, and its effect is awaited`);
  }
  const relief = bestRelief(round, hot);
  if (relief === undefined) return round.wait(group, `${what}; ${whyNothing(round, hot)}`);
  carryOut(round, group, relief);
}

/** The cheapest kind that brings the group below the limit, or else the one that gains most. */
function bestRelief(round: TendRound, hot: HotGroup): Relief | undefined {
  const { ledger, limits } = round;
  let best: Relief | undefined;
  let bestGain = 0;
  for (const { propose, isCopy } of LADDER) {
    const relief = isCopy && !round.hasCopyLeft ? undefined : propose(round, hot);
    if (relief === undefined || (relief.copy !== undefined && !canCopy(round, relief.copy))) continue;
    const fall = ledger.pressureFall(relief.changes);
    if (!isWorth(fall, relief.cost, limits)) continue;
    const after = ledger.peak(hot.group, relief.changes)!.utilisation;
    if (after <= limits.utilisationMax) return relief;
    const gain = gainOf(fall, limits) - limits.gainPerCostMin * relief.cost;
    if (gain > bestGain) [best, bestGain] = [relief, gain];
  }
  return best;
}

function canCopy(round: TendRound, { source, target }: { readonly source: string; readonly target: string }): boolean {
  return round.hasCopyLeft && !round.isCopying(source) && !round.isCopying(target);
}

function carryOut(round: TendRound, group: GroupLoad, { decision, changes, copy, slots }: Relief): void {
  const { load, ledger, movedAt } = round;
  ledger.apply(changes);
  if (copy === undefined) round.decisions.push(decision);
  else round.decideCopy(decision, copy.source, copy.target);
  for (const slot of slots ?? []) movedAt.set(slot, load.now);
  round.remember(group, { relievedAt: load.now, hot: [], cold: [] });
}

function whyNothing(round: TendRound, { group, peak }: HotGroup): string {
  const top = hottestSlot(round, group, peak.worker);
  if (top !== undefined && top.share > 0.5) {
    return `slot ${top.slot} alone makes ${asPercent(top.share)} of that, so moving slots would only move the heat (holdfast hot shows its keys)`;
  }
  if (!round.hasCopyLeft) return "as much as allowed is being copied already";
  return "nothing that could be done gains more than it costs: a spare worker or another group would help";
}
