import type { ServiceClientConstructor, ServiceDefinition } from "@grpc/grpc-js";
import type { SlotRanges } from "../../core/slots/slotRanges.ts";
import { CLUSTER_PROTO } from "../../proto/clusterProto.ts";
import {
  type ClusterCommand,
  type ClusterHeat,
  type ClusterPlan,
  type ClusterWork,
  type MoveInWork,
  type PlannedMove,
  type Topology,
  type TopologyGroup,
  type TopologyWorker,
  WORKER_ROLES,
} from "./clusterService.ts";
import { exportsOf } from "./workerMessages.ts";

/** The messages of cluster.proto as the loader gives them, where they are not the same as ours. */
interface RangeMessage {
  readonly from: number;
  readonly to: number;
}

type WithRanges<Type> = Omit<Type, "slots"> & { readonly slots: readonly RangeMessage[] };
type WorkerMessage = Omit<TopologyWorker, "role"> & { readonly role: string };
type GroupMessage = WithRanges<Omit<TopologyGroup, "workers">> & { readonly workers: readonly WorkerMessage[] };

export interface TopologyMessage extends Omit<Topology, "groups" | "spares"> {
  readonly groups: readonly GroupMessage[];
  readonly spares: readonly WorkerMessage[];
}

type MigrateMessage = {
  readonly slots: readonly RangeMessage[];
  readonly to: string;
  readonly bytesPerSecondMax: number;
};

/** One of them, by the name of the command. */
export type CommandMessage = {
  readonly [kind in ClusterCommand["kind"]]?: kind extends "migrate"
    ? MigrateMessage
    : Omit<ClusterCommand & { readonly kind: kind }, "kind">;
};

export type PlanMessage = Omit<ClusterPlan, "moves" | "keys" | "bytes"> & {
  readonly moves: readonly WithRanges<PlannedMove>[];
  readonly keys?: number;
  readonly bytes?: number;
};
type MoveMessage = Omit<WithRanges<MoveInWork>, "state" | "millisLeft"> & {
  readonly state: string;
  readonly millisLeft?: number;
};
export type WorkMessage = Omit<ClusterWork, "moves" | "wanted"> & {
  readonly moves: readonly MoveMessage[];
  readonly wanted: readonly WithRanges<ClusterWork["wanted"][number]>[];
};
export type HeatMessage = Omit<ClusterHeat, "keys"> & {
  readonly keys: readonly { readonly key: Uint8Array; readonly group: string; readonly requests: number }[];
};

function rangesToMessage(ranges: SlotRanges): readonly RangeMessage[] {
  return ranges.map(([from, to]) => ({ from, to }));
}

function rangesFromMessage(ranges: readonly RangeMessage[]): SlotRanges {
  return ranges.map(({ from, to }) => [from, to] as const);
}

export function topologyToMessage(topology: Topology): TopologyMessage {
  return {
    ...topology,
    groups: topology.groups.map((group) => ({
      ...group,
      slots: rangesToMessage(group.slots),
      workers: group.workers.map(workerToMessage),
    })),
    spares: topology.spares.map(workerToMessage),
  };
}

export function topologyFromMessage(message: TopologyMessage): Topology {
  return {
    ...message,
    groups: message.groups.map((group) => ({
      ...group,
      slots: rangesFromMessage(group.slots),
      workers: group.workers.map(workerFromMessage),
    })),
    spares: message.spares.map(workerFromMessage),
  };
}

function workerToMessage(worker: TopologyWorker): WorkerMessage {
  return { ...worker, role: `ROLE_${worker.role.toUpperCase()}` };
}

function workerFromMessage(worker: WorkerMessage): TopologyWorker {
  const role = WORKER_ROLES.find((name) => worker.role === `ROLE_${name.toUpperCase()}`);
  return { ...worker, role: role ?? "unknown" };
}

export function commandToMessage(command: ClusterCommand): CommandMessage {
  const { kind, ...parts } = command;
  return { [kind]: "slots" in parts ? { ...parts, slots: rangesToMessage(parts.slots) } : parts };
}

