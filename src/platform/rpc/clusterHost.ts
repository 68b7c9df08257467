import type { Result } from "../../base/result.ts";
import type { LinkAddress, LinkListenError } from "../../ports/link.ts";
import type { LinkCertificates } from "../link/linkOptions.ts";
import { CLUSTER_SERVICE, loadCluster } from "./clusterMessages.ts";
import { mountCluster } from "./clusterServer.ts";
import type { ClusterAdministration, TopologyProvider } from "./clusterService.ts";
import { CHANNEL_OPTIONS } from "./grpcChannel.ts";
import { type MountedServer, serveMounted } from "./mountedServer.ts";

export interface ClusterHostOptions {
  /** Port 0 for any that is free. */
  readonly listen: LinkAddress;
  readonly tls: LinkCertificates | undefined;
  readonly provider: TopologyProvider;
  readonly administration: ClusterAdministration;
  /** For health checks. */
  readonly isServing: () => boolean;
}

/** Answers `holdfast.v1.Cluster` and health checks: a master's calls. */
export async function serveCluster(options: ClusterHostOptions): Promise<Result<MountedServer, LinkListenError>> {
  const { listen, tls, provider, administration, isServing } = options;
  const cluster = await loadCluster();
  return serveMounted({
    ...{ listen, tls, isServing },
    services: [CLUSTER_SERVICE],
    mount: (grpc, server) => mountCluster(server, { grpc, cluster, provider, administration }),
    channel: { ...CHANNEL_OPTIONS, "grpc.max_concurrent_streams": 256 },
  });
}
