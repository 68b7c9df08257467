import type { GroupLoad } from "./clusterLoad.ts";
import { type Reader, splitReads } from "./readSplit.ts";
import type { TendRound } from "./tendRound.ts";

/** Takes up what is seen now into the open window and into what is known of missing replicas. */
export function observe(round: TendRound): void {
  const { load, ledger } = round;
  round.forgetOthers(load.groups);
  for (const group of load.groups) {
    const { peakSum, peakWithoutLentSum, missingSince } = round.memory(group);
    const isMissing = round.upReplicas(group).length < group.replicasWanted;
    round.remember(group, {
      peakSum: peakSum + (ledger.peak(group)?.utilisation ?? 0),
      peakWithoutLentSum: peakWithoutLentSum + peakWithout(round, group, lentReplica(round, group)),
      missingSince: isMissing ? (missingSince ?? load.now) : undefined,
    });
  }
}

/** Judges every group by the means of the window that ends. */
export function closeWindow(round: TendRound, samples: number): void {
  const { load, limits } = round;
  for (const group of load.groups) {
    const { peakSum, peakWithoutLentSum, hot, cold } = round.memory(group);
    const kept = <T>(verdicts: readonly T[], verdict: T) => [...verdicts, verdict].slice(-limits.windowsKept);
    round.remember(group, {
      peakSum: 0,
      peakWithoutLentSum: 0,
      hot: kept(hot, peakSum / samples > limits.utilisationMax),
      cold: kept(cold, peakWithoutLentSum / samples < limits.utilisationLow),
    });
  }
}

/** Whether enough of the last windows say so. */
export function agrees(verdicts: readonly boolean[], { limits }: TendRound): boolean {
  return verdicts.filter((verdict) => verdict).length >= limits.windowsAgreeing;
}

/** The replica that goes when one is taken back: a spare beyond those that the group is to have, if possible not the primary. */
export function lentReplica(round: TendRound, group: GroupLoad): string | undefined {
  const up = round.upReplicas(group);
  if (up.length <= group.replicasWanted) return undefined;
  const lent = up.filter((worker) => round.ledger.worker(worker)!.isSpare);
  return lent.find((worker) => worker !== group.primary) ?? lent[0];
}

/** How busy the busiest worker of the group would be with one replica less, its reads divided as well as possible. */
export function peakWithout(round: TendRound, group: GroupLoad, gone: string | undefined): number {
  const { ledger } = round;
  if (gone === undefined) return Number.POSITIVE_INFINITY;
  const rest = round.upReplicas(group).filter((worker) => worker !== gone);
  const layout = { primary: group.primary, reads: dividedReads(round, group, group.primary, rest) };
  return ledger.peakOf(rest, ledger.changesTo(group, layout))?.utilisation ?? Number.POSITIVE_INFINITY;
}

/** The group's reads, divided over replicas in the way that is best for the busiest. */
export function dividedReads(
  { ledger }: TendRound,
  group: GroupLoad,
  primary: string,
  replicas: readonly string[],
): Map<string, number> {
  const withoutReads = ledger.changesTo(group, { primary, reads: new Map(replicas.map((worker) => [worker, 0])) });
  const readers = replicas.map((worker): Reader => {
    const capacityPerSecond = Math.max(1, ledger.worker(worker)?.capacityPerSecond ?? 0);
    return { worker, capacityPerSecond, load: ledger.utilisation(worker, withoutReads) * capacityPerSecond };
  });
  return splitReads(ledger.totals(group).readsPerSecond, readers);
}
