import { Violation } from "../../violation.ts";
import type { GroupWorld } from "../groupWorld.ts";
import type { Invariant } from "./invariants.ts";

/** Whoever may answer reads has everything that was ever committed, in its log at least (REPLICATION.md, lemma 3). */
export function leasesAreCurrent(world: GroupWorld): Invariant {
  return {
    committed(process, _first, last) {
      if (process.replica.role !== "primary") return;
      for (const node of world.nodes) {
        const other = node.process;
        if (other === undefined || other === process || !other.replica.mayServe(node.now())) continue;
        if (other.replica.role === "primary" && other.replica.primary?.barrier === undefined) continue;
        const mine = process.replica.logRuns.epochAt(last as typeof process.commitPoint);
        const theirs = other.replica.logRuns.epochAt(last as typeof process.commitPoint);
        if (other.commitPoint >= last || theirs === mine) continue;
        throw new Violation(
          "leasesAreCurrent",
          `${process.node.id} commits ${last} in epoch ${process.replica.epoch} while ${node.id} serves in ${other.replica.epoch} without it`,
        );
      }
    },
  };
}
