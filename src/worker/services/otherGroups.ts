import { splitAddress } from "../../base/address.ts";
import type { ClusterGroup, ClusterReplica } from "../../core/command/clusterFacts.ts";
import { membersOf } from "../../core/replica/configuration.ts";
import type { SlotRanges } from "../../core/slots/slotRanges.ts";
import type { GroupRoster } from "../replication/groupParts.ts";
import type { GroupView, WorkerView } from "../slots/clusterView.ts";

/** What clients are told of another group: what its znodes say. */
export function otherGroup(group: GroupView, slots: SlotRanges, roster: GroupRoster): ClusterGroup {
  const { id, configuration } = group;
  const workers = new Map(group.workers.map((worker) => [worker.id, worker]));
  const describe = (worker: string, role: ClusterReplica["role"]): ClusterReplica =>
    replicaOf(roster.nodeId(worker, id), workers.get(worker), role);
  const members = configuration === undefined ? [] : membersOf(configuration).map((member) => member.id);
  const learners = group.workers.filter((worker) => worker.isPresent && !members.includes(worker.id));
  const replicas = [
    ...members.map((member, index) => describe(member, index === 0 ? "primary" : "secondary")),
    ...learners.map((worker) => describe(worker.id, "learner")),
  ];
  const primary = members.length === 0 ? undefined : replicas[0];
  return {
    id: roster.groupId(id),
    name: id,
    epoch: configuration?.epoch ?? 0,
    slots,
    primary,
    replicas,
    isServed: primary?.isPresent === true,
  };
}

function replicaOf(nodeId: string, worker: WorkerView | undefined, role: ClusterReplica["role"]): ClusterReplica {
  const address = worker === undefined ? undefined : splitAddress(worker.resp);
  return {
    nodeId,
    host: address?.host ?? "",
    port: address?.port ?? 0,
    linkPort: (worker === undefined ? undefined : splitAddress(worker.link)?.port) ?? 0,
    role,
    // Nobody tells it here.
    seq: 0,
    isSelf: false,
    link: undefined,
    isPresent: worker?.isPresent === true,
  };
}
