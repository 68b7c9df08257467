import { CLUSTER_PROTO } from "./clusterProto.ts";
import { KV_PROTO } from "./kvProto.ts";
import { type MessageCodec, ProtoCodecs, type ProtoTree } from "./wire/protoCodec.ts";

const kv = new ProtoCodecs(KV_PROTO as ProtoTree);
const cluster = new ProtoCodecs(CLUSTER_PROTO as ProtoTree);

/** The messages that are sent and received. */
export const CODECS = {
  call: kv.of("holdfast.v1.Call"),
  callsReply: kv.of("holdfast.v1.CallsReply"),
  errorDetail: kv.of("holdfast.v1.ErrorDetail"),
  watchRequest: kv.of("holdfast.v1.WatchRequest"),
  watchReply: kv.of("holdfast.v1.WatchReply"),
  watchTopologyRequest: cluster.of("holdfast.v1.WatchTopologyRequest"),
  topology: cluster.of("holdfast.v1.Topology"),
} as const satisfies { readonly [name: string]: MessageCodec };

export const PATHS = {
  calls: "/holdfast.v1.Kv/Calls",
  watch: "/holdfast.v1.Kv/Watch",
  watchTopology: "/holdfast.v1.Cluster/WatchTopology",
} as const;
