import type { GroupLoad } from "./clusterLoad.ts";
import type { Decision } from "./decision.ts";
import type { LoadChanges, Peak } from "./loadLedger.ts";

/** Something that could be done for a hot group. */
export interface Relief {
  readonly decision: Decision;
  readonly changes: LoadChanges;
  /** Worker-seconds (objective.ts). */
  readonly cost: number;
  /** The two workers between which data is copied. */
  readonly copy?: { readonly source: string; readonly target: string };
  /** Slots that go to another group. */
  readonly slots?: readonly number[];
}

/** A hot group and the busiest of its workers. */
export interface HotGroup {
  readonly group: GroupLoad;
  readonly peak: Peak;
  /** `worker w1 of group g1 is 83 % busy, above 60 % in 3 of 4 windows`. */
  readonly what: string;
}
