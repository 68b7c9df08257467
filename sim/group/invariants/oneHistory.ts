import { Violation } from "../../violation.ts";
import type { GroupWorld } from "../groupWorld.ts";
import { BARRIER_KEY } from "../toyLog.ts";
import type { Invariant } from "./invariants.ts";

/** No two different entries are committed at one seq. Keeps the record of what is committed, too. */
export function oneHistory({ ghost }: GroupWorld): Invariant {
  return {
    committed(process, first, last) {
      let next = first;
      for (const entry of process.log.entries(first, last)) {
        const known = ghost.committed[entry.seq];
        if (known === undefined) {
          if (entry.seq !== ghost.committed.length) throw new Violation("oneHistory", `a gap before ${entry.seq}`);
          ghost.committed.push(entry);
          if (entry.key !== BARRIER_KEY) ghost.placeOf.set(entry.op, entry.seq);
        } else if (known.op !== entry.op || known.key !== entry.key) {
          throw new Violation(
            "oneHistory",
            `${process.node.id} commits op ${entry.op} at ${entry.seq}, where op ${known.op} is committed`,
          );
        }
        next = entry.seq + 1;
      }
      if (next !== last + 1) throw new Violation("oneHistory", `${process.node.id} commits ${last} without having it`);
    },
  };
}
