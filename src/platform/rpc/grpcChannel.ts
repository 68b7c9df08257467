import type { ChannelCredentials, ChannelOptions, Server, ServerCredentials } from "@grpc/grpc-js";
import { err, ok, type Result } from "../../base/result.ts";
import type { LinkAddress, LinkListenError } from "../../ports/link.ts";
import { addressText } from "../link/dialer.ts";
import type { LinkCertificates } from "../link/linkOptions.ts";
import { type Grpc, MESSAGE_BYTES_MAX } from "./workerMessages.ts";

export const CHANNEL_OPTIONS: ChannelOptions = {
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

export function clientCredentials(grpc: Grpc, tls: LinkCertificates | undefined): ChannelCredentials {
  if (tls === undefined) return grpc.credentials.createInsecure();
  return grpc.credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.certificate), {
    // As with links: the authority decides, names do not.
    checkServerIdentity: () => undefined,
  });
}

function serverCredentials(grpc: Grpc, tls: LinkCertificates | undefined): ServerCredentials {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure();
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) };
  return grpc.ServerCredentials.createSsl(Buffer.from(tls.ca), [pair], true);
}

/** Listens at the address, port 0 for any that is free; answers where. */
export function bindServer(
  grpc: Grpc,
  server: Server,
  address: LinkAddress,
  tls: LinkCertificates | undefined,
): Promise<Result<LinkAddress, LinkListenError>> {
  const { host } = address;
  return new Promise((resolve) => {
    server.bindAsync(addressText(address), serverCredentials(grpc, tls), (error, port) => {
      resolve(error === null ? ok({ host, port }) : err(bindError(error, address)));
    });
  });
}

/** Answers nothing new, and ends what is under way after `graceMillis`. */
export function closeServer(server: Server, graceMillis: number): Promise<void> {
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
