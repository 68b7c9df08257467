import type { SlotRanges } from "../../core/slots/slotRanges.ts";

/** How a move stands at one of its sides, for people, tools and the master. */
export interface MoveProgress {
  readonly id: string;
  readonly role: "target" | "source";
  /** The other group. */
  readonly other: string;
  readonly slots: SlotRanges;
  /** `waiting`, `cleaning`, `copying`, `following`, `sealed`, `ready`, `closed`, `activating`, `releasing`, `undoing`, `over`, `stuck`. */
  readonly phase: string;
  /** Since this replica is the primary: mutations and bytes that were copied (target), or bytes given out (source). */
  readonly mutations: number;
  readonly bytes: number;
  /** Up to this entry of the source's everything is here, or was given out. */
  readonly sourceSeq: number;
  /** Bytes that were copied and are not committed at the target; entries that were not given out at the source. */
  readonly lag: number;
  /** Why it does not go on. */
  readonly trouble: string;
}

/** The counters of one driver. */
export class MoveCounters {
  phase = "waiting";
  mutations = 0;
  bytes = 0;
  sourceSeq = 0;
  lag = 0;
  trouble = "";
}
