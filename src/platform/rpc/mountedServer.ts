import type {
  ChannelOptions,
  Server,
  ServerUnaryCall,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ok, type Result } from "../../base/result.ts";
import type { LinkAddress, LinkListenError } from "../../ports/link.ts";
import type { LinkCertificates } from "../link/linkOptions.ts";
import { bindServer, CHANNEL_OPTIONS, closeServer } from "./grpcChannel.ts";
import { type Grpc, loadGrpc } from "./workerMessages.ts";

/** Adds services to a server that is not open yet; answers how to end their streams. */
export type Mount = (grpc: Grpc, server: Server) => () => void;

/** A value of 32 MiB, the one that is expected, and what is around them. */
const CLIENT_MESSAGE_BYTES_MAX = 66 * 2 ** 20;

/** Of a server that answers programs of users: their messages are longer than ours, and they may have many calls at once. */
export const PUBLIC_SERVER_OPTIONS: ChannelOptions = {
  ...CHANNEL_OPTIONS,
  "grpc.max_receive_message_length": CLIENT_MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": -1,
  "grpc.max_concurrent_streams": 1_000,
};

export interface MountedServerOptions {
  /** Port 0 for any that is free. */
  readonly listen: LinkAddress;
  readonly tls: LinkCertificates | undefined;
  /** By the names that health checks use. */
  readonly services: readonly string[];
  readonly mount: Mount;
  readonly isServing: () => boolean;
  /** By default those of a server that answers programs of users. */
  readonly channel?: ChannelOptions;
}

export interface MountedServer {
  readonly address: LinkAddress;
  /** Answers nothing new, gives what is under way up to `graceMillis`, and ends. */
  close(graceMillis: number): Promise<void>;
}

/** A server of mounted services, and of health checks. */
export async function serveMounted(options: MountedServerOptions): Promise<Result<MountedServer, LinkListenError>> {
  const { listen, tls, services, mount, isServing, channel = PUBLIC_SERVER_OPTIONS } = options;
  const { grpc, healthService } = await loadGrpc();
  const server = new grpc.Server(channel);
  const endStreams = mount(grpc, server);
  const check = (
    call: ServerUnaryCall<{ readonly service: string }, unknown>,
    answer: sendUnaryData<unknown>,
  ): void => {
    const { service } = call.request;
    if (service === "" || services.includes(service)) answer(null, { status: isServing() ? "SERVING" : "NOT_SERVING" });
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
