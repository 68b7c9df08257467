import { commonSlot, type SlotRanges } from "../slots/slotRanges.ts";
import type { MoveSlots } from "./decision.ts";

/** How many moves may run at once. */
export interface MoveLimits {
  readonly movesPerSourceMax: number;
  readonly movesPerTargetMax: number;
  readonly movesMax: number;
}

/** A move under way. */
export interface ActiveMove {
  readonly slots: SlotRanges;
  readonly source: string;
  readonly target: string;
}

/** The planned moves that may begin now beside those under way, in the order of the plan. None of them takes a slot that is moving. */
export function nextMoves(
  planned: readonly MoveSlots[],
  active: readonly ActiveMove[],
  { movesPerSourceMax, movesPerTargetMax, movesMax }: MoveLimits,
): MoveSlots[] {
  const sources = new Map<string, number>();
  const targets = new Map<string, number>();
  const running: ActiveMove[] = [];
  const begin = (move: ActiveMove) => {
    running.push(move);
    sources.set(move.source, (sources.get(move.source) ?? 0) + 1);
    targets.set(move.target, (targets.get(move.target) ?? 0) + 1);
  };
  for (const move of active) begin(move);
  const chosen: MoveSlots[] = [];
  for (const move of planned) {
    if (running.length >= movesMax) break;
    if ((sources.get(move.source) ?? 0) >= movesPerSourceMax) continue;
    if ((targets.get(move.target) ?? 0) >= movesPerTargetMax) continue;
    if (running.some(({ slots }) => commonSlot(slots, move.slots) !== undefined)) continue;
    begin(move);
    chosen.push(move);
  }
  return chosen;
}
