import assert from "node:assert/strict";
import grpc from "@grpc/grpc-js";
import { tcpLinks } from "../../src/platform/link/tcpLinks.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import type { Link, LinkEndpoint, LinkHandler } from "../../src/ports/link.ts";

/** The sending end. */
export interface Channel {
  onAcknowledged: (count: number) => void;
  send(message: Uint8Array): void;
  close(): Promise<void> | void;
}

/** The receiving end. */
export interface ChannelServer {
  readonly port: number;
  onMessage: (acknowledge: (count: number) => void) => void;
}

export interface Transport {
  serve(): Promise<ChannelServer>;
  call(port: number): Promise<Channel>;
}

const IDENTITY = { cluster: "bench", group: "bench", incarnation: 1 };

function countBytes(count: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(count);
  return bytes;
}

const readCount = (bytes: Uint8Array): number => Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE();

async function joinLinks(replica: string, handler: Partial<LinkHandler>): Promise<LinkEndpoint> {
  const ignore = (): void => undefined;
  const joined = await tcpLinks({ random: nodeRandom }).join({
    self: { ...IDENTITY, replica },
    listen: { host: "127.0.0.1", port: 0 },
    handler: { onUp: ignore, onDown: ignore, onFrame: ignore, onRefusal: ignore, ...handler },
  });
  assert.ok(joined.ok);
  return joined.value;
}

/** As workers use it. */
export const linkTransport: Transport = {
  serve: async () => {
    const server = { port: 0, onMessage: (_: (count: number) => void): void => undefined };
    const endpoint = await joinLinks("b", {
      onFrame: (link) =>
        server.onMessage((count) => {
          link.send(2, countBytes(count));
          link.flush();
        }),
    });
    endpoint.expect("a", { host: "127.0.0.1", port: 1 });
    return Object.assign(server, { port: endpoint.address.port });
  },
  call: async (port) => {
    const channel = { onAcknowledged: (_: number): void => undefined };
    let tellUp: (link: Link) => void = () => undefined;
    const up = new Promise<Link>((resolve) => {
      tellUp = resolve;
    });
    const endpoint = await joinLinks("a", {
      onUp: (link) => tellUp(link),
      onFrame: (_link, _kind, bytes) => channel.onAcknowledged(readCount(bytes)),
    });
    endpoint.expect("b", { host: "127.0.0.1", port });
    const link = await up;
    return Object.assign(channel, {
      send: (message: Uint8Array) => assert.ok(link.send(1, message)),
      close: () => endpoint.close(),
    });
  },
};

const asItIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

const METHOD: grpc.MethodDefinition<Uint8Array, Uint8Array> = {
  path: "/bench.Bench/Flow",
  requestStream: true,
  responseStream: true,
  requestSerialize: asItIs,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: asItIs,
  responseDeserialize: (bytes) => bytes,
};

/** One bidirectional stream. */
export const grpcTransport: Transport = {
  serve: async () => {
    const made = { port: 0, onMessage: (_: (count: number) => void): void => undefined };
    const server = new grpc.Server();
    server.addService(
      { flow: METHOD },
      {
        flow: (call: grpc.ServerDuplexStream<Uint8Array, Uint8Array>) => {
          call.on("data", () => made.onMessage((count) => call.write(countBytes(count))));
          call.on("error", () => undefined);
        },
      },
    );
    const credentials = grpc.ServerCredentials.createInsecure();
    made.port = await new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
    });
    return made;
  },
  call: async (port) => {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const call = client.makeBidiStreamRequest(METHOD.path, METHOD.requestSerialize, METHOD.responseDeserialize);
    const channel = { onAcknowledged: (_: number): void => undefined };
    call.on("data", (bytes: Uint8Array) => channel.onAcknowledged(readCount(bytes)));
    call.on("error", () => undefined);
    return Object.assign(channel, {
      send: (message: Uint8Array) => void call.write(message),
      close: () => {
        call.cancel();
        client.close();
      },
    });
  },
};
