import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ok, type Result } from "../../base/result.ts";
import type { LinkAddress, LinkListenError } from "../../ports/link.ts";
import type { LinkCertificates } from "../link/linkOptions.ts";
import { CLUSTER_SERVICE, loadCluster } from "./clusterMessages.ts";
import { mountCluster } from "./clusterServer.ts";
import type { ClusterAdministration, TopologyProvider } from "./clusterService.ts";
import { bindServer, CHANNEL_OPTIONS, closeServer } from "./grpcChannel.ts";
import { loadGrpc } from "./workerMessages.ts";

export interface ClusterHostOptions {
  /** Port 0 for any that is free. */
  readonly listen: LinkAddress;
  readonly tls: LinkCertificates | undefined;
  readonly provider: TopologyProvider;
  readonly administration: ClusterAdministration;
  /** For health checks. */
  readonly isServing: () => boolean;
}

export interface ClusterHost {
  readonly address: LinkAddress;
  /** Answers nothing new, gives what is under way up to `graceMillis`, and ends. */
  close(graceMillis: number): Promise<void>;
}

/** Answers `holdfast.v1.Cluster` and health checks: a master's calls. */
export async function serveCluster(options: ClusterHostOptions): Promise<Result<ClusterHost, LinkListenError>> {
  const { listen, tls, provider, administration, isServing } = options;
  const [{ grpc, healthService }, cluster] = await Promise.all([loadGrpc(), loadCluster()]);
  const server = new grpc.Server({ ...CHANNEL_OPTIONS, "grpc.max_concurrent_streams": 256 });
  const endStreams = mountCluster(server, { grpc, cluster, provider, administration });
  const check = (
    call: ServerUnaryCall<{ readonly service: string }, unknown>,
    answer: sendUnaryData<unknown>,
  ): void => {
    const { service } = call.request;
    if (service === "" || service === CLUSTER_SERVICE)
      answer(null, { status: isServing() ? "SERVING" : "NOT_SERVING" });
    else answer({ code: grpc.status.NOT_FOUND, details: "there is no such service" });
  };
  server.addService(healthService, { check } as UntypedServiceImplementation);
  const bound = await bindServer(grpc, server, listen, tls);
  if (!bound.ok) return bound;
  const close = (graceMillis: number): Promise<void> => {
    endStreams();
    return closeServer(server, graceMillis);
  };
  return ok({ address: bound.value, close });
}
