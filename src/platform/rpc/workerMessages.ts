import type { ServiceClientConstructor, ServiceDefinition } from "@grpc/grpc-js";
import type { WorkerTarget } from "../../ports/workerCalls.ts";
import { WORKER_PROTO } from "../../proto/workerProto.ts";

/** The messages of worker.proto as the loader gives them. */
export interface TakeOverMessage {
  readonly target: WorkerTarget | null;
  readonly epoch: number;
}

export interface TargetMessage {
  readonly target: WorkerTarget | null;
}

export interface SnapshotMessage {
  readonly target: WorkerTarget | null;
  readonly attempt: string;
  readonly from: number;
}

export interface HandOverMessage {
  readonly target: WorkerTarget | null;
  readonly epoch: number;
  readonly to: string;
}

export interface CopyMessage {
  readonly target: WorkerTarget | null;
  readonly move: string;
  readonly slots: readonly { readonly from: number; readonly to: number }[];
  readonly from: number;
}

export interface MoveStepMessage {
  readonly target: WorkerTarget | null;
  readonly move: string;
  readonly step: string;
}

export interface SnapshotPart {
  readonly chunk?: { readonly data: Uint8Array; readonly crc: number } | null;
  readonly end?: { readonly bytes: number; readonly chunks: number } | null;
}

/** Says in the answer's metadata why a call was refused. */
export const REASON_KEY = "holdfast-reason";
/** The reason that says that somebody else was meant. */
export const WRONG_TARGET = "wrong_target";
/** Above the longest message, whose bytes are a snapshot's chunk or a status. */
export const MESSAGE_BYTES_MAX = 2 * 1024 * 1024;

/** gRPC's library, which takes longer to load than a standalone node to start. */
export type Grpc = typeof import("@grpc/grpc-js");

export interface LoadedGrpc {
  readonly grpc: Grpc;
  readonly workerClient: ServiceClientConstructor;
  readonly workerService: ServiceDefinition;
  readonly healthService: ServiceDefinition;
}

let loaded: Promise<LoadedGrpc> | undefined;

/** Loads the library and the descriptions of our services, once and only when somebody needs them. */
export function loadGrpc(): Promise<LoadedGrpc> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<LoadedGrpc> {
  const grpc = exportsOf(await import("@grpc/grpc-js"));
  const loader = exportsOf(await import("@grpc/proto-loader"));
  // Its type asks for `fields` in every namespace, which is wrong.
  const proto = WORKER_PROTO as unknown as Parameters<typeof loader.fromJSON>[0];
  const definition = loader.fromJSON(proto, { longs: Number, enums: String, defaults: true, oneofs: true });
  const workerService = definition["holdfast.internal.v1.Worker"] as ServiceDefinition;
  return {
    grpc,
    workerClient: grpc.makeClientConstructor(workerService, "holdfast.internal.v1.Worker"),
    workerService,
    healthService: definition["grpc.health.v1.Health"] as ServiceDefinition,
  };
}

/** What a CommonJS module exports: in the bundle all of it is the default export, elsewhere there may be no default export. */
export function exportsOf<T>(module: { readonly default: T }): T {
  return module.default ?? (module as unknown as T);
}
