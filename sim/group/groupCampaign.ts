import type { Violation } from "../violation.ts";
import { GroupWorld } from "./groupWorld.ts";
import { drawPlan, type Fault, type GroupPlan, type Profile } from "./plan.ts";
import type { GroupSabotage } from "./sabotages.ts";

export interface GroupCampaignSettings {
  readonly from: number;
  readonly seeds: number;
  readonly profile?: Profile;
  readonly sabotage?: GroupSabotage;
  /** Ends at the first violation. */
  readonly stopsAtFirst: boolean;
  readonly onViolation?: (seed: number, violation: Violation) => void;
  readonly onProgress?: (done: number, violations: number) => void;
}

export interface GroupCampaignResult {
  readonly seeds: number;
  /** Seeds that showed a violation, in order. */
  readonly failed: readonly number[];
  readonly events: number;
  /** Virtual time of all worlds. */
  readonly virtualSeconds: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Plays the worlds of consecutive seeds, one after the other. */
export function runGroupCampaign(settings: GroupCampaignSettings): GroupCampaignResult {
  const { from, seeds, profile, sabotage, stopsAtFirst, onViolation, onProgress } = settings;
  const counts = new Map<string, number>();
  const failed: number[] = [];
  let [events, virtualMicros, done] = [0, 0, 0];
  while (done < seeds && !(stopsAtFirst && failed.length > 0)) {
    const seed = from + done;
    const world = new GroupWorld({ plan: drawPlan(String(seed), profile), ...sabotage });
    const violation = world.run();
    done++;
    events += world.scheduler.steps;
    virtualMicros += world.scheduler.nowMicros;
    for (const [name, count] of world.counts) counts.set(name, (counts.get(name) ?? 0) + count);
    if (violation !== undefined) {
      failed.push(seed);
      onViolation?.(seed, violation);
    }
    onProgress?.(done, failed.length);
  }
  return { seeds: done, failed, events, virtualSeconds: virtualMicros / 1e6, counts };
}

/** The fewest faults with which a plan still shows the same invariant violated, each left out in turn while that helps. */
export function shrinkFaults(plan: GroupPlan, sabotage: GroupSabotage | undefined): GroupPlan {
  const invariant = new GroupWorld({ plan, ...sabotage }).run()?.invariant;
  if (invariant === undefined) return plan;
  const isViolated = (faults: readonly Fault[]) =>
    new GroupWorld({ plan: { ...plan, faults }, ...sabotage }).run()?.invariant === invariant;
  let { faults } = plan;
  for (let size = Math.ceil(faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < faults.length; ) {
      const fewer = [...faults.slice(0, at), ...faults.slice(at + size)];
      if (isViolated(fewer)) faults = fewer;
      else at += size;
    }
  }
  return { ...plan, faults };
}
