import type { Result } from "../../base/result.ts";
import type { SlotChange } from "../../core/slots/slotChange.ts";
import type { SlotRanges } from "../../core/slots/slotRanges.ts";
import type { SlotTable } from "../../core/slots/slotTable.ts";
import type { Checksum } from "../../ports/checksum.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { CallRefusal, WorkerCaller } from "../../ports/workerCalls.ts";
import type { CommitLoad } from "./commitLoad.ts";
import type { CopyBrake } from "./copyBrake.ts";
import type { MoveRules } from "./moveRules.ts";
import type { MoveSettings } from "./moveSettings.ts";

export type Imported = SlotChange & { readonly kind: "imported" };

/** What the drivers of moves need of the replica that they run at. */
export interface MoveHost {
  readonly group: string;
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rules: MoveRules;
  readonly settings: MoveSettings;
  /** The group's newest table: ahead of what is committed by what this primary has logged. */
  readonly slots: SlotTable;
  readonly checksum: Checksum;
  /** This replica is the primary of an open epoch, and may write. */
  readonly mayWrite: boolean;
  readonly commitPoint: number;
  /** Logs a change as an entry of its own: its seq; undefined if it does not fit the table. Only while active. */
  log(change: SlotChange): number | undefined;
  /** Logs mutations as they stand in the source's log, and how far they go. Only while active. */
  logImported(
    bytes: Uint8Array,
    start: number,
    end: number,
    change: Imported,
  ): { readonly seq: number; readonly mutations: number };
  /** See `CommitWaits.wait`. */
  committed(seq: number): Promise<boolean>;
  /** Keys of slots that the group does not have, at most `limit` at a time: see `SlotKeyWalk`. */
  walkKeys(slots: SlotRanges, limit: number): KeyWalk;
  /** Logs the deletion of keys that are there, as one entry. Only while active. */
  deleteKeys(keys: readonly string[]): number;
  /** Opens what the slots hold, and then what is committed to them behind. */
  openCopy(slots: SlotRanges, from: number): Promise<Result<CopySource, CallRefusal>>;
  /** Calls the primary of another group; undefined while it is not known who that is. */
  callGroup(group: string): WorkerCaller | undefined;
  /** Whether clients wait here to be sent to another group, as soon as the coordinator's tree gives it the move's slots. */
  awaitSlotMap(move: string, isAwaited: boolean): void;
  /** Replies may be due for those who wait because of a slot. */
  slotsChanged(): void;
  /** How slow this group's commits are, and whether something is being copied from it, or to it. */
  readonly load: CommitLoad;
  readonly brake: CopyBrake;
  /** Of copies that come here. */
  readonly importBrake: CopyBrake;
  notice(text: string): void;
  /** A fault of the program. */
  failed(error: unknown): void;
}

/** A copy that is being read: see `SlotCopySource`. */
export interface CopySource {
  frames(): AsyncIterable<Uint8Array>;
  /** Everything up to this entry was given out; 0 while the snapshot goes. */
  readonly sourceSeq: number;
  /** Ends `frames` where they wait. */
  close(): Promise<void>;
}

export interface KeyWalk {
  /** What one turn may look for, perhaps none; undefined: it is over. A walk that gives none at all tells that nothing is left. */
  next(): readonly string[] | undefined;
}
