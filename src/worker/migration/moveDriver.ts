import type { MoveHost } from "./moveHost.ts";
import type { MoveCounters } from "./moveProgress.ts";
import type { MoveRecords, ReadMove } from "./moveRecords.ts";
import type { WakeUp } from "./wakeUp.ts";

/**
 * - `again`: there is more to do at once. `wait`: not before something changes, or a while has passed.
 * - `over`: there is nothing left for this group to do.
 * - `stuck`: what must not be: nothing is done.
 */
export type Outcome = "again" | "wait" | "over" | "stuck";

/** One side of one move, at the primary of its group. */
export interface MoveDriver {
  readonly role: "target" | "source";
  readonly counters: MoveCounters;
  /** Does what follows from the record and from the group's table, and resolves when it is done. */
  step(): Promise<Outcome>;
  /** This replica is the primary no more. */
  stop(): void;
}

/** What both sides need. */
export interface MoveDriverParts {
  readonly host: MoveHost;
  readonly records: MoveRecords;
  readonly id: string;
  /** Woken when the record may have changed. */
  readonly wakeUp: WakeUp;
  /** Reads the record as it is now or later; undefined if that cannot be done. */
  readonly read: () => Promise<ReadMove | undefined>;
  /** It may have changed since it was read last. */
  readonly isRecordOld: () => boolean;
  /** This replica is the primary, without a break since the driver was made, and may write. */
  readonly isActive: () => boolean;
}
