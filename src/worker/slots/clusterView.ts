import type { Configuration } from "../../core/replica/configuration.ts";
import type { SlotMap } from "../../core/slots/slotMap.ts";

/** A worker by what it says of itself at the coordinator; those that have gone are remembered for a while. */
export interface WorkerView {
  readonly id: string;
  /** The group that it is, or was, a replica of. */
  readonly group: string;
  /** `host:port` of its Redis clients, of calls, and of links. */
  readonly resp: string;
  readonly rpc: string;
  readonly link: string;
  /** Its znode is there. */
  readonly isPresent: boolean;
}

export interface GroupView {
  readonly id: string;
  /** As it was read last; undefined for a group that is being made. */
  readonly configuration: Configuration | undefined;
  /** Members of the configuration and all others that name the group. */
  readonly workers: readonly WorkerView[];
}

/** What a worker knows of the whole cluster, by what it has read at the coordinator: it may be a moment old. */
export interface ClusterView {
  /** Changes with everything below. */
  readonly version: number;
  readonly slotMap: SlotMap | undefined;
  /** Sorted by name. */
  readonly groups: readonly GroupView[];
  group(id: string): GroupView | undefined;
  /** Who has the slot by `slotMap`; undefined where nobody does, and as long as no map was read. */
  ownerOf(slot: number): string | undefined;
  /** `host:port` of the Redis clients of a group's primary; undefined when it is not known. */
  primaryAddress(group: string): string | undefined;
  /** Reads everything anew at the coordinator, as it is at the time of the call or later. Whether that could be done. */
  refresh(): Promise<boolean>;
  /** While a move's clients wait to be sent to the slots' new group, a new slot map is read as soon as it is there. */
  awaitSlotMap(move: string, isAwaited: boolean): void;
  /** Calls `listener` after each change; answers how to end that. */
  onChange(listener: () => void): () => void;
}
