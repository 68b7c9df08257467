import type { ClusterFacts, ClusterLink, ClusterReplica } from "../../core/command/clusterFacts.ts";
import type { Node } from "../node.ts";
import type { GroupRoster, GroupWorker } from "../replication/groupParts.ts";

/** What clients are told of the group; undefined for a node that is alone. `ownPort` is where it hears Redis clients. */
export function clusterFacts(node: Node, ownPort: number): ClusterFacts | undefined {
  const roster = node.parts.others?.roster;
  if (roster === undefined) return undefined;
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
    groupId: roster.groupId,
    epoch: replica.epoch,
    self: own,
    primary,
    replicas,
    secondaries: secondaries.length,
    isServed: own === primary ? replica.mayEvaluate && replica.mayServe(replicator.now()) : primary?.link !== undefined,
  };
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
