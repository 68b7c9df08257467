import type { ChannelOptions, Server, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ok, type Result } from "../../base/result.ts";
import type { LinkAddress, LinkListenError } from "../../ports/link.ts";
import type { WorkerCallServer, WorkerCalls, WorkerServe, WorkerTarget } from "../../ports/workerCalls.ts";
import { addressText } from "../link/dialer.ts";
import type { LinkCertificates } from "../link/linkOptions.ts";
import { GrpcCaller, type WorkerStub } from "./callClient.ts";
import { CallTranslator } from "./callServer.ts";
import { loadCluster } from "./clusterMessages.ts";
import { mountCluster } from "./clusterServer.ts";
import type { TopologyProvider } from "./clusterService.ts";
import { bindServer, CHANNEL_OPTIONS, clientCredentials, closeServer } from "./grpcChannel.ts";
import { type Mount, PUBLIC_SERVER_OPTIONS } from "./mountedServer.ts";
import { type LoadedGrpc, loadGrpc } from "./workerMessages.ts";

const SERVER_OPTIONS: ChannelOptions = { ...CHANNEL_OPTIONS, "grpc.max_concurrent_streams": 64 };

/**
 * Calls over gRPC, over TLS when there are certificates. Loads the library, which takes a while. With `topology` the server tells
 * clients of the cluster, too, and `mount` adds what else clients may ask for.
 */
export async function grpcWorkerCalls(
  tls: LinkCertificates | undefined,
  topology?: TopologyProvider,
  mount?: Mount,
): Promise<WorkerCalls> {
  const loaded = await loadGrpc();
  return {
    serve: (options) => serve(loaded, options, tls, { topology, mount }),
    caller: (address, target) => caller(loaded, address, target, tls),
  };
}

function caller(
  { grpc, workerClient }: LoadedGrpc,
  address: LinkAddress,
  target: WorkerTarget,
  tls: LinkCertificates | undefined,
): GrpcCaller {
  const stub = new workerClient(
    addressText(address),
    clientCredentials(grpc, tls),
    CHANNEL_OPTIONS,
  ) as unknown as WorkerStub;
  return new GrpcCaller(grpc, stub, target);
}

async function serve(
  loaded: LoadedGrpc,
  options: WorkerServe,
  tls: LinkCertificates | undefined,
  { topology, mount }: { readonly topology: TopologyProvider | undefined; readonly mount: Mount | undefined },
): Promise<Result<WorkerCallServer, LinkListenError>> {
  const { grpc } = loaded;
  const server = new grpc.Server(mount === undefined ? SERVER_OPTIONS : PUBLIC_SERVER_OPTIONS);
  const translator = new CallTranslator(loaded, options);
  server.addService(loaded.workerService, {
    takeOver: translator.takeOver.bind(translator),
    status: translator.status.bind(translator),
    snapshot: translator.snapshot.bind(translator),
    handOver: translator.handOver.bind(translator),
    copySlots: translator.copySlots.bind(translator),
    moveStep: translator.moveStep.bind(translator),
    heat: translator.heat.bind(translator),
  } as UntypedServiceImplementation);
  server.addService(loaded.healthService, { check: translator.check.bind(translator) } as UntypedServiceImplementation);
  const endStreams = topology === undefined ? undefined : await mountTopology(loaded, server, topology);
  const endMounted = mount?.(grpc, server);
  const bound = await bindServer(grpc, server, options.listen, tls);
  if (!bound.ok) return bound;
  const close = (graceMillis: number): Promise<void> => {
    endStreams?.();
    endMounted?.();
    return closeServer(server, graceMillis);
  };
  return ok({ address: bound.value, close });
}

async function mountTopology({ grpc }: LoadedGrpc, server: Server, provider: TopologyProvider): Promise<() => void> {
  return mountCluster(server, { grpc, cluster: await loadCluster(), provider, administration: undefined });
}
