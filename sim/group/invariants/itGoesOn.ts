import { Violation } from "../../violation.ts";
import type { GroupWorld } from "../groupWorld.ts";
import type { Invariant } from "./invariants.ts";

/** When nothing goes wrong any more, writes are committed, everybody becomes a member, and all have the same. */
export function itGoesOn(world: GroupWorld): Invariant {
  let acknowledged = 0;
  let isLost = false;
  return {
    healed() {
      acknowledged = acknowledgedWrites(world);
      isLost = world.intact.length === 0;
      if (isLost) return world.count("groups that lost every member");
      for (const { id, process } of world.nodes) {
        if (world.intact.some((member) => member.id === id)) continue;
        throw new Violation("itGoesOn", `${id} is not a member again but ${process?.replica.role}`);
      }
    },
    watched() {
      if (isLost) return;
      if (acknowledgedWrites(world) === acknowledged) throw new Violation("itGoesOn", "no write is acknowledged");
    },
    ended() {
      if (isLost) return;
      const points = world.nodes.map(({ id, process }) => `${id} ${process?.commitPoint}/${process?.log.lastSeq}`);
      for (const { process } of world.nodes) {
        if (process?.commitPoint !== world.ghost.commitPoint || process.log.lastSeq !== world.ghost.commitPoint) {
          throw new Violation("itGoesOn", `the logs differ in the end: ${points.join(", ")}`);
        }
      }
      const states = world.nodes.map(({ process }) => JSON.stringify([...process!.state].sort(([a], [b]) => a - b)));
      if (new Set(states).size > 1)
        throw new Violation("itGoesOn", `the states differ in the end: ${states.join(" ")}`);
    },
  };
}

function acknowledgedWrites(world: GroupWorld): number {
  return world.clients.operations.filter((each) => each.isWrite && each.outcome === "ok").length;
}
