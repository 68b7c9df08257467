import type { Server, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { KvError } from "../../worker/api/kvError.ts";
import { BATCH, COMPARE_AND_SET, DELETE, GET, INCREMENT, type Method, PUT, SCAN } from "../../worker/api/kvRequest.ts";
import type { KvBackend } from "../kv/kvBackend.ts";
import { KvStream } from "../kv/kvStream.ts";
import type { Grpc } from "./grpcLibrary.ts";
import { NOT_READY, refuseCaller, statusOf } from "./kvCaller.ts";
import { deadlineOf, KvUnary } from "./kvUnary.ts";
import { KvWatchStream, type WatchCall } from "./kvWatchStream.ts";
import { type LibraryStream, libraryCalls } from "./libraryCalls.ts";
import { limitOutput, refuseStream } from "./streamLimits.ts";

/** As health checks name it. */
export const KV_SERVICE = "holdfast.v1.Kv";

const UNARY: { readonly [name: string]: Method } = {
  Get: GET,
  Put: PUT,
  Delete: DELETE,
  CompareAndSet: COMPARE_AND_SET,
  Increment: INCREMENT,
  Batch: BATCH,
  Scan: SCAN,
};

/** Messages are taken and given as bytes: who evaluates them reads them where they lie. */
const BYTES = {
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Uint8Array) =>
    Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  responseDeserialize: (bytes: Buffer) => bytes,
};

// biome-ignore lint/suspicious/noExplicitAny: the library knows what it calls them with.
type Handler = (...call: any[]) => void;

/** A mounted service: it answers UNAVAILABLE until it has a node behind it, and again when that is taken away. */
export interface MountedKv {
  backend: KvBackend | undefined;
  /** Open ones. */
  readonly streams: { readonly size: number };
  /** Ends the streams, so that the server can stop. */
  close(): void;
}

/** Lets a server answer `holdfast.v1.Kv`. */
export function mountKv(grpc: Grpc, server: Server): MountedKv {
  const streams = new Set<{ end(): void }>();
  const mounted: MountedKv = {
    backend: undefined,
    streams,
    close: () => {
      mounted.backend = undefined;
      unary.close();
      for (const stream of streams) stream.end();
    },
  };
  const unary = new KvUnary(grpc, () => mounted.backend);
  /** The node, or undefined if the call was refused. */
  const admit = (call: LibraryStream | WatchCall): KvBackend | undefined => {
    const { backend } = mounted;
    let error: KvError | undefined = NOT_READY;
    if (backend !== undefined) {
      error = refuseCaller(backend, call.metadata, call.getPeer()) ?? refuseStream(backend.limits, streams.size);
      if (error === undefined) return backend;
    }
    call.emit("error", statusOf(grpc, error));
    return undefined;
  };
  const definition: { [name: string]: ServiceDefinition[string] } = {};
  const handlers: { [name: string]: Handler } = {};
  for (const [name, method] of Object.entries(UNARY)) {
    definition[name] = { path: `/${KV_SERVICE}/${name}`, requestStream: false, responseStream: false, ...BYTES };
    handlers[name] = unary.handler(method);
  }
  definition["OpenSession"] = {
    path: `/${KV_SERVICE}/OpenSession`,
    requestStream: false,
    responseStream: false,
    ...BYTES,
  };
  handlers["OpenSession"] = unary.openSession;
  definition["Calls"] = { path: `/${KV_SERVICE}/Calls`, requestStream: true, responseStream: true, ...BYTES };
  handlers["Calls"] = (call: LibraryStream) => {
    const backend = admit(call);
    if (backend === undefined) return;
    const carried = libraryCalls(grpc, call, backend.limits);
    const stream = new KvStream(backend, carried, deadlineOf(call), () => streams.delete(stream));
    streams.add(stream);
  };
  definition["Watch"] = { path: `/${KV_SERVICE}/Watch`, requestStream: false, responseStream: true, ...BYTES };
  handlers["Watch"] = (call: WatchCall) => {
    const backend = admit(call);
    if (backend === undefined) return;
    limitOutput(grpc, call, backend.limits);
    const stream = new KvWatchStream(grpc, backend, call, () => streams.delete(stream));
    streams.add(stream);
    stream.begin();
  };
  for (const [name, handler] of Object.entries(handlers)) handlers[name] = surfacing(handler);
  server.addService(definition, handlers as UntypedServiceImplementation);
  return mounted;
}

/** The library answers for a handler that throws. A bug is not an answer: it must reach the top. */
function surfacing(handler: Handler): Handler {
  return (...call) => {
    try {
      handler(...call);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      throw error;
    }
  };
}
