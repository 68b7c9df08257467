import { execFile } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../test/support/freePort.ts";
import { type Contender, type Host, Server } from "./servers.ts";

const startMillisMax = 30_000;

/** Whether `etcd` can be started on this machine. */
export function hasEtcd(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("etcd", ["--version"], (error) => resolve(error === null));
  });
}

/** Starts one etcd with an empty data directory, its defaults otherwise: it syncs its log before it acknowledges. */
export async function startEtcd(host: Host): Promise<Server> {
  const peerPort = await freePort();
  const contender: Contender = {
    name: "etcd",
    command: (port, dataDirectory) => [
      "etcd",
      ...["--data-dir", dataDirectory, "--log-level", "error"],
      ...["--listen-client-urls", `http://127.0.0.1:${port}`, "--advertise-client-urls", `http://127.0.0.1:${port}`],
      ...["--listen-peer-urls", `http://127.0.0.1:${peerPort}`],
    ],
  };
  const server = await Server.spawn(contender, host);
  const deadline = performance.now() + startMillisMax;
  while (!(await isServing(server.port))) {
    if (performance.now() > deadline) throw new Error(`etcd did not serve in ${startMillisMax} ms`);
    await sleep(50);
  }
  return server;
}

async function isServing(port: number): Promise<boolean> {
  const client = await EtcdClient.open(port).catch(() => undefined);
  if (client === undefined) return false;
  try {
    await client.put("ready", "1");
    return true;
  } catch {
    return false;
  } finally {
    client.close();
  }
}

/**
 * The least gRPC client that can put and get: one HTTP/2 connection, one call at a time, the two messages of etcd's
 * `rpc.proto` written by hand, so that little of the measured time is the client's.
 */
export class EtcdClient {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  /** Connects, or rejects with the socket's error. */
  static async open(port: number): Promise<EtcdClient> {
    const session = connect(`http://127.0.0.1:${port}`);
    await once(session, "connect");
    // A session that fails later fails the call that is under way; the error needs no second way out.
    session.on("error", () => undefined);
    return new EtcdClient(session);
  }

  /** Stores a value durably. */
  async put(key: string, value: string): Promise<void> {
    await this.#call("/etcdserverpb.KV/Put", bytesFields(key, value));
  }

  /** Reads a key linearizably; throws if it is absent. */
  async get(key: string): Promise<void> {
    const replyBytes = await this.#call("/etcdserverpb.KV/Range", bytesFields(key));
    if (replyBytes < key.length * 2) throw new Error(`etcd has no key ${key}`);
  }

  close(): void {
    this.#session.close();
  }

  /** One unary call; resolves with the length of the reply, rejects if its status is not 0. */
  #call(path: string, message: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      let replyBytes = 0;
      let status: unknown;
      stream.on("data", (chunk: Buffer) => {
        replyBytes += chunk.length;
      });
      stream.on("trailers", (trailers) => {
        status = trailers["grpc-status"];
      });
      stream.on("error", reject);
      stream.on("close", () => {
        if (Number(status) === 0) resolve(replyBytes);
        else reject(new Error(`etcd answered ${path} with status ${String(status)}`));
      });
      stream.end(message);
    });
  }
}

/** A gRPC frame around a protobuf message whose fields 1, 2, … are byte strings. */
export function bytesFields(...fields: string[]): Buffer {
  const parts = fields.map((field, i) => {
    const bytes = Buffer.from(field, "latin1");
    return Buffer.concat([Buffer.from([((i + 1) << 3) | 2]), varint(bytes.length), bytes]);
  });
  const message = Buffer.concat(parts);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
