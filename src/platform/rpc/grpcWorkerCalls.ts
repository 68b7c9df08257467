import type { ChannelOptions, Server, UntypedServiceImplementation } from "@grpc/grpc-js";
import { err, ok, type Result } from "../../base/result.ts";
import type { LinkAddress, LinkListenError } from "../../ports/link.ts";
import type { WorkerCallServer, WorkerCalls, WorkerServe, WorkerTarget } from "../../ports/workerCalls.ts";
import { addressText } from "../link/dialer.ts";
import type { LinkCertificates } from "../link/linkOptions.ts";
import { GrpcCaller, type WorkerStub } from "./callClient.ts";
import { CallTranslator } from "./callServer.ts";
import { type LoadedGrpc, loadGrpc, MESSAGE_BYTES_MAX } from "./workerMessages.ts";

const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  // A dead peer is noticed within seconds, also in the middle of a snapshot.
  "grpc.keepalive_time_ms": 2000,
  "grpc.keepalive_timeout_ms": 2000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  // Whether to ask again is the caller's decision: a request may have been carried out.
  "grpc.enable_retries": 0,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_channelz": 0,
  // TLS wants a name, and an address is none; nobody looks at it.
  "grpc.ssl_target_name_override": "holdfast",
};

const SERVER_OPTIONS: ChannelOptions = { ...CHANNEL_OPTIONS, "grpc.max_concurrent_streams": 64 };

/** Calls over gRPC, over TLS when there are certificates. Loads the library, which takes a while. */
export async function grpcWorkerCalls(tls: LinkCertificates | undefined): Promise<WorkerCalls> {
  const loaded = await loadGrpc();
  return {
    serve: (options) => serve(loaded, options, tls),
    caller: (address, target) => caller(loaded, address, target, tls),
  };
}

function caller(
  { grpc, workerClient }: LoadedGrpc,
  address: LinkAddress,
  target: WorkerTarget,
  tls: LinkCertificates | undefined,
): GrpcCaller {
  const credentials =
    tls === undefined
      ? grpc.credentials.createInsecure()
      : grpc.credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.certificate), {
          // As with links: the authority decides, names do not.
          checkServerIdentity: () => undefined,
        });
  const stub = new workerClient(addressText(address), credentials, CHANNEL_OPTIONS) as unknown as WorkerStub;
  return new GrpcCaller(grpc, stub, target);
}

async function serve(
  loaded: LoadedGrpc,
  options: WorkerServe,
  tls: LinkCertificates | undefined,
): Promise<Result<WorkerCallServer, LinkListenError>> {
  const { grpc } = loaded;
  const server = new grpc.Server(SERVER_OPTIONS);
  const translator = new CallTranslator(loaded, options);
  server.addService(loaded.workerService, {
    takeOver: translator.takeOver.bind(translator),
    status: translator.status.bind(translator),
    snapshot: translator.snapshot.bind(translator),
  } as UntypedServiceImplementation);
  server.addService(loaded.healthService, { check: translator.check.bind(translator) } as UntypedServiceImplementation);
  const credentials =
    tls === undefined
      ? grpc.ServerCredentials.createInsecure()
      : grpc.ServerCredentials.createSsl(
          Buffer.from(tls.ca),
          [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) }],
          true,
        );
  const { host } = options.listen;
  return new Promise((resolve) => {
    server.bindAsync(addressText(options.listen), credentials, (error, port) => {
      if (error === null) resolve(ok({ address: { host, port }, close: (graceMillis) => close(server, graceMillis) }));
      else resolve(err(bindError(error, options.listen)));
    });
  });
}

function close(server: Server, graceMillis: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), graceMillis);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function bindError(error: Error, address: LinkAddress): LinkListenError {
  const message = `cannot listen at ${addressText(address)}: ${error.message}`;
  if (/EADDRINUSE/.test(error.message)) return { code: "address_in_use", message };
  return { code: /EACCES/.test(error.message) ? "address_denied" : "address_unknown", message };
}
