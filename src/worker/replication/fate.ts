import { seq } from "../../base/ids.ts";
import type { GroupReplica } from "../../core/replica/groupReplica.ts";
import type { Fate } from "../heldReplies.ts";

/**
 * What became of an entry that a primary wrote in `epoch` before it was deposed. That a later primary has cut it off says nothing
 * yet: as long as that one has committed nothing, the next may be one that has the entry. Epochs never decrease along a log, so the
 * entry is lost as soon as anything of a later epoch is committed before it or in its place.
 */
export function fateOf({ commitPoint, logRuns }: GroupReplica, at: number, epoch: number): Fate {
  const decided = logRuns.epochAt(seq(Math.min(at, commitPoint)));
  if (decided === undefined) return "open";
  if (decided > epoch) return "lost";
  return at <= commitPoint && decided === epoch ? "kept" : "open";
}
