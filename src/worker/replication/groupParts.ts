import type { Result } from "../../base/result.ts";
import type { Member } from "../../core/replica/configuration.ts";
import type { ReplicaTimes } from "../../core/replica/times.ts";
import type { LinkEndpoint, LinkHandler } from "../../ports/link.ts";
import type { WorkerCaller } from "../../ports/workerCalls.ts";
import type { NodeError } from "../nodeError.ts";
import type { ClusterView } from "../slots/clusterView.ts";

/** A worker of the group, by what it says of itself at the coordinator. */
export interface GroupWorker {
  readonly id: string;
  /** Of its Redis clients. */
  readonly host: string;
  readonly port: number;
  /** Where it is linked with. */
  readonly linkPort: number;
}

/** Who is who, for clients that ask. */
export interface GroupRoster {
  /** 40 hexadecimal digits, the same at every replica for ever: of this group, or of the one with the name. */
  groupId(group?: string): string;
  /** By the worker's id, and by the name of its group unless that is this one. */
  nodeId(id: string, group?: string): string;
  /** Workers of the group, this one and those that have gone included. */
  workers(): Iterable<GroupWorker>;
}

/** What a replica that is one of several needs besides what one that is alone needs. */
export interface GroupParts {
  readonly self: Member;
  readonly times?: ReplicaTimes;
  /** Whether to make the group's first configuration when there is none. */
  readonly mayFound: boolean;
  /** What the log has is that of a node that was alone: it is the beginning of the group, or has no place in it. */
  readonly mustFound?: boolean;
  /** The group was founded, and this is its primary. */
  readonly founded?: () => void;
  /** Listens for the other replicas, and calls those that it comes to know. */
  readonly join: (handler: LinkHandler) => Promise<Result<LinkEndpoint, NodeError>>;
  /**
   * What this replica had is about to be thrown away: draws the incarnation that it is from then on, and writes it down. Then `rejoin`
   * closes its links and makes new ones under that name.
   */
  readonly renew: () => Promise<number>;
  readonly rejoin: (handler: LinkHandler) => Promise<Result<LinkEndpoint, NodeError>>;
  /** Pulls a snapshot from a replica, whose chunks `take` takes in order; answers why it broke off. */
  readonly fetchSnapshot: (from: string, take: (chunk: Uint8Array) => Promise<void>) => Promise<Result<void, string>>;
  /** `host:port` of a replica's Redis clients; undefined when it is not known. */
  readonly clientAddress: (id: string) => string | undefined;
  /** Whether reads at a secondary may be old unless a connection says otherwise. */
  readonly eventualByDefault: () => boolean;
  /** Without it clients are told that the node is alone. */
  readonly roster?: GroupRoster;
  /** The groups that share the slots; without it this one owns every slot and knows of no others. */
  readonly cluster?: ClusterView;
  /** Calls the primary of another group; undefined while it is not known who that is. */
  readonly callGroup?: (group: string) => WorkerCaller | undefined;
}
