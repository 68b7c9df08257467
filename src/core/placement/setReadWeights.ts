import type { GroupLoad } from "./clusterLoad.ts";
import { percents } from "./readSplit.ts";
import type { HotGroup, Relief } from "./relief.ts";
import type { TendRound } from "./tendRound.ts";
import { dividedReads } from "./tendWindows.ts";
import { asPercent } from "./words.ts";

/** Weights that differ by less than this many percents are the same: clients have them already, and more of them does not help. */
const SAME_WEIGHT = 5;
/** Clients whose reads are so many percents away from the weights that they were given do not follow weights. */
const IGNORED_WEIGHT = 20;

/** Lets clients send their reads to the replicas that have room. */
export function setReadWeights(round: TendRound, { group, peak, what }: HotGroup): Relief | undefined {
  const { ledger } = round;
  const up = round.upReplicas(group);
  if (up.length < 2 || ledger.totals(group).readsPerSecond === 0) return undefined;
  if (areIgnored(group, ledger.totals(group).readsPerSecond)) return undefined;
  const reads = dividedReads(round, group, group.primary, up);
  const weights = percents(reads);
  const isNew = group.replicas.some(
    ({ worker, readWeight }) =>
      weights[worker] !== undefined &&
      (readWeight === undefined || Math.abs(readWeight - weights[worker]) >= SAME_WEIGHT),
  );
  if (!isNew) return undefined;
  const changes = ledger.changesTo(group, { primary: group.primary, reads });
  const after = asPercent(ledger.peakOf(up, changes)!.utilisation);
  const shown = up.map((worker) => `${worker} ${weights[worker]} %`).join(", ");
  const why = `${what}; with the reads divided as ${shown} its busiest worker would be ${after} busy instead of ${asPercent(peak.utilisation)}`;
  return { decision: { kind: "readWeights", group: group.id, weights, why }, changes, cost: 0 };
}

function areIgnored({ replicas }: GroupLoad, total: number): boolean {
  return replicas.some(
    ({ readsPerSecond, readWeight }) =>
      readWeight !== undefined && Math.abs((100 * readsPerSecond) / total - readWeight) > IGNORED_WEIGHT,
  );
}
