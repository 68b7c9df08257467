import { membersOf } from "../../../src/core/replica/configuration.ts";
import { Violation } from "../../violation.ts";
import type { Invariant } from "./invariants.ts";

/** Nothing is committed by fewer replicas than the group's minimum. */
export function enoughReplicas(): Invariant {
  return {
    committed(process, _first, last) {
      if (process.replica.role !== "primary") return;
      const configuration = process.replica.configuration!;
      const replicas = membersOf(configuration).length;
      if (replicas < configuration.minReplicas) {
        throw new Violation("enoughReplicas", `${last} is committed by ${replicas} of ${configuration.minReplicas}`);
      }
    },
  };
}