const COMMAND_KINDS: readonly ClusterCommand["kind"][] = [
  ...(["migrate", "rebalance", "drain", "undrain", "weight", "cancel", "pause", "resume"] as const),
  ...(["lend", "return", "advice", "autoRebalance"] as const),
];

/** Undefined if it is none that this version knows. */
export function commandFromMessage(message: CommandMessage | null): ClusterCommand | undefined {
  const kind = COMMAND_KINDS.find((each) => message?.[each]);
  if (kind === undefined) return undefined;
  if (kind !== "migrate") return { kind, ...message![kind] } as ClusterCommand;
  const { slots, to, bytesPerSecondMax } = message!.migrate!;
  return { kind, slots: rangesFromMessage(slots), to, bytesPerSecondMax };
}

export function planToMessage({ keys, bytes, ...plan }: ClusterPlan): PlanMessage {
  return {
    ...plan,
    moves: plan.moves.map((move) => ({ ...move, slots: rangesToMessage(move.slots) })),
    ...(keys !== undefined && { keys }),
    ...(bytes !== undefined && { bytes }),
  };
}

export function planFromMessage(plan: PlanMessage): ClusterPlan {
  const moves = plan.moves.map((move) => ({ ...move, slots: rangesFromMessage(move.slots) }));
  return { ...plan, moves, keys: plan.keys, bytes: plan.bytes };
}

export function workToMessage(work: ClusterWork): WorkMessage {
  return {
    ...work,
    moves: work.moves.map(moveToMessage),
    wanted: work.wanted.map((each) => ({ ...each, slots: rangesToMessage(each.slots) })),
  };
}

export function workFromMessage(work: WorkMessage): ClusterWork {
  return {
    ...work,
    moves: work.moves.map(moveFromMessage),
    wanted: work.wanted.map((each) => ({ ...each, slots: rangesFromMessage(each.slots) })),
  };
}

function moveToMessage({ millisLeft, ...move }: MoveInWork): MoveMessage {
  return {
    ...move,
    slots: rangesToMessage(move.slots),
    state: `STATE_${move.state.toUpperCase()}`,
    ...(millisLeft !== undefined && { millisLeft: Math.max(0, Math.round(millisLeft)) }),
  };
}

const MOVE_STATES = ["planned", "copying", "flipped", "aborted"] as const;

function moveFromMessage({ state, slots, millisLeft, ...move }: MoveMessage): MoveInWork {
  const known = MOVE_STATES.find((name) => state === `STATE_${name.toUpperCase()}`);
  return { ...move, slots: rangesFromMessage(slots), state: known ?? "unknown", millisLeft };
}

export function heatToMessage(heat: ClusterHeat): HeatMessage {
  return { ...heat, keys: heat.keys.map((each) => ({ ...each, key: Buffer.from(each.key, "latin1") })) };
}

export function heatFromMessage(heat: HeatMessage): ClusterHeat {
  return { ...heat, keys: heat.keys.map((each) => ({ ...each, key: Buffer.from(each.key).toString("latin1") })) };
}

export interface LoadedCluster {
  readonly client: ServiceClientConstructor;
  readonly service: ServiceDefinition;
}

let loaded: Promise<LoadedCluster> | undefined;

/** Loads the description of the public service, once and only when somebody needs it. */
export function loadCluster(): Promise<LoadedCluster> {
  loaded ??= load();
  return loaded;
}

/** As health checks name it. */
export const CLUSTER_SERVICE = "holdfast.v1.Cluster";

async function load(): Promise<LoadedCluster> {
  const grpc = exportsOf(await import("@grpc/grpc-js"));
  const loader = exportsOf(await import("@grpc/proto-loader"));
  // Its type asks for `fields` in every namespace, which is wrong.
  const proto = CLUSTER_PROTO as unknown as Parameters<typeof loader.fromJSON>[0];
  const definition = loader.fromJSON(proto, { longs: Number, enums: String, defaults: true });
  const service = definition[CLUSTER_SERVICE] as ServiceDefinition;
  return { client: grpc.makeClientConstructor(service, CLUSTER_SERVICE), service };
}
