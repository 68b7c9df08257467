/** What is remembered of one group. */
export interface GroupMemory {
  /** Sums over the window that is open: of its busiest worker's utilisation, and of what that would be without a lent replica. */
  readonly peakSum: number;
  readonly peakWithoutLentSum: number;
  /** Verdicts over the last windows, the newest last. */
  readonly hot: readonly boolean[];
  readonly cold: readonly boolean[];
  /** When something was last done about its heat, or a lent replica was taken from it. */
  readonly relievedAt: number | undefined;
  /** Since when it has too few replicas that are up. */
  readonly missingSince: number | undefined;
  /** When another group was last asked to give up a replica for it. */
  readonly askedAt: number | undefined;
}

/** What `tend` remembers from one call to the next. A new master begins with `TEND_BEGIN`. */
export interface TendState {
  readonly windowStartedAt: number | undefined;
  readonly samples: number;
  readonly groups: ReadonlyMap<string, GroupMemory>;
  /** Slots that were moved for their heat, and when. */
  readonly movedAt: ReadonlyMap<number, number>;
}

export const NEW_GROUP: GroupMemory = {
  peakSum: 0,
  peakWithoutLentSum: 0,
  hot: [],
  cold: [],
  relievedAt: undefined,
  missingSince: undefined,
  askedAt: undefined,
};

export const TEND_BEGIN: TendState = {
  windowStartedAt: undefined,
  samples: 0,
  groups: new Map(),
  movedAt: new Map(),
};
