import { membersOf } from "../../core/replica/configuration.ts";
import type { MoveProgress } from "../migration/moveProgress.ts";
import type { Node } from "../node.ts";

/** What a replica says of itself, for people and tools. */
export interface NodeStatus {
  readonly id: string;
  readonly incarnation: number;
  readonly group: string;
  readonly role: string;
  /** A primary's: `waiting`, `active`, `resigning`, `resigned`. */
  readonly phase: string | undefined;
  readonly epoch: number;
  readonly primary: string | undefined;
  readonly members: readonly string[];
  readonly minReplicas: number;
  readonly lastSeq: number;
  readonly durableSeq: number;
  readonly commitPoint: number;
  readonly appliedSeq: number;
  /** Reads may be answered here and now. */
  readonly serves: boolean;
  readonly keys: number;
  /** A primary's: how far each of the others is. */
  readonly peers: readonly { readonly id: string; readonly isMember: boolean; readonly match: number }[];
  /** A primary's: slots that come and go. */
  readonly moves: readonly MoveProgress[];
  /** Keys of slots that were given away which this primary has deleted. */
  readonly leftoversDeleted: number;
}

export function nodeStatus(node: Node): NodeStatus {
  const { replica, replicator, state, parts } = node;
  const { configuration, self, primary } = replica;
  const peers = [...(primary?.peers ?? [])].map(({ member, attempt, match }) => ({
    id: member.id,
    isMember: attempt === 0,
    match,
  }));
  return {
    id: self.id,
    incarnation: self.incarnation,
    group: parts.group,
    role: replica.role,
    phase: primary?.phase,
    epoch: replica.epoch,
    primary: configuration?.primary.id,
    members: configuration === undefined ? [] : membersOf(configuration).map(({ id }) => id),
    minReplicas: configuration?.minReplicas ?? 1,
    lastSeq: replica.lastSeq,
    durableSeq: replica.durableSeq,
    commitPoint: replica.commitPoint,
    appliedSeq: node.stateSeq,
    serves: replica.mayServe(replicator.now()),
    keys: state.size,
    peers,
    moves: node.moves?.progress() ?? [],
    leftoversDeleted: node.moves?.deletedLeftovers ?? 0,
  };
}
