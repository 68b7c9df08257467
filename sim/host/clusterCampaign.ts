import type { ClusterWorld } from "../cluster/clusterWorld.ts";
import type { ClusterSabotage } from "../cluster/sabotage/clusterSabotage.ts";
import type { Violation } from "../violation.ts";
import { runCluster } from "./runCluster.ts";

export interface ClusterCampaignSettings {
  readonly from: number;
  readonly seeds: number;
  readonly sabotage?: ClusterSabotage;
  /** Ends at the first violation. */
  readonly stopsAtFirst: boolean;
  readonly onViolation?: (seed: number, violation: Violation) => void;
  readonly onProgress?: (done: number, violations: number) => void;
}

export interface ClusterCampaignResult {
  readonly seeds: number;
  /** Seeds that showed a violation, in order. */
  readonly failed: readonly number[];
  readonly events: number;
  /** Virtual time of all worlds. */
  readonly virtualSeconds: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Runs worlds of consecutive seeds, one after the other. */
export async function runClusterCampaign(settings: ClusterCampaignSettings): Promise<ClusterCampaignResult> {
  const { from, seeds, sabotage, stopsAtFirst, onViolation, onProgress } = settings;
  const counts = new Map<string, number>();
  const failed: number[] = [];
  let events = 0;
  let virtualMicros = 0;
  let done = 0;
  while (done < seeds && !(stopsAtFirst && failed.length > 0)) {
    const seed = from + done;
    const world = await runCluster({ seed: String(seed), ...(sabotage !== undefined && { sabotage }) });
    done++;
    events += world.scheduler.steps;
    virtualMicros += world.scheduler.nowMicros;
    for (const [name, count] of world.counts) counts.set(name, (counts.get(name) ?? 0) + count);
    if (world.violation !== undefined) {
      failed.push(seed);
      onViolation?.(seed, world.violation);
    }
    onProgress?.(done, failed.length);
  }
  return { seeds: done, failed, events, virtualSeconds: virtualMicros / 1e6, counts };
}

/** The fewest of the world's faults, by number, with which the same invariant is violated. */
export async function shrinkCluster(world: ClusterWorld, sabotage?: ClusterSabotage): Promise<readonly number[]> {
  const { seed, violation, options } = world;
  const isViolated = async (faults: readonly number[]): Promise<boolean> => {
    const again = await runCluster({ seed, faults, ...(sabotage !== undefined && { sabotage }) });
    return again.violation?.invariant === violation?.invariant;
  };
  let faults: readonly number[] = options.faults.map((_, i) => i);
  for (let size = Math.ceil(faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < faults.length; ) {
      const fewer = [...faults.slice(0, at), ...faults.slice(at + size)];
      if (await isViolated(fewer)) faults = fewer;
      else at += size;
    }
  }
  return faults;
}
