import type { WorkerRecord } from "../../coordination/workerRecord.ts";
import { type Configuration, type Member, membersOf } from "../../core/replica/configuration.ts";
import type { NodeStatus } from "../../worker/replication/nodeStatus.ts";

/** What is known of one worker: what it wrote at the coordinator, and what it answered. */
export interface WorkerFacts {
  readonly id: string;
  /** Nothing if it has no znode: it does not run, or has lost its session. */
  readonly record: WorkerRecord | undefined;
  /** What it answered; nothing if it did not. */
  readonly status: NodeStatus | undefined;
  /** Why it did not answer. */
  readonly problem: string | undefined;
}

/**
 * - `serving`, `in_step`: the primary; a secondary that has everything that is committed, or is a moment behind.
 * - `not_serving`: it answers, and may not serve clients at the moment.
 * - `learning`: not a member yet, and catching up.
 * - `other_incarnation`: a worker has this id, and not the data that the configuration means.
 * - `unreachable`: it is registered and does not answer; `missing`: it is not even registered.
 */
type MemberState = "serving" | "in_step" | "not_serving" | "learning" | "other_incarnation" | "unreachable" | "missing";

export interface MemberStatus {
  readonly id: string;
  readonly role: "primary" | "secondary" | "learner";
  readonly state: MemberState;
  /** Of its Redis clients. */
  readonly address: string | undefined;
  /** The newest entry that is synced to its disk, and how many that is behind the newest that is known to be committed. */
  readonly durableSeq: number | undefined;
  readonly behind: number | undefined;
  readonly keys: number | undefined;
  readonly version: string | undefined;
  readonly problem: string | undefined;
}

/**
 * - `ok`: all members are there; `degraded`: it serves, and somebody is missing or too few are left to lose another.
 * - `reads_only`: fewer members than `minReplicas`; `down`: nobody serves.
 */
type GroupState = "ok" | "degraded" | "reads_only" | "down";

export interface GroupStatus {
  readonly group: string;
  readonly state: GroupState;
  /** Why it is not `ok`. */
  readonly problem: string | undefined;
  readonly epoch: number | undefined;
  readonly primary: string | undefined;
  readonly minReplicas: number | undefined;
  readonly commitSeq: number | undefined;
  /** What the last change of the configuration was for. */
  readonly reason: string | undefined;
  readonly members: readonly MemberStatus[];
}

/** Puts together what is known of a group. `configuration`: undefined if there is none, `nonsense` if it cannot be read. */
export function groupStatus(
  group: string,
  configuration: Configuration | "nonsense" | undefined,
  workers: readonly WorkerFacts[],
): GroupStatus {
  const commitPoints = workers.flatMap(({ status }) => (status === undefined ? [] : [status.commitPoint]));
  const commitSeq = commitPoints.length === 0 ? undefined : Math.max(...commitPoints);
  const known = typeof configuration === "object" ? configuration : undefined;
  const configured = known === undefined ? [] : membersOf(known);
  const members = configured.map((member, index) =>
    describe(
      workers.find(({ id }) => id === member.id) ?? absent(member.id),
      index === 0 ? "primary" : "secondary",
      member,
      commitSeq,
    ),
  );
  const learners = workers
    .filter(({ id }) => !configured.some((member) => member.id === id))
    .map((worker) => describe(worker, "learner", undefined, commitSeq));
  const { state, problem } = judge(configuration, members);
  return {
    group,
    state,
    problem,
    epoch: known?.epoch,
    primary: known?.primary.id,
    minReplicas: known?.minReplicas,
    commitSeq,
    reason: known?.reason,
    members: [...members, ...learners],
  };
}

function absent(id: string): WorkerFacts {
  return { id, record: undefined, status: undefined, problem: undefined };
}

function describe(
  worker: WorkerFacts,
  role: MemberStatus["role"],
  member: Member | undefined,
  commitSeq: number | undefined,
): MemberStatus {
  const { id, record, status, problem } = worker;
  return {
    id,
    role,
    state: stateOf(worker, role, member),
    address: record?.resp,
    durableSeq: status?.durableSeq,
    behind: status === undefined ? undefined : Math.max(0, (commitSeq ?? 0) - status.durableSeq),
    keys: status?.keys,
    version: record?.version,
    problem,
  };
}

function stateOf({ record, status }: WorkerFacts, role: MemberStatus["role"], member: Member | undefined): MemberState {
  if (status === undefined) return record === undefined ? "missing" : "unreachable";
  if (role === "learner") return "learning";
  if (member !== undefined && member.incarnation !== status.incarnation) return "other_incarnation";
  if (status.role !== role || !status.serves) return "not_serving";
  return role === "primary" ? "serving" : "in_step";
}

function judge(
  configuration: Configuration | "nonsense" | undefined,
  members: readonly MemberStatus[],
): Pick<GroupStatus, "state" | "problem"> {
  if (configuration === undefined) return { state: "down", problem: "it has no configuration: it was never founded" };
  if (configuration === "nonsense") return { state: "down", problem: "its configuration holds nonsense" };
  const [primary] = members;
  if (primary?.state !== "serving") return { state: "down", problem: `its primary ${primary?.id} does not serve` };
  const { minReplicas } = configuration;
  if (members.length < minReplicas)
    return { state: "reads_only", problem: `${members.length} of at least ${minReplicas} members: writes wait` };
  const bad = members.filter(({ state }) => state !== "serving" && state !== "in_step");
  if (bad.length > 0)
    return { state: "degraded", problem: bad.map(({ id, state }) => `${id} is ${state.replace("_", " ")}`).join(", ") };
  if (minReplicas === 1 || members.length > minReplicas) return { state: "ok", problem: undefined };
  return { state: "degraded", problem: `${members.length} members: with one fewer, writes wait` };
}
