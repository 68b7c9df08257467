import { CLUSTER_PROTO } from "../proto/clusterProto.ts";
import { KV_PROTO } from "../proto/kvProto.ts";
import type { CallKind } from "./messages.ts";
import { type MessageCodec, ProtoCodecs, type ProtoTree } from "./wire/protoCodec.ts";

const kv = new ProtoCodecs(KV_PROTO as ProtoTree);
const cluster = new ProtoCodecs(CLUSTER_PROTO as ProtoTree);

/** The messages that are sent and received. */
export const CODECS = {
  answer: kv.of("holdfast.v1.Answer"),
  openSessionRequest: kv.of("holdfast.v1.OpenSessionRequest"),
  openSessionReply: kv.of("holdfast.v1.OpenSessionReply"),
  errorDetail: kv.of("holdfast.v1.ErrorDetail"),
  watchRequest: kv.of("holdfast.v1.WatchRequest"),
  watchReply: kv.of("holdfast.v1.WatchReply"),
  watchTopologyRequest: cluster.of("holdfast.v1.WatchTopologyRequest"),
  topology: cluster.of("holdfast.v1.Topology"),
} as const satisfies { readonly [name: string]: MessageCodec };

/** Those of the requests that a call can hold. */
export const REQUEST_CODECS: { readonly [Kind in CallKind]: MessageCodec } = {
  get: kv.of("holdfast.v1.GetRequest"),
  put: kv.of("holdfast.v1.PutRequest"),
  delete: kv.of("holdfast.v1.DeleteRequest"),
  compareAndSet: kv.of("holdfast.v1.CompareAndSetRequest"),
  increment: kv.of("holdfast.v1.IncrementRequest"),
  batch: kv.of("holdfast.v1.BatchRequest"),
  scan: kv.of("holdfast.v1.ScanRequest"),
};

export const PATHS = {
  calls: "/holdfast.v1.Kv/Calls",
  openSession: "/holdfast.v1.Kv/OpenSession",
  watch: "/holdfast.v1.Kv/Watch",
  watchTopology: "/holdfast.v1.Cluster/WatchTopology",
} as const;
