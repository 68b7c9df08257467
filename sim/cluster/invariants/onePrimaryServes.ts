import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";
import type { Group } from "../groups.ts";

/** At no instant may two processes serve as the primary of a group, not even if one of them stands still and does not know it. */
export function checkOnePrimary(world: ClusterWorld): void {
  for (const group of world.groups) checkGroup(world, group);
}

function checkGroup(world: ClusterWorld, group: Group): void {
  let serving: string | undefined;
  for (const machine of group.machines) {
    const node = world.processOf(machine)?.node;
    if (node?.replica.role !== "primary" || !node.replica.mayServe(machine.clock.monotonic())) continue;
    if (serving !== undefined) {
      world.fail(new Violation("one primary serves", `${serving} and ${machine.id} do at once`));
    }
    serving = machine.id;
  }
}
