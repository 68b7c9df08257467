import type { Result } from "../base/result.ts";
import type { Configuration } from "../core/replica/configuration.ts";
import type { MoveRecord } from "../core/slots/moveRecord.ts";
import type { SlotMap } from "../core/slots/slotMap.ts";
import type { SlotRanges } from "../core/slots/slotRanges.ts";
import type { ClusterSettings } from "./clusterSettings.ts";

/**
 * What a master offers to those who ask it: the gRPC service, the command line, the dashboard. Every master, active or standby, answers
 * questions and plans; only the active one executes. Nothing here is on the path of a client's request.
 */
export interface MasterApi {
  /** What is known of the cluster: a new object after each change. */
  readonly topology: Topology;
  /** Calls `listener` after each change of `topology`; answers how to end that. */
  onChange(listener: () => void): () => void;
  /** What would be done, or a sentence that says why not. Changes nothing. */
  plan(request: MasterRequest): Promise<Result<RequestPlan, MasterRefusal>>;
  /**
   * Writes down what is wanted, so that this master or its successor does it; it does not wait for that. Repeating a request is harmless,
   * also after `unknown`.
   */
  execute(request: MasterRequest): Promise<Result<RequestPlan, MasterRefusal>>;
  /** The last decisions, newest first. A master that has just become active has none. */
  why(limit?: number): readonly Decision[];
  /** What the workers said of their load last. */
  heat(): readonly WorkerHeat[];
}

/** What an operator may ask for. */
export type MasterRequest =
  /** Move these slots, as far as they are not there yet. 0 bytes a second: the cluster's setting. */
  | { readonly kind: "migrate"; readonly slots: SlotRanges; readonly to: string; readonly bytesPerSecondMax: number }
  /** Once, give every group its share by weight, with the fewest moves. */
  | { readonly kind: "rebalance" }
  /** Move all slots of the group to the others, and give it none. */
  | { readonly kind: "drain"; readonly group: string }
  /** End `drain`: what has gone stays where it is until `rebalance`. */
  | { readonly kind: "undrain"; readonly group: string }
  /** Change the group's share, and move slots accordingly. 1 is the default; 0 is refused: that is `drain`. */
  | { readonly kind: "weight"; readonly group: string; readonly weight: number }
  /** A move's id, a request's id, or `all`: abort what is not flipped yet, and forget what it was for. */
  | { readonly kind: "cancel"; readonly move: string }
  /** A move's id, or `all`: copy nothing more, seal nothing, and begin no other move, until `resume`. */
  | { readonly kind: "pause"; readonly move: string }
  | { readonly kind: "resume"; readonly move: string }
  /** Make a spare worker a replica of the group. */
  | { readonly kind: "lend"; readonly spare: string; readonly group: string }
  /** Take it back. */
  | { readonly kind: "return"; readonly spare: string }
  /** On: the master says what it would do about load, and does nothing of it. Operators' requests are executed as ever. */
  | { readonly kind: "advice"; readonly on: boolean }
  /** On: a group that joins gets its share at once, without `rebalance`. */
  | { readonly kind: "autoRebalance"; readonly on: boolean };

/** What a request does. */
export interface RequestPlan {
  /** In words, for a person: one sentence a line. */
  readonly sentences: readonly string[];
  /** The moves that follow from it, as far as can be told now, whole: they are executed in batches. */
  readonly moves: readonly PlannedMove[];
  /** Keys and bytes of these slots by what workers reported; undefined where they have not. */
  readonly keys: number | undefined;
  readonly bytes: number | undefined;
  /** The id to cancel a `migrate` by. */
  readonly request: string | undefined;
  /** It is like that already: nothing is written. */
  readonly isDone: boolean;
}

export interface PlannedMove {
  readonly slots: SlotRanges;
  readonly source: string;
  readonly target: string;
}

export interface MasterRefusal {
  /**
   * - `not_active`: ask `active`; nothing was done.
   * - `invalid`: what is asked for makes no sense, by the message.
   * - `conflict`: something else has to end first, by the message.
   * - `unavailable`: the coordinator could not be asked; certainly nothing was done.
   * - `unknown`: it may have been done: ask again.
   */
  readonly code: "not_active" | "invalid" | "conflict" | "unavailable" | "unknown";
  /** A sentence that says what to do. */
  readonly message: string;
  /** `host:port` of the active master's calls, for `not_active`, if there is one. */
  readonly active: string | undefined;
}

