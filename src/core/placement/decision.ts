import type { SlotRanges } from "../slots/slotRanges.ts";

/** Slots that are to go from one group to another, as one record in `/migrations`. */
export interface MoveSlots {
  readonly kind: "moveSlots";
  readonly slots: SlotRanges;
  readonly source: string;
  readonly target: string;
  readonly why: string;
}

/** Another replica of the group is to be its primary. */
export interface HandOver {
  readonly kind: "handOver";
  readonly group: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** A spare worker is to become a replica of the group: for one that was lost, or because the group is read so much. */
interface AddReplica {
  readonly kind: "addReplica";
  readonly group: string;
  readonly worker: string;
  readonly because: "lost" | "heat";
  readonly why: string;
}

/** A worker that was lent is to be a spare again. */
interface RemoveReplica {
  readonly kind: "removeReplica";
  readonly group: string;
  readonly worker: string;
  readonly why: string;
}

/** A spare is to take the place of a replica: it is added first, the other is removed when the spare has everything. */
interface MoveReplica {
  readonly kind: "moveReplica";
  readonly group: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** How clients are to spread the group's reads over its replicas. */
interface SetReadWeights {
  readonly kind: "readWeights";
  readonly group: string;
  /** By worker, whole percents of the group's reads; together 100. */
  readonly weights: { readonly [worker: string]: number };
  readonly why: string;
}

/** Something is not as it should be with the group and nothing is done about it now; `why` says for what reason. */
interface Wait {
  readonly kind: "wait";
  readonly group: string;
  readonly why: string;
}

/**
 * What the master thinks should be done. It is only a value: a master that is to give advice shows it and does no more. `why` is one or
 * two sentences for people, with the figures that led to it.
 */
export type Decision = MoveSlots | HandOver | AddReplica | RemoveReplica | MoveReplica | SetReadWeights | Wait;
