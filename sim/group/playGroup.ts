import { fewestFaults } from "../fewestFaults.ts";
import { GroupWorld, type GroupWorldSettings } from "./groupWorld.ts";
import type { GroupPlan } from "./plan.ts";
import type { GroupSabotage } from "./sabotages.ts";

/** Plays a plan's world to its end. */
export function playGroup(settings: GroupWorldSettings): GroupWorld {
  const world = new GroupWorld(settings);
  world.run();
  return world;
}

/** The plan with the fewest faults that still show the same invariant violated. */
export async function shrinkPlan(plan: GroupPlan, sabotage: GroupSabotage | undefined): Promise<GroupPlan> {
  const invariant = playGroup({ plan, ...sabotage }).violation?.invariant;
  if (invariant === undefined) return plan;
  const faults = await fewestFaults(plan.faults, (fewer) => {
    return playGroup({ plan: { ...plan, faults: fewer }, ...sabotage }).violation?.invariant === invariant;
  });
  return { ...plan, faults };
}
