import { invariant } from "../../base/invariant.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { type Assignment, ownersOf } from "../slots/assignment.ts";
import { commonSlot, countSlots, eachSlot, type SlotRanges } from "../slots/slotRanges.ts";
import type { MoveSlots } from "./decision.ts";
import { batches, type MoveSize, takeTurns } from "./movesBetween.ts";

/** The slots that moves under way have locked, by the id of the move: what the znode `/migrations` says. */
interface LockedSlots {
  readonly [move: string]: SlotRanges;
}

/** What a person's wish to move slots is judged by. */
export interface MoveRequest {
  readonly current: Assignment;
  /** All groups that there are, with or without slots. */
  readonly groups: readonly string[];
  readonly locked: LockedSlots;
  readonly slots: SlotRanges;
  readonly target: string;
}

/**
 * The moves that bring these slots to the target, split by their sources and into batches; slots that are there already are left out.
 * An error is a sentence that says what to do.
 */
export function planMove(request: MoveRequest, { slotsPerMoveMax }: MoveSize): Result<MoveSlots[], string> {
  const { current, slots, target } = request;
  const owners = ownersOf(current);
  invariant(owners !== undefined, "no slot has two groups");
  const refusal = refusalOf(request);
  if (refusal !== undefined) return err(refusal);
  const slotsOf = new Map<string, number[]>();
  for (const slot of eachSlot(slots)) {
    const source = owners[slot];
    if (source === undefined) {
      return err(
        `slot ${slot} belongs to no group, so there is nothing to move: wait until the first assignment is made (holdfast status shows it)`,
      );
    }
    if (source === target) continue;
    const before = slotsOf.get(source);
    if (before === undefined) slotsOf.set(source, [slot]);
    else before.push(slot);
  }
  if (slotsOf.size === 0) return err(`group ${target} has all of these slots already: there is nothing to do`);
  const why = (count: number, source: string) => `an operator asked for ${count} slots of ${source} to go to ${target}`;
  const lists = [...slotsOf].map(([source, list]) =>
    batches(list, slotsPerMoveMax, source, target, why(list.length, source)),
  );
  return ok(takeTurns(lists));
}

function refusalOf({ groups, locked, slots, target }: MoveRequest): string | undefined {
  if (!groups.includes(target)) {
    const known = groups.length === 0 ? "there is none yet" : `the groups are ${[...groups].sort().join(", ")}`;
    return `there is no group ${target} (${known}): name one of them, or start a worker with --group ${target} first`;
  }
  if (countSlots(slots) === 0) return "no slots are named: name some, for example --slots 0-99";
  for (const [move, ranges] of Object.entries(locked)) {
    const slot = commonSlot(ranges, slots);
    if (slot === undefined) continue;
    return `slot ${slot} is being moved already by move ${move}: wait until it is over, or cancel it, or leave the slot out`;
  }
  return undefined;
}
