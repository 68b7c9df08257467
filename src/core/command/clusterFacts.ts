import type { SlotRanges } from "../slots/slotRanges.ts";
import type { ReplyCache } from "./cluster/replyCache.ts";

/** One replica of a group, as its clients see it. */
export interface ClusterReplica {
  /** 40 hexadecimal digits: the same for as long as the replica has its name. */
  readonly nodeId: string;
  /** Of Redis clients; empty, and port 0, as long as it is not known. */
  readonly host: string;
  readonly port: number;
  /** Where other replicas link with it: Redis's "cluster bus". */
  readonly linkPort: number;
  /** A learner is not in the configuration: it has not caught up. */
  readonly role: "primary" | "secondary" | "learner";
  /** Its log is known to have everything up to here. */
  readonly seq: number;
  readonly isSelf: boolean;
  /** The link with it; undefined when there is none, and for the replica itself. */
  readonly link: ClusterLink | undefined;
  /** Of another group, with whose replicas there are no links: its worker has a session at the coordinator. */
  readonly isPresent?: boolean;
}

export interface ClusterLink {
  /** Who dialled. */
  readonly direction: "to" | "from";
  /** Wall clock, milliseconds. */
  readonly since: number;
  /** What was sent and the operating system has not taken. */
  readonly bufferedBytes: number;
}

/** One of the groups that share the slots. */
export interface ClusterGroup {
  /** 40 hexadecimal digits, the same at all replicas for ever. */
  readonly id: string;
  readonly name: string;
  /** 0 as long as no configuration was read. */
  readonly epoch: number;
  readonly slots: SlotRanges;
  readonly primary: ClusterReplica | undefined;
  /** The primary, the secondaries in the configuration's order, then learners. */
  readonly replicas: readonly ClusterReplica[];
  /** The primary is there and serves, as far as can be seen from here. */
  readonly isServed: boolean;
}

/** What a node that is one of several knows of its group, and of the others. */
export interface ClusterFacts {
  /** 40 hexadecimal digits, the same at all replicas for ever. */
  readonly groupId: string;
  readonly epoch: number;
  readonly self: ClusterReplica;
  /** Undefined as long as no configuration was read. */
  readonly primary: ClusterReplica | undefined;
  /** The primary, the secondaries in the configuration's order, then learners. The replica itself is always among them. */
  readonly replicas: readonly ClusterReplica[];
  /** How many secondaries the configuration has: they have every entry that is committed. */
  readonly secondaries: number;
  /** The primary is there and serves, as far as can be seen from here. */
  readonly isServed: boolean;
  /** Its own among them; in the order of their names. */
  groups(): readonly ClusterGroup[];
  /** Is another text when `groups` tells of other slots, of other replicas, or of others that can be reached. */
  readonly topology: string;
  /** Replies that were made from `groups` before. */
  readonly replies: ReplyCache;
}

export function isReachable({ isSelf, link, isPresent }: ClusterReplica): boolean {
  return isSelf || link !== undefined || isPresent === true;
}
