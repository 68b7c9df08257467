import { commonSlot, commonSlots, countSlots, NO_SLOTS, type SlotRanges } from "../core/slots/slotRanges.ts";
import type { MasterClient } from "../main/master/masterClient.ts";
import type { ClusterCommand, ClusterPlan, ClusterWork, MoveInWork, Topology } from "../platform/rpc/clusterService.ts";
import { bytesText } from "./figures.ts";
import { type Progress, ProgressDisplay } from "./progress.ts";

const POLL_MILLIS = 250;
/** What is wanted is written before the request is answered, and known to the master a moment later. */
const GRACE_POLLS = 12;

/** How it came out. */
export interface Followed {
  readonly isDone: boolean;
  /** How many were to move, and how many are still elsewhere. */
  readonly slots: number;
  readonly slotsLeft: number;
  readonly millis: number;
  /** Why it is not done. */
  readonly problem?: string;
}

/** Waits until the slots of a plan are where they belong, or nobody wants that any more; shows how far it is. */
export async function followMoves(
  client: MasterClient,
  command: ClusterCommand,
  plan: ClusterPlan,
  isQuiet: boolean,
): Promise<Followed> {
  const display = isQuiet ? undefined : new ProgressDisplay("slots");
  const begin = performance.now();
  const slots = plan.moves.reduce((sum, move) => sum + countSlots(move.slots), 0);
  const outcome = (isDone: boolean, slotsLeft: number, problem?: string): Followed => {
    display?.end();
    const millis = Math.round(performance.now() - begin);
    return { isDone, slots, slotsLeft, millis, ...(problem !== undefined && { problem }) };
  };
  let idle = 0;
  let slotsLeft = slots;
  for (;;) {
    const topology = await client.topology();
    const work = await client.work();
    if (!topology.ok || !work.ok) {
      const message = topology.ok ? (work.ok ? "" : work.error.message) : topology.error.message;
      return outcome(false, slotsLeft, `${message}; what was begun goes on, holdfast moves shows how far it is`);
    }
    slotsLeft = leftOf(command, plan, topology.value);
    const mine = movesOf(plan, work.value);
    if (slotsLeft === 0 && mine.length === 0) return outcome(true, 0);
    display?.show(progressOf(slots, slotsLeft, mine, work.value));
    const isWanted = mine.length > 0 || isStillWanted(command, plan, topology.value, work.value);
    idle = isWanted ? 0 : idle + 1;
    if (idle > GRACE_POLLS) {
      const isBalanced = command.kind === "rebalance" || command.kind === "weight";
      // The balance may have come about by other moves than those that were planned.
      if (isBalanced) return outcome(true, slotsLeft);
      return outcome(false, slotsLeft, `it was cancelled: ${slotsLeft} of ${slots} slots have not moved`);
    }
    await new Promise<void>((resolve) => setTimeout(resolve, POLL_MILLIS));
  }
}

/** Slots that are not where they belong yet. */
export function leftOf(command: ClusterCommand, plan: Pick<ClusterPlan, "moves">, topology: Topology): number {
  const slotsOf = new Map(topology.groups.map(({ name, slots }) => [name, slots]));
  let left = 0;
  for (const { slots, source, target } of plan.moves) {
    const at = (group: string): number => countSlots(commonSlots(slots, slotsOf.get(group) ?? NO_SLOTS));
    // A drained group's slots may go to whoever has room by then.
    left += command.kind === "drain" ? at(source) : countSlots(slots) - at(target);
  }
  return left;
}

function movesOf({ moves }: Pick<ClusterPlan, "moves">, work: ClusterWork): readonly MoveInWork[] {
  const isPlanned = (slots: SlotRanges): boolean =>
    moves.some((planned) => commonSlot(planned.slots, slots) !== undefined);
  return work.moves.filter(({ slots }) => isPlanned(slots));
}

function isStillWanted(command: ClusterCommand, plan: ClusterPlan, topology: Topology, work: ClusterWork): boolean {
  switch (command.kind) {
    case "migrate":
      return work.wanted.some(({ request }) => request === plan.request);
    case "drain":
      return topology.groups.some(({ name, draining }) => draining && name === command.group);
    default:
      return work.isBalancing;
  }
}

function progressOf(total: number, left: number, moves: readonly MoveInWork[], work: ClusterWork): Progress {
  let copied = 0;
  for (const { state, slots, keysCopied, keysTotal } of moves) {
    // What is copied has not moved yet, but most of the work is done.
    if (state === "copying" && keysTotal > 0) copied += countSlots(slots) * Math.min(0.95, keysCopied / keysTotal);
  }
  const done = Math.min(total - left + copied, left === 0 ? total : total - 0.01);
  return { done, total, text: stateText(moves, work) };
}

function stateText(moves: readonly MoveInWork[], { isPaused }: ClusterWork): string {
  if (isPaused) return "paused; holdfast moves resume all goes on";
  const paused = moves.filter((move) => move.paused).length;
  const rate = moves.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  return [
    ...(moves.length === 0 ? [] : [`${moves.length} under way`]),
    ...(paused === 0 ? [] : [`${paused} paused`]),
    ...(rate === 0 ? [] : [`${bytesText(rate)}/s`]),
  ].join(", ");
}
