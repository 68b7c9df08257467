import { joinAddress, splitAddress } from "../base/address.ts";
import { ALL_SLOTS } from "../core/slots/slotRanges.ts";
import type { TopologyProvider } from "../platform/rpc/clusterService.ts";
import { VERSION } from "./version.ts";

/** What a node that is alone knows of itself. */
export interface LoneNode {
  /** Names the data. */
  readonly cluster: string;
  readonly group: string;
  readonly id: string;
  readonly epoch: () => number;
  /** The host by which others reach it, if somebody has said so; otherwise the one that a caller has used. */
  readonly advertise: string | undefined;
  readonly bind: string;
  readonly redisPort: number;
  readonly rpcPort: () => number;
}

/**
 * The topology of a node that is alone: one group with all slots, and itself as its primary. It never changes while the node runs. A
 * program may thus be given its address as it would be given that of a master.
 */
export function loneTopology(node: LoneNode): TopologyProvider {
  const { cluster, group, id, epoch, advertise, bind, redisPort, rpcPort } = node;
  return {
    topology: (authority = "") => {
      // Whoever reached it by some name reaches it by that name again, whatever stands between.
      const called = advertise === undefined ? splitAddress(authority) : undefined;
      const host = called?.host ?? advertise ?? bind;
      const rpc = joinAddress(host, called?.port ?? rpcPort());
      const redis = joinAddress(host, redisPort);
      const worker = { id, role: "primary", redis, rpc, present: true, version: VERSION, lentTo: "" } as const;
      const only = { name: group, slots: ALL_SLOTS, epoch: epoch(), weight: 1, draining: false, workers: [worker] };
      return { cluster, slotsVersion: 1, groups: [only], spares: [], masters: [], notices: [] };
    },
    onTopology: () => () => undefined,
  };
}
