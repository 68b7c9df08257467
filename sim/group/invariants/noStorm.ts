import { Violation } from "../../violation.ts";
import type { GroupWorld } from "../groupWorld.ts";
import type { Invariant } from "./invariants.ts";

/** Messages for each beacon's time and pair of machines, and for each write: more than that answers itself. */
const MESSAGES_PER_BEACON = 8;
const MESSAGES_PER_WRITE = 40;

/** Messages do not beget messages: when all is well, their number is bounded by time and by what clients ask for. */
export function noStorm(world: GroupWorld): Invariant {
  let messages = 0;
  let operations = 0;
  let micros = 0;
  return {
    healed() {
      messages = world.network.messages;
      operations = world.clients.operations.length;
      micros = world.scheduler.nowMicros;
    },
    watched() {
      const beacons = (world.scheduler.nowMicros - micros) / 1_000 / world.plan.times.beaconMillis + 1;
      const asked = world.clients.operations.length - operations + world.plan.clients;
      const bound = beacons * world.plan.nodes * MESSAGES_PER_BEACON + asked * MESSAGES_PER_WRITE;
      const sent = world.network.messages - messages;
      if (sent > bound) throw new Violation("noStorm", `${sent} messages where ${bound} were expected`);
    },
  };
}
