import { copyCost } from "./objective.ts";
import type { HotGroup, Relief } from "./relief.ts";
import type { TendRound } from "./tendRound.ts";
import { dividedReads } from "./tendWindows.ts";
import { asBytes, asPercent, asRate } from "./words.ts";

/** All replicas must have at least this part of the utilisation that is too much, or the reads are not spread and one more does not help. */
const SPREAD_MIN = 0.7;

/**
 * Lends a spare to a group that is read so much that all its replicas are busy with it. Every replica more makes each write
 * dearer, so there must be many reads for each write.
 */
export function addReplica(round: TendRound, { group, peak, what }: HotGroup): Relief | undefined {
  const { ledger, limits } = round;
  const { readsPerSecond, writesPerSecond, bytes } = ledger.totals(group);
  const up = round.upReplicas(group);
  if (group.replicas.length >= group.replicasMax || !up.includes(group.primary)) return undefined;
  if (readsPerSecond <= limits.readsPerWriteMin * writesPerSecond) return undefined;
  const capacity = up.reduce((sum, worker) => sum + ledger.worker(worker)!.capacityPerSecond, 0);
  if (readsPerSecond <= limits.utilisationMax * capacity) return undefined;
  if (up.some((worker) => ledger.utilisation(worker) < SPREAD_MIN * limits.utilisationMax)) return undefined;
  const [spare] = round.sparesFor(group);
  if (spare === undefined) return undefined;
  const reads = dividedReads(round, group, group.primary, [...up, spare.id]);
  const changes = ledger.changesTo(group, { primary: group.primary, reads });
  const after = asPercent(ledger.peakOf([...up, spare.id], changes)!.utilisation);
  const ratio =
    writesPerSecond === 0 ? "no writes" : `${asRate(readsPerSecond / writesPerSecond)} reads for each write`;
  const effect = `with ${spare.id} as replica ${up.length + 1} the busiest would be ${after} busy instead of ${asPercent(peak.utilisation)}`;
  const why = `${what}; there are ${asRate(readsPerSecond)} reads a second and ${ratio}; ${effect}, for a copy of ${asBytes(bytes)}`;
  return {
    decision: { kind: "addReplica", group: group.id, worker: spare.id, because: "heat", why },
    changes,
    cost: copyCost(bytes, limits),
    copy: { source: group.primary, target: spare.id },
  };
}