export interface Topology {
  readonly cluster: string;
  /** Rises with each change; of this process only. */
  readonly version: number;
  /** Everything was read at least once. */
  readonly isWhole: boolean;
  /** Undefined before the first assignment. */
  readonly slotMap: SlotMap | undefined;
  /** Sorted by id: those with a configuration, with slots, or with a worker that names them; not those that were drained and stopped. */
  readonly groups: readonly GroupTopology[];
  /** All workers, spares too, sorted by id: those that are present, and members of a configuration that are not. */
  readonly workers: readonly WorkerTopology[];
  /** The first that is active comes first. */
  readonly masters: readonly MasterTopology[];
  readonly settings: ClusterSettings;
  readonly moves: readonly MoveTopology[];
  /** Sentences about what is wrong: nonsense in a znode, a move that does not come on, slots without a group. */
  readonly notices: readonly string[];
}

export interface GroupTopology {
  readonly id: string;
  /** Undefined for a group that is being made. */
  readonly configuration: Configuration | undefined;
  readonly slots: SlotRanges;
  readonly slotCount: number;
  readonly weight: number;
  readonly isDraining: boolean;
  /** Workers of the group, by id: see `Topology.workers`. The primary is first. */
  readonly members: readonly string[];
  /** Its primary's worker is present. */
  readonly hasPrimary: boolean;
  /** By worker, percent of the group's reads that it is to have; undefined where clients spread them evenly. */
  readonly readWeights: { readonly [worker: string]: number } | undefined;
}

export interface WorkerTopology {
  readonly id: string;
  /** Empty for a spare. */
  readonly group: string;
  /** `learner`: present, of the group, but not in its configuration. `absent`: in the configuration, but not present. */
  readonly role: "primary" | "secondary" | "learner" | "absent" | "spare";
  /** `host:port` for Redis clients, calls and links; empty when it was never seen. */
  readonly resp: string;
  readonly rpc: string;
  readonly link: string;
  readonly isPresent: boolean;
  /** The group to which a spare is lent. */
  readonly lentTo: string | undefined;
  readonly version: string;
}

export interface MasterTopology {
  readonly id: string;
  /** `host:port` */
  readonly rpc: string;
  readonly http: string;
  readonly version: string;
  readonly isActive: boolean;
  /** It is the master that was asked. */
  readonly isSelf: boolean;
}

export interface MoveTopology extends MoveRecord {
  /** For how long this master has seen the record as it is. */
  readonly millisInState: number;
  /** By the target's last report; undefined when there is none. */
  readonly progress: MoveProgress | undefined;
}

export interface MoveProgress {
  /** What the target is doing, in a word, like `copying`, and why it does not go on; empty if it does. */
  readonly phase: string;
  readonly trouble: string;
  /** What was copied since the target's primary is that: keys changed meanwhile count again. */
  readonly keysDone: number;
  readonly bytesDone: number;
  /** What the source has in these slots; 0 when it is not known. */
  readonly keysAll: number;
  readonly bytesAll: number;
  /** How long it takes to store what has come and is not stored. */
  readonly lagMillis: number;
  /** Between the last two reports. */
  readonly bytesPerSecond: number;
}

/** Something the master did, would do, or would not, and why. */
export interface Decision {
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** Of the master that decided. */
  readonly epoch: number;
  /** A word, like `move`, `assign`, `lend`, `hand over`, `abort`. */
  readonly kind: string;
  /** A sentence with the figures. */
  readonly text: string;
  /** False when it was advice only. */
  readonly isExecuted: boolean;
}

/** A worker's load, decayed, as it reported it. */
export interface WorkerHeat {
  readonly worker: string;
  readonly group: string;
  /** Wall clock of the master when it came, milliseconds. */
  readonly at: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Of one core, 0 to 1. */
  readonly load: number;
  readonly slots: readonly SlotHeat[];
  readonly topKeys: readonly { readonly key: string; readonly perSecond: number }[];
}

export interface SlotHeat {
  readonly slot: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  /** Of keys and values in the slot. */
  readonly bytes: number;
  readonly keys: number;
}
