import { copyCost, handOverCost } from "./objective.ts";
import type { HotGroup, Relief } from "./relief.ts";
import type { TendRound } from "./tendRound.ts";
import { asBytes, asPercent } from "./words.ts";

/** Lets a stronger or idler spare take the place of the busiest secondary, whose worker is weak or carries other groups too. */
export function moveReplica(round: TendRound, { group, peak, what }: HotGroup): Relief | undefined {
  const { ledger, limits } = round;
  const { reads } = ledger.layout(group);
  const from = peak.worker;
  if (from === group.primary || !reads.has(group.primary) || round.isCopying(from)) return undefined;
  const spares = round.sparesFor(group);
  const to = spares.find(({ capacityPerSecond }) => capacityPerSecond > 0)?.id;
  if (to === undefined) return undefined;
  const moved = new Map([...reads].filter(([worker]) => worker !== from));
  moved.set(to, reads.get(from)!);
  const changes = ledger.changesTo(group, { primary: group.primary, reads: moved });
  const after = asPercent(ledger.peakOf(moved.keys(), changes)!.utilisation);
  const { bytes } = ledger.totals(group);
  const why = `${what}; with its replica on ${to} instead, the busiest would be ${after} busy, for a copy of ${asBytes(bytes)}`;
  return {
    decision: { kind: "moveReplica", group: group.id, from, to, why },
    changes,
    cost: copyCost(bytes, limits) + handOverCost(),
    copy: { source: group.primary, target: to },
  };
}
