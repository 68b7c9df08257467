import { Violation } from "../../violation.ts";
import type { GroupWorld } from "../groupWorld.ts";
import type { Invariant } from "./invariants.ts";

/** Every acknowledged write is in the committed log, and in the log of everybody who is chosen to be the primary. */
export function acknowledgedIsKept(world: GroupWorld): Invariant {
  const { ghost } = world;
  return {
    roleChanged({ replica, log, commitPoint, node }) {
      // One that has been replaced already may lack what was committed since; it can commit nothing.
      if (replica.role !== "primary" || replica.epoch !== world.register.value?.epoch) return;
      if (replica.primary?.phase !== "waiting") return;
      if (log.lastSeq < ghost.commitPoint) {
        throw new Violation("acknowledgedIsKept", `${node.id} is the primary and lacks entry ${ghost.commitPoint}`);
      }
      for (const entry of log.entries(commitPoint + 1, ghost.commitPoint)) {
        if (ghost.committed[entry.seq]!.op === entry.op) continue;
        throw new Violation("acknowledgedIsKept", `${node.id} is the primary and has another entry ${entry.seq}`);
      }
    },
    ended() {
      for (const { id, isWrite, outcome } of world.clients.operations) {
        if (isWrite && outcome === "ok" && !ghost.placeOf.has(id)) {
          throw new Violation("acknowledgedIsKept", `write ${id} was acknowledged and is nowhere`);
        }
      }
    },
  };
}
