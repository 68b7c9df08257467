import { balance } from "../core/placement/balance.ts";
import type { MoveSlots } from "../core/placement/decision.ts";
import { movesBetween } from "../core/placement/movesBetween.ts";
import { type Assignment, afterMoves, ownedSlots, slotsOfGroup } from "../core/slots/assignment.ts";
import { commonSlot, commonSlots, hasSlots, type SlotRanges } from "../core/slots/slotRanges.ts";
import { type ClusterSettings, type MigrateRequest, weightOf } from "./clusterSettings.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import { movesUnderWay, sharingGroups } from "./groupViews.ts";

/** A move that is wanted, and how fast it may be. */
export interface WantedMove extends MoveSlots {
  /** 0: as fast as source and target bear. */
  readonly bytesPerSecondMax: number;
}

/** What remains to be done to reach what the settings ask for. */
export interface Goals {
  /** In the order in which they are to begin: what operators asked for, then drains and balance. */
  readonly wanted: readonly WantedMove[];
  /** Requests all of whose slots are where they were to go. */
  readonly doneRequests: readonly string[];
  /** Every group has its share: there is nothing more to balance. */
  readonly isBalanced: boolean;
  /** A sentence about why there is no way to a goal. */
  readonly problem: string | undefined;
}

/**
 * Compares what is wanted with what will be when all moves under way are flipped. It remembers nothing: any master that sees the same tree
 * wants the same.
 */
export function goalsOf(snapshot: TreeSnapshot, settings: ClusterSettings): Goals {
  const now = snapshot.slots?.value.now;
  if (now === undefined) return { wanted: [], doneRequests: [], isBalanced: false, problem: undefined };
  const underWay = movesUnderWay(snapshot).map(({ value }) => value);
  const expected = afterMoves(now, underWay);
  const isDone = (slots: SlotRanges, to: string) => hasSlots(slotsOfGroup(now, to), slots);
  const doneRequests = settings.requests.filter(({ slots, to }) => isDone(slots, to)).map(({ id }) => id);
  const open = settings.requests.filter(({ id }) => !doneRequests.includes(id));
  const requested = open.flatMap((request) => wantedOf(request, expected, settings));
  if (!settings.isBalancing && settings.draining.length === 0) {
    return { wanted: requested, doneRequests, isBalanced: false, problem: undefined };
  }
  const shared = sharesOf(snapshot, settings, withRequestsDone(expected, open), open);
  if (typeof shared === "string") return { wanted: requested, doneRequests, isBalanced: false, problem: shared };
  const isBalanced = shared.all.length === 0 && open.length === 0 && underWay.length === 0;
  return { wanted: [...requested, ...shared.wanted], doneRequests, isBalanced, problem: undefined };
}

function withRequestsDone(expected: Assignment, requests: readonly MigrateRequest[]): Assignment {
  // A slot that nobody has cannot be moved.
  const owned = ownedSlots(expected);
  return afterMoves(
    expected,
    requests.map(({ slots, to }) => ({ slots: commonSlots(slots, owned), target: to })),
  );
}

function wantedOf(request: MigrateRequest, expected: Assignment, settings: ClusterSettings): WantedMove[] {
  const bytesPerSecondMax = request.bytesPerSecondMax || settings.bytesPerSecondMax;
  return movesBetween(expected, withRequestsDone(expected, [request]), settings).map((move) => ({
    ...{ ...move, bytesPerSecondMax },
    why: `an operator asked for it (${request.id}): ${move.why}`,
  }));
}

/**
 * Moves that give every group its share, and those of them that are to be made now; or a sentence about why nobody can tell. Slots that
 * an operator asked for stay out of it until they are where they were to go.
 */
function sharesOf(
  snapshot: TreeSnapshot,
  settings: ClusterSettings,
  expected: Assignment,
  requests: readonly MigrateRequest[],
) {
  const ids = sharingGroups(snapshot);
  const groups = ids.map((id) => ({ id, weight: weightOf(settings, id) }));
  const draining = settings.draining.filter((id) => ids.includes(id));
  const desired = balance(expected, groups, draining);
  if (!desired.ok) return desired.error;
  const moves = movesBetween(expected, withRequestsDone(desired.value, requests), settings);
  const all: WantedMove[] = moves.map((move) => ({
    ...move,
    why: draining.includes(move.source) ? `${move.source} is being drained: ${move.why}` : move.why,
    bytesPerSecondMax: settings.bytesPerSecondMax,
  }));
  // Groups that drain lose their slots; between the others nothing moves that nobody asked for.
  return { all, wanted: settings.isBalancing ? all : all.filter(({ source }) => draining.includes(source)) };
}

/** What a move is for: an operator's request, a drain, or balance. */
export function goalOf(
  move: { readonly slots: SlotRanges; readonly source: string; readonly target: string },
  settings: ClusterSettings,
): { readonly kind: "request"; readonly id: string } | { readonly kind: "drain" | "balance" } {
  const request = settings.requests.find(
    ({ slots, to }) => to === move.target && commonSlot(slots, move.slots) !== undefined,
  );
  if (request !== undefined) return { kind: "request", id: request.id };
  return { kind: settings.draining.includes(move.source) ? "drain" : "balance" };
}
