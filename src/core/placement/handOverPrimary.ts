import type { LoadChanges } from "./loadLedger.ts";
import { handOverCost } from "./objective.ts";
import type { HotGroup, Relief } from "./relief.ts";
import type { TendRound } from "./tendRound.ts";
import { asPercent } from "./words.ts";

/** Makes the secondary primary on which the writes cost least, the reads staying with whom they are. */
export function handOverPrimary(round: TendRound, { group, peak, what }: HotGroup): Relief | undefined {
  const { ledger } = round;
  const { reads } = ledger.layout(group);
  if (!reads.has(group.primary) || round.isCopying(group.primary)) return undefined;
  let best: { heir: string; changes: LoadChanges; fall: number } | undefined;
  for (const heir of reads.keys()) {
    if (heir === group.primary || round.isCopying(heir)) continue;
    // Who reads only at primaries goes on doing so: the reads change places with the role.
    const exchanged = new Map(reads);
    exchanged.set(heir, reads.get(group.primary)!).set(group.primary, reads.get(heir)!);
    const changes = ledger.changesTo(group, { primary: heir, reads: exchanged });
    const fall = ledger.pressureFall(changes);
    if (best === undefined || fall > best.fall) best = { heir, changes, fall };
  }
  if (best === undefined) return undefined;
  const { heir, changes } = best;
  const after = ledger.peakOf(reads.keys(), changes)!;
  const why = `${what}; with ${heir} as primary the busiest would be ${asPercent(after.utilisation)} busy instead of ${asPercent(peak.utilisation)}`;
  const decision = { kind: "handOver", group: group.id, from: group.primary, to: heir, why } as const;
  return { decision, changes, cost: handOverCost() };
}
