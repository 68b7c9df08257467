import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

/** At no instant may two processes serve as the primary, not even if one of them stands still and does not know it. */
export function checkOnePrimary(world: ClusterWorld): void {
  let serving: string | undefined;
  for (const { node, machine } of world.processes) {
    if (node?.replica.role !== "primary" || !node.replica.mayServe(machine.clock.monotonic())) continue;
    if (serving !== undefined) {
      world.fail(new Violation("one primary serves", `${serving} and ${machine.id} do at once`));
    }
    serving = machine.id;
  }
}
