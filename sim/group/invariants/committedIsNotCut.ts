import { Violation } from "../../violation.ts";
import type { GroupWorld } from "../groupWorld.ts";
import type { Invariant } from "./invariants.ts";

/** What is committed is never cut off a log that has it. */
export function committedIsNotCut({ ghost }: GroupWorld): Invariant {
  return {
    truncating(process, after) {
      for (const entry of process.log.entries(after + 1, process.log.lastSeq)) {
        const known = ghost.committed[entry.seq];
        if (known !== undefined && known.op === entry.op && known.key === entry.key) {
          throw new Violation(
            "committedIsNotCut",
            `${process.node.id} cuts entry ${entry.seq} off, which is committed`,
          );
        }
      }
    },
  };
}
