import { ReplyCache } from "../../core/command/cluster/replyCache.ts";
import {
  type ClusterFacts,
  type ClusterGroup,
  type ClusterLink,
  type ClusterReplica,
  isReachable,
} from "../../core/command/clusterFacts.ts";
import { ALL_SLOTS, NO_SLOTS, type SlotRanges } from "../../core/slots/slotRanges.ts";
import type { Node } from "../node.ts";
import type { GroupRoster, GroupWorker } from "../replication/groupParts.ts";
import { otherGroup } from "./otherGroups.ts";

/** What clients are told of the cluster, with the replies that were made of it. */
export class ClusterTeller {
  readonly #node: Node;
  readonly #replies = new ReplyCache();

  constructor(node: Node) {
    this.#node = node;
  }

  /** Undefined for a node that is alone. `ownPort` is where it hears Redis clients. */
  facts(ownPort: number): ClusterFacts | undefined {
    const roster = this.#node.parts.others?.roster;
    if (roster === undefined) return undefined;
    const own = ownGroup(this.#node, roster, ownPort);
    const view = this.#node.parts.others?.cluster;
    let groups: readonly ClusterGroup[] | undefined;
    return {
      ...own,
      groups: () => {
        groups ??= allGroups(this.#node, roster, own);
        return groups;
      },
      // The log counts only as long as there is no map: it says something new with every batch that is copied.
      topology: [
        view?.version,
        view?.slotMap?.version ?? `log ${this.#node.state.slots.seq}`,
        ...own.replicas.map(showReplica),
      ].join(" "),
      replies: this.#replies,
    };
  }
}

type OwnGroup = Omit<ClusterFacts, "groups" | "topology" | "replies">;

function ownGroup(node: Node, roster: GroupRoster, ownPort: number): OwnGroup {
  const { replica, replicator } = node;
  const { configuration, self } = replica;
  const workers = new Map<string, GroupWorker>();
  for (const worker of roster.workers()) workers.set(worker.id, worker);
  const seqs = seqsOf(node);
  const describe = (id: string, role: ClusterReplica["role"]): ClusterReplica =>
    replicaFacts({ node, roster, worker: workers.get(id), ownPort, id, role, seq: seqs.get(id) ?? 0 });
  const primary = configuration === undefined ? undefined : describe(configuration.primary.id, "primary");
  const secondaries = configuration?.secondaries.map(({ id }) => describe(id, "secondary")) ?? [];
  const members = primary === undefined ? [] : [primary, ...secondaries];
  const others = [...new Set([self.id, ...workers.keys()])]
    .filter((id) => !isConfigured(node, id))
    .map((id) => describe(id, "learner"))
    .filter((each) => each.isSelf || each.link !== undefined);
  const replicas = [...members, ...others];
  const own = replicas.find((each) => each.isSelf)!;
  return {
    groupId: roster.groupId(),
    epoch: replica.epoch,
    self: own,
    primary,
    replicas,
    secondaries: secondaries.length,
    isServed: own === primary ? replica.mayEvaluate && replica.mayServe(replicator.now()) : primary?.link !== undefined,
  };
}

function showReplica(replica: ClusterReplica): string {
  const { nodeId, host, port, role } = replica;
  return `${nodeId}@${host}:${port} ${role} ${isReachable(replica)}`;
}

function allGroups(node: Node, roster: GroupRoster, own: OwnGroup): readonly ClusterGroup[] {
  const { group: name } = node.parts;
  const { groupId: id, epoch, primary, replicas, isServed } = own;
  const group: ClusterGroup = { id, name, epoch, slots: ownSlots(node), primary, replicas, isServed };
  const view = node.parts.others?.cluster;
  if (view === undefined) return [group];
  const others = view.groups
    .filter((other) => other.id !== name)
    .map((other) => otherGroup(other, view.slotMap?.now[other.id] ?? NO_SLOTS, roster));
  return [...others, group].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the map says; before it was read, what the group's log says. */
function ownSlots({ parts, state }: Node): SlotRanges {
  const view = parts.others?.cluster;
  if (view === undefined) return ALL_SLOTS;
  if (view.slotMap !== undefined) return view.slotMap.now[parts.group] ?? NO_SLOTS;
  return state.slots.isAssigned ? state.slots.owned() : NO_SLOTS;
}

/** A replica with the id of a member and another incarnation is told of as that member: clients know ids only. */
function isConfigured({ replica }: Node, id: string): boolean {
  const { configuration } = replica;
  return configuration?.primary.id === id || configuration?.secondaries.some((each) => each.id === id) === true;
}

/** How far each of the others is known to be: what is committed, all members have. */
function seqsOf({ replica }: Node): Map<string, number> {
  const { configuration, commitPoint } = replica;
  const seqs = new Map<string, number>();
  if (configuration !== undefined)
    for (const { id } of [configuration.primary, ...configuration.secondaries]) seqs.set(id, commitPoint);
  for (const { member, match } of replica.primary?.peers ?? [])
    seqs.set(member.id, Math.max(match, seqs.get(member.id) ?? 0));
  return seqs;
}

interface ReplicaSources {
  readonly node: Node;
  readonly roster: GroupRoster;
  readonly worker: GroupWorker | undefined;
  readonly ownPort: number;
  readonly id: string;
  readonly role: ClusterReplica["role"];
  readonly seq: number;
}

function replicaFacts({ node, roster, worker, ownPort, id, role, seq }: ReplicaSources): ClusterReplica {
  const { self, commitPoint, durableSeq } = node.replica;
  const isSelf = id === self.id;
  return {
    nodeId: roster.nodeId(id),
    host: worker?.host ?? "",
    port: worker?.port ?? (isSelf ? ownPort : 0),
    linkPort: worker?.linkPort ?? 0,
    role,
    seq: isSelf ? (role === "primary" ? commitPoint : durableSeq) : seq,
    isSelf,
    link: isSelf ? undefined : linkWith(node, id),
  };
}

/** Of two replicas the one whose id sorts first dials. */
function linkWith({ replica, replicator }: Node, id: string): ClusterLink | undefined {
  const link = replicator.linkWith(id);
  return link === undefined ? undefined : { ...link, direction: replica.self.id < id ? "to" : "from" };
}
