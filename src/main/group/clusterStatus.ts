import { err, ok, type Result } from "../../base/result.ts";
import { type Configuration, parseConfiguration } from "../../core/replica/configuration.ts";
import type { LinkCertificates } from "../../platform/link/linkOptions.ts";
import { nodeClock, nodeTimers } from "../../platform/nodeClock.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import type { Coordinator, CoordinatorError } from "../../ports/coordinator.ts";
import type { WorkerCalls } from "../../ports/workerCalls.ts";
import type { NodeStatus } from "../../worker/replication/nodeStatus.ts";
import { type CertificateFiles, readCertificates } from "./certificates.ts";
import { readCluster } from "./clusterTree.ts";
import { type GroupStatus, groupStatus, type WorkerFacts } from "./groupStatus.ts";
import { parseWorkerRecord, splitAddress, type WorkerRecord } from "./workerRecord.ts";

const ANSWER_MILLIS_MAX = 1_000;
/** Longer than ZooKeeper takes for an answer, or the coordinator to give one up. */
const TOTAL_MILLIS_MAX = 15_000;

/** All groups of a cluster, and what is wrong with znodes that belong to none. */
export interface ClusterStatus {
  readonly cluster: string;
  readonly groups: readonly GroupStatus[];
  readonly notices: readonly string[];
}

export interface StatusOptions {
  readonly zookeeper: string;
  readonly auth: string | undefined;
  readonly certificates: CertificateFiles;
}

/** Reads what the coordinator has and asks every worker. Fails with a sentence when the coordinator cannot be read. */
export async function readClusterStatus(options: StatusOptions): Promise<Result<ClusterStatus, string>> {
  const { zookeeper, auth } = options;
  const tls = readCertificates(options.certificates);
  if (!tls.ok) return tls;
  const { ZookeeperCoordinator } = await import("../../platform/zookeeper/zookeeperCoordinator.ts");
  const parts = { clock: nodeClock, timers: nodeTimers, random: nodeRandom };
  const connected = ZookeeperCoordinator.connect({
    connectString: zookeeper,
    ...(auth === undefined ? {} : { auth }),
    ...parts,
  });
  if (!connected.ok) return connected;
  let timer: NodeJS.Timeout | undefined;
  // It also keeps the process alive, which waiting for an answer does not.
  const late = new Promise<Result<ClusterStatus, string>>((resolve) => {
    timer = setTimeout(() => resolve(err(`no answer within ${TOTAL_MILLIS_MAX} ms`)), TOTAL_MILLIS_MAX);
  });
  try {
    return await Promise.race([readWith(connected.value, tls.value), late]);
  } finally {
    await connected.value.close();
    clearTimeout(timer);
  }
}

async function readWith(
  coordinator: Coordinator,
  tls: LinkCertificates | undefined,
): Promise<Result<ClusterStatus, string>> {
  const cluster = await readCluster(coordinator);
  if (!cluster.ok) return cluster;
  const names = await coordinator.children("/groups");
  if (!names.ok) return err(problemOf("/groups", names.error));
  const ids = await coordinator.children("/workers");
  if (!ids.ok) return err(problemOf("/workers", ids.error));
  const notices: string[] = [];
  const records = new Map<string, WorkerRecord>();
  for (const id of ids.value) {
    const read = await coordinator.get(`/workers/${id}`);
    const record = read.ok ? parseWorkerRecord(read.value.data) : undefined;
    if (record !== undefined) records.set(id, record);
    else if (read.ok) notices.push(`/workers/${id} holds nonsense, so this worker is passed over`);
  }
  const configurations = new Map<string, Configuration | "nonsense" | undefined>();
  for (const group of names.value) {
    const read = await configurationOf(coordinator, group);
    if (!read.ok) return read;
    configurations.set(group, read.value);
  }
  // A worker of a group that has nothing yet.
  for (const { group } of records.values()) if (!configurations.has(group)) configurations.set(group, undefined);
  const { grpcWorkerCalls } = await import("../../platform/rpc/grpcWorkerCalls.ts");
  const calls = await grpcWorkerCalls(tls);
  const workers = await Promise.all([...records].map(([id, record]) => ask(calls, cluster.value, id, record)));
  const groups = [...configurations].map(([group, configuration]) =>
    groupStatus(
      group,
      configuration,
      workers.filter(({ record }) => record?.group === group),
    ),
  );
  return ok({ cluster: cluster.value, groups, notices });
}

async function configurationOf(
  coordinator: Coordinator,
  group: string,
): Promise<Result<Configuration | "nonsense" | undefined, string>> {
  const path = `/groups/${group}/config`;
  const read = await coordinator.get(path, { sync: true });
  if (read.ok) return ok(parseConfiguration(read.value.data, read.value.version) ?? "nonsense");
  return read.error.code === "no_node" ? ok(undefined) : err(problemOf(path, read.error));
}

async function ask(calls: WorkerCalls, cluster: string, id: string, record: WorkerRecord): Promise<WorkerFacts> {
  const caller = calls.caller(splitAddress(record.rpc)!, { cluster, group: record.group, replica: id });
  const answer = await caller.status(ANSWER_MILLIS_MAX);
  caller.close();
  if (!answer.ok) {
    const { code, message } = answer.error;
    const problem = code === "deadline" ? `nothing within ${ANSWER_MILLIS_MAX} ms` : message;
    return { id, record, status: undefined, problem };
  }
  const status = parseStatus(answer.value);
  return { id, record, status, problem: status === undefined ? "it is starting" : undefined };
}

/** Undefined while the worker has nothing to tell yet. */
function parseStatus(text: string): NodeStatus | undefined {
  try {
    const value = JSON.parse(text) as Partial<NodeStatus>;
    return typeof value.durableSeq === "number" && typeof value.commitPoint === "number"
      ? (value as NodeStatus)
      : undefined;
  } catch {
    return undefined;
  }
}

function problemOf(path: string, error: CoordinatorError): string {
  return `${path} at the coordinator: ${"message" in error ? error.message : error.code}`;
}
