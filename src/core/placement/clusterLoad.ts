import type { SlotRanges } from "../slots/slotRanges.ts";

/** What one slot asks of its group; decayed figures, as workers report them (`DecayingRates`). */
export interface SlotLoad {
  readonly slot: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly bytes: number;
}

/** One worker process. */
export interface WorkerLoad {
  readonly id: string;
  readonly host: string;
  /** Registered without a group: it may be lent, and may be taken back from the group in which it is. */
  readonly isSpare: boolean;
  readonly isUp: boolean;
  /** Simple commands that it could execute in a second if it did nothing else. */
  readonly capacityPerSecond: number;
  /** Data is being copied to it or from it. */
  readonly isCopying: boolean;
}

/** A member of a group, or one that is learning to be one. */
export interface ReplicaLoad {
  readonly worker: string;
  readonly readsPerSecond: number;
  /** Percent of the group's reads that it was given; undefined as long as nobody gave any. */
  readonly readWeight?: number;
}

export interface GroupLoad {
  readonly id: string;
  /** Worker id of the primary. */
  readonly primary: string;
  /** All members, the primary too, and learners that are to become members; those whose workers are down too. */
  readonly replicas: readonly ReplicaLoad[];
  /** How many replicas it is to have without any heat. */
  readonly replicasWanted: number;
  /** How many it may have with spares lent to it. */
  readonly replicasMax: number;
  /** Slots without load and without data may be left out. */
  readonly slots: readonly SlotLoad[];
}

/** Everything that the judgement of `tend` rests on. */
export interface ClusterLoad {
  /** Milliseconds of any clock that only goes forward. */
  readonly now: number;
  readonly workers: readonly WorkerLoad[];
  readonly groups: readonly GroupLoad[];
  /** When a primary was last replaced because it had failed, on the same clock. */
  readonly lastFailoverAt?: number;
  /** Slots of moves under way. */
  readonly moving: SlotRanges;
  /** Groups that must not be given slots: draining, or weight 0. */
  readonly notTargets: readonly string[];
}
