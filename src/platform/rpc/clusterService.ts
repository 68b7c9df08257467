import type { Result } from "../../base/result.ts";
import type { SlotRanges } from "../../core/slots/slotRanges.ts";

/** What proto/holdfast/v1/cluster.proto tells, as the program has it. */
export interface Topology {
  readonly cluster: string;
  /** 0 as long as nothing is assigned. */
  readonly slotsVersion: number;
  /** Sorted by name. */
  readonly groups: readonly TopologyGroup[];
  readonly spares: readonly TopologyWorker[];
  /** The active one first. */
  readonly masters: readonly TopologyMaster[];
  /** Sentences about what is wrong. */
  readonly notices: readonly string[];
}

export interface TopologyGroup {
  readonly name: string;
  readonly slots: SlotRanges;
  /** 0 as long as there is no configuration. */
  readonly epoch: number;
  readonly weight: number;
  readonly draining: boolean;
  /** The primary first. */
  readonly workers: readonly TopologyWorker[];
}

export const WORKER_ROLES = ["primary", "secondary", "learner", "absent", "spare"] as const;

export interface TopologyWorker {
  readonly id: string;
  readonly role: (typeof WORKER_ROLES)[number] | "unknown";
  /** `host:port`, empty where it is not known: of Redis clients, and of calls. */
  readonly redis: string;
  readonly rpc: string;
  readonly present: boolean;
  readonly version: string;
  /** The group that has a spare for a while; empty otherwise. */
  readonly lentTo: string;
}

export interface TopologyMaster {
  readonly id: string;
  readonly active: boolean;
  readonly rpc: string;
  /** Empty when it has no HTTP server. */
  readonly http: string;
  readonly version: string;
}

/** What an operator wants. */
export type ClusterCommand =
  | {
      readonly kind: "migrate";
      readonly slots: SlotRanges;
      readonly to: string;
      /** 0 for the cluster's setting. */
      readonly bytesPerSecondMax: number;
    }
  | { readonly kind: "rebalance" }
  | { readonly kind: "drain" | "undrain"; readonly group: string }
  | { readonly kind: "weight"; readonly group: string; readonly weight: number }
  | { readonly kind: "cancel" | "pause" | "resume"; readonly id: string }
  | { readonly kind: "lend"; readonly spare: string; readonly group: string }
  | { readonly kind: "return"; readonly spare: string }
  | { readonly kind: "advice" | "autoRebalance"; readonly on: boolean };

export interface PlannedMove {
  readonly source: string;
  readonly target: string;
  readonly slots: SlotRanges;
}

export interface ClusterPlan {
  readonly sentences: readonly string[];
  readonly moves: readonly PlannedMove[];
  /** In these slots; undefined where workers have not told. */
  readonly keys: number | undefined;
  readonly bytes: number | undefined;
  /** Names a `migrate`, to cancel it by; empty for other commands. */
  readonly request: string;
  /** It is like that already. */
  readonly isDone: boolean;
  /** Names the plan: carried out with it, this is done or nothing. */
  readonly fingerprint: string;
}

/** What is under way, and what is wanted beside that. */
export interface ClusterWork {
  readonly moves: readonly MoveInWork[];
  readonly wanted: readonly { readonly request: string; readonly slots: SlotRanges; readonly to: string }[];
  readonly isBalancing: boolean;
  readonly isPaused: boolean;
}

export interface MoveInWork {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly slots: SlotRanges;
  readonly state: "planned" | "copying" | "flipped" | "aborted" | "unknown";
  readonly paused: boolean;
  readonly reason: string;
  /** Wall clock, milliseconds. */
  readonly plannedAt: number;
  /** 0 where nothing is known. */
  readonly keysCopied: number;
  readonly keysTotal: number;
  readonly bytesCopied: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  readonly lagMillis: number;
  readonly millisLeft: number | undefined;
}

export interface ClusterDecision {
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly epoch: number;
  readonly kind: string;
  readonly text: string;
  readonly executed: boolean;
}

/** Each a second, decayed. */
export interface ClusterHeat {
  readonly workers: readonly WorkerLoad[];
  readonly slots: readonly SlotLoad[];
  /** In latin1 form. */
  readonly keys: readonly { readonly key: string; readonly group: string; readonly requests: number }[];
}

interface WorkerLoad {
  readonly worker: string;
  readonly group: string;
  readonly reads: number;
  readonly writes: number;
  readonly bytes: number;
  /** Of one processor, 0 to 1. */
  readonly load: number;
  /** When it was told: wall clock of the master, milliseconds. */
  readonly at: number;
}

interface SlotLoad {
  readonly slot: number;
  readonly group: string;
  readonly reads: number;
  readonly writes: number;
  /** What is in the slot. */
  readonly keys: number;
  readonly bytes: number;
}

/**
 * Why a request was not carried out, each with a sentence that says what to do.
 * - `invalid`: it makes no sense; `conflict`: it goes against how things are; `changed`: what was planned is not what would be done now.
 * - `unavailable`: the coordinator cannot be asked, nothing was done; `unknown`: it may have been done, repeating it is harmless.
 * - `standby`: another master is active: at `active`, if that is known.
 */
export interface ClusterRefusal {
  readonly code: "invalid" | "conflict" | "changed" | "unavailable" | "unknown" | "standby";
  readonly message: string;
  readonly active?: string | undefined;
}

/** Who knows the topology: a master or a worker. */
export interface TopologyProvider {
  /** As it was seen last; undefined before it was seen at all. `authority` is the address by which whoever asks has called. */
  topology(authority?: string): Topology | undefined;
  /** Calls `listener` after each change; answers how to end that. */
  onTopology(listener: () => void): () => void;
}

/** What a master does when it is asked. */
export interface ClusterAdministration {
  plan(command: ClusterCommand): Promise<Result<ClusterPlan, ClusterRefusal>>;
  /** Writes down what is wanted. An empty fingerprint: whatever the command means by now. */
  execute(command: ClusterCommand, fingerprint: string): Promise<Result<ClusterPlan, ClusterRefusal>>;
  work(): Result<ClusterWork, ClusterRefusal>;
  why(countMax: number): Result<readonly ClusterDecision[], ClusterRefusal>;
  hot(countMax: number): Result<ClusterHeat, ClusterRefusal>;
}
