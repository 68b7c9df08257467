import { eachSlot, rangesOf } from "../slots/slotRanges.ts";
import type { GroupLoad, SlotLoad } from "./clusterLoad.ts";
import type { LoadChanges, Peak } from "./loadLedger.ts";
import { copyCost, gainOf, primaryWriteCost, secondaryWriteCost } from "./objective.ts";
import type { HotGroup, Relief } from "./relief.ts";
import type { TendRound } from "./tendRound.ts";
import { asBytes, asPercent } from "./words.ts";

/** The source is relieved as soon as it is this far below the limit. */
const ENOUGH = 0.9;

/**
 * Sends slots to the group that has most room, one after the other as long as each is worth it: the dearest first, so that few
 * are moved. A slot that would make the target as hot as the source was is worth nothing, and a slot that was moved for its heat stays
 * where it is for a while, so no slot goes back and forth.
 */
export function moveHotSlots(round: TendRound, { group, peak, what }: HotGroup): Relief | undefined {
  const { ledger, limits } = round;
  const target = coolestGroup(round, group);
  if (target === undefined || !ledger.isUp(group.primary)) return undefined;
  const pick = pickSlots(round, group, target.group);
  if (pick.slots.length === 0) return undefined;
  const after = ledger.peak(group, pick.changes)!.utilisation;
  const there = ledger.peak(target.group, pick.changes)!.utilisation;
  const busy = (before: number, then: number) => `${asPercent(before)} busy before and ${asPercent(then)} after`;
  const source = `with ${pick.slots.length} slots fewer its busiest worker is ${busy(peak.utilisation, after)}`;
  const why = `${what}; ${source}, that of ${target.group.id} ${busy(target.peak.utilisation, there)}, for a copy of ${asBytes(pick.bytes)}`;
  const slots = rangesOf(pick.slots);
  return {
    decision: { kind: "moveSlots", slots, source: group.id, target: target.group.id, why },
    changes: pick.changes,
    cost: copyCost(pick.bytes, limits),
    copy: { source: group.primary, target: target.group.primary },
    slots: pick.slots,
  };
}

/** The slot that makes the largest part of a worker's load. */
export function hottestSlot(
  round: TendRound,
  group: GroupLoad,
  worker: string,
): { readonly slot: number; readonly share: number } | undefined {
  const { ledger } = round;
  const capacity = Math.max(1, ledger.worker(worker)?.capacityPerSecond ?? 0);
  const load = ledger.utilisation(worker) * capacity;
  const on = costsOn(round, group).find((each) => each.worker === worker);
  if (on === undefined) return undefined;
  let top: { slot: number; share: number } | undefined;
  for (const slot of group.slots) {
    const share = costOf(slot, on) / Math.max(1, load);
    if (top === undefined || share > top.share) top = { slot: slot.slot, share };
  }
  return top;
}

function coolestGroup(round: TendRound, source: GroupLoad): { group: GroupLoad; peak: Peak } | undefined {
  const { ledger, limits } = round;
  for (const group of round.coolGroups()) {
    if (group === source || round.isCopying(group.primary)) continue;
    const peak = ledger.peak(group);
    if (peak !== undefined && peak.utilisation < limits.utilisationMax) return { group, peak };
  }
  return undefined;
}

interface Pick {
  readonly slots: number[];
  readonly changes: LoadChanges;
  readonly bytes: number;
}

function pickSlots(round: TendRound, source: GroupLoad, target: GroupLoad): Pick {
  const { ledger, limits, load, movedAt } = round;
  const moving = new Set(eachSlot(load.moving));
  const [leaving, coming] = [costsOn(round, source), costsOn(round, target)];
  const weightOf = ({ readsPerSecond, writesPerSecond }: SlotLoad) => readsPerSecond + writesPerSecond;
  const candidates = source.slots
    .filter((slot) => weightOf(slot) > 0 && !moving.has(slot.slot) && !movedAt.has(slot.slot))
    .sort((a, b) => weightOf(b) - weightOf(a) || a.slot - b.slot);
  let pick: Pick = { slots: [], changes: new Map(), bytes: 0 };
  let fall = 0;
  for (const slot of candidates) {
    if (pick.slots.length >= limits.slotsPerMoveMax) break;
    if (ledger.peak(source, pick.changes)!.utilisation <= ENOUGH * limits.utilisationMax) break;
    const changes = new Map(pick.changes);
    for (const on of leaving) changes.set(on.worker, (changes.get(on.worker) ?? 0) - costOf(slot, on));
    for (const on of coming) changes.set(on.worker, (changes.get(on.worker) ?? 0) + costOf(slot, on));
    const fallWith = ledger.pressureFall(changes);
    if (ledger.peak(target, changes)!.utilisation > limits.utilisationMax) continue;
    if (fallWith <= fall || !isWorthMore(round, fallWith - fall, copyCost(slot.bytes, limits))) continue;
    pick = { slots: [...pick.slots, slot.slot], changes, bytes: pick.bytes + slot.bytes };
    fall = fallWith;
  }
  return pick;
}

/** Many small gains may be worth it together, so that only the price counts for each. */
function isWorthMore({ limits }: TendRound, fall: number, cost: number): boolean {
  return gainOf(fall, limits) > limits.gainPerCostMin * cost;
}

/** What reads and writes of a slot cost a worker of the group in which the slot is. */
interface SlotCosts {
  readonly worker: string;
  readonly perRead: number;
  readonly perWrite: number;
}

/** Reads of a slot are divided as the group's reads are now. */
function costsOn({ ledger }: TendRound, group: GroupLoad): SlotCosts[] {
  const { primary, reads } = ledger.layout(group);
  const total = [...reads.values()].reduce((sum, each) => sum + each, 0);
  return [...reads].map(([worker, own]) => ({
    worker,
    perRead: total > 0 ? own / total : 1 / reads.size,
    perWrite: worker === primary ? primaryWriteCost(reads.size - 1) : secondaryWriteCost(),
  }));
}

function costOf({ readsPerSecond, writesPerSecond }: SlotLoad, { perRead, perWrite }: SlotCosts): number {
  return readsPerSecond * perRead + writesPerSecond * perWrite;
}
