import { splitAddress } from "../../base/address.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { readCluster } from "../../coordination/clusterTree.ts";
import { parseWorkerRecord, type WorkerRecord } from "../../coordination/workerRecord.ts";
import { type Configuration, parseConfiguration } from "../../core/replica/configuration.ts";
import { type Assignment, slotsOfGroup } from "../../core/slots/assignment.ts";
import { parseSlotMap } from "../../core/slots/slotMap.ts";
import type { SlotRanges } from "../../core/slots/slotRanges.ts";
import { MASTER_PREFIX, MASTERS, parseMasterRecord } from "../../master/masterRecord.ts";
import type { LinkCertificates } from "../../platform/link/linkOptions.ts";
import { nodeClock, nodeTimers } from "../../platform/nodeClock.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import type { Coordinator, CoordinatorError } from "../../ports/coordinator.ts";
import type { WorkerCalls } from "../../ports/workerCalls.ts";
import type { NodeStatus } from "../../worker/replication/nodeStatus.ts";
import { isSpares } from "../isSpares.ts";
import { type CertificateFiles, readCertificates } from "./certificates.ts";
import { type GroupStatus, groupStatus, type WorkerFacts } from "./groupStatus.ts";

const ANSWER_MILLIS_MAX = 1_000;
/** Longer than ZooKeeper takes for an answer, or the coordinator to give one up. */
const TOTAL_MILLIS_MAX = 15_000;

/** A group, and which slots it has; undefined as long as none are assigned. */
export interface PlacedGroup extends GroupStatus {
  readonly slots: SlotRanges | undefined;
}

/** All groups of a cluster, who belongs to none, and what is wrong with znodes. */
export interface ClusterStatus {
  readonly cluster: string;
  readonly groups: readonly PlacedGroup[];
  /** Workers of no group. */
  readonly spares: readonly { readonly id: string; readonly address: string }[];
  /** The first is, or is about to be, the active one. */
  readonly masters: readonly { readonly id: string; readonly rpc: string }[];
  /** Moves of slots that are not over. */
  readonly moves: number;
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
  const notices: string[] = [];
  const records = await readWorkers(coordinator, notices);
  if (!records.ok) return records;
  const configurations = await readConfigurations(coordinator);
  if (!configurations.ok) return configurations;
  // A worker of a group that has nothing yet.
  for (const { group } of records.value.values())
    if (!isSpares(group) && !configurations.value.has(group)) configurations.value.set(group, undefined);
  const { grpcWorkerCalls } = await import("../../platform/rpc/grpcWorkerCalls.ts");
  const calls = await grpcWorkerCalls(tls);
  const workers = await Promise.all([...records.value].map(([id, record]) => ask(calls, cluster.value, id, record)));
  const slots = await readSlots(coordinator, notices);
  const groups = [...configurations.value].map(([group, configuration]) => ({
    ...groupStatus(
      group,
      configuration,
      workers.filter(({ record }) => record?.group === group),
    ),
    slots: slots === undefined ? undefined : slotsOfGroup(slots, group),
  }));
  const isRetired = (group: PlacedGroup): boolean =>
    group.slots?.length === 0 && group.members.every(({ state }) => state === "missing");
  for (const { group } of groups.filter(isRetired)) notices.push(`${group} has no slots and no workers any more`);
  const spares = [...records.value].filter(([, { group }]) => isSpares(group));
  return ok({
    cluster: cluster.value,
    groups: groups.filter((group) => !isRetired(group)),
    spares: spares.map(([id, { resp }]) => ({ id, address: resp })),
    masters: await readMasters(coordinator),
    moves: await countMoves(coordinator),
    notices,
  });
}

async function readWorkers(
  coordinator: Coordinator,
  notices: string[],
): Promise<Result<Map<string, WorkerRecord>, string>> {
  const ids = await coordinator.children("/workers");
  if (!ids.ok) return err(problemOf("/workers", ids.error));
  const records = new Map<string, WorkerRecord>();
  const read = await Promise.all(ids.value.map(async (id) => [id, await coordinator.get(`/workers/${id}`)] as const));
  for (const [id, znode] of read) {
    const record = znode.ok ? parseWorkerRecord(znode.value.data) : undefined;
    if (record !== undefined) records.set(id, record);
    else if (znode.ok) notices.push(`/workers/${id} holds nonsense, so this worker is passed over`);
  }
  return ok(records);
}

async function readConfigurations(
  coordinator: Coordinator,
): Promise<Result<Map<string, Configuration | "nonsense" | undefined>, string>> {
  const names = await coordinator.children("/groups");
  if (!names.ok) return err(problemOf("/groups", names.error));
  const configurations = new Map<string, Configuration | "nonsense" | undefined>();
  const read = await Promise.all(
    names.value.map(async (group) => [group, await configurationOf(coordinator, group)] as const),
  );
  for (const [group, configuration] of read) {
    if (!configuration.ok) return configuration;
    configurations.set(group, configuration.value);
  }
  return ok(configurations);
}

/** Undefined as long as nothing is assigned. */
async function readSlots(coordinator: Coordinator, notices: string[]): Promise<Assignment | undefined> {
  const read = await coordinator.get("/slots");
  if (!read.ok) return undefined;
  const map = parseSlotMap(read.value.data);
  if (map === undefined) notices.push("/slots holds nonsense");
  return map?.now;
}

async function readMasters(coordinator: Coordinator): Promise<ClusterStatus["masters"]> {
  const names = await coordinator.children(MASTERS);
  const masters = (names.ok ? names.value : []).filter((name) => name.startsWith(MASTER_PREFIX));
  const read = await Promise.all(masters.map((name) => coordinator.get(`${MASTERS}/${name}`)));
  return read.flatMap((znode) => {
    const record = znode.ok ? parseMasterRecord(znode.value.data) : undefined;
    return record === undefined ? [] : [{ id: record.id, rpc: record.rpc }];
  });
}

async function countMoves(coordinator: Coordinator): Promise<number> {
  const moves = await coordinator.children("/migrations");
  return moves.ok ? moves.value.length : 0;
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
