import { Violation } from "../../violation.ts";
import type { GroupWorld } from "../groupWorld.ts";
import type { Invariant } from "./invariants.ts";

/** At no moment may two primaries answer. */
export function onePrimaryServes(world: GroupWorld): Invariant {
  return {
    served(process) {
      if (process.replica.role !== "primary") return;
      for (const node of world.nodes) {
        const other = node.process;
        if (other === undefined || other === process || other.replica.role !== "primary") continue;
        if (other.replica.mayServe(node.now())) {
          throw new Violation("onePrimaryServes", `${process.node.id} and ${node.id} are primaries that serve`);
        }
      }
    },
  };
}
