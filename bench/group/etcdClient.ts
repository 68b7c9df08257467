import { connect, type Socket } from "node:net";
import { bytesFields } from "../etcd.ts";
import { type LoadClient, valueBytes } from "./load.ts";

/** Of RFC 9113: kinds of frames and flags. */
const frame = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
const endStream = 1;
const acknowledged = 1;
const endHeaders = 4;
const frameHeaderBytes = 9;
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** What the server may send on the connection: as much as can be said, so that nobody has to count. */
const windowGrant = 0x7fff_ffff - 65_535;
const value = "x".repeat(valueBytes);

/**
 * A client of etcd's gRPC that puts, one call at a time on a connection of its own: HTTP/2 by hand, because Node's costs several
 * times as much processor time, which would be taken from etcd here.
 */
export class EtcdPutClient implements LoadClient {
  onAnswer: () => void = () => undefined;
  onFailure: (error: Error) => void = () => undefined;
  readonly #socket: Socket;
  readonly #headers: Buffer;
  #stream = -1;
  #received: Buffer = Buffer.alloc(0);
  #hasData = false;

  private constructor(port: number) {
    this.#headers = requestHeaders(`127.0.0.1:${port}`);
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.on("error", (error) => this.onFailure(error));
    socket.on("close", () => this.onFailure(new Error("etcd closed the connection")));
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    const grant = Buffer.alloc(4);
    grant.writeUInt32BE(windowGrant);
    socket.write(
      Buffer.concat([
        Buffer.from(preface, "latin1"),
        encodeFrame(frame.settings, 0, 0, Buffer.alloc(0)),
        encodeFrame(frame.windowUpdate, 0, 0, grant),
      ]),
    );
    this.#socket = socket;
  }

  static open(port: number): Promise<EtcdPutClient> {
    return new Promise((resolve, reject) => {
      const client = new EtcdPutClient(port);
      client.onFailure = reject;
      client.#socket.once("connect", () => resolve(client));
    });
  }

  ask(key: string): void {
    this.#stream += 2;
    this.#hasData = false;
    const headers = encodeFrame(frame.headers, endHeaders, this.#stream, this.#headers);
    const data = encodeFrame(frame.data, endStream, this.#stream, bytesFields(key, value));
    this.#socket.write(Buffer.concat([headers, data]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (bytes.length >= frameHeaderBytes) {
      const end = frameHeaderBytes + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#frame(bytes[3]!, bytes[4]!, bytes.readUInt32BE(5), bytes.subarray(frameHeaderBytes, end));
      bytes = bytes.subarray(end);
    }
    this.#received = bytes;
  }

  #frame(kind: number, flags: number, stream: number, payload: Buffer): void {
    switch (kind) {
      case frame.data:
        this.#hasData ||= stream === this.#stream;
        break;
      case frame.settings:
        if ((flags & acknowledged) === 0)
          this.#socket.write(encodeFrame(frame.settings, acknowledged, 0, Buffer.alloc(0)));
        break;
      case frame.ping:
        if ((flags & acknowledged) === 0) this.#socket.write(encodeFrame(frame.ping, acknowledged, 0, payload));
        break;
      case frame.reset:
      case frame.goAway:
        return this.onFailure(new Error("etcd broke the call off"));
    }
    if (kind > frame.headers || (flags & endStream) === 0 || stream !== this.#stream) return;
    // A call that fails is answered without a message.
    if (this.#hasData) this.onAnswer();
    else this.onFailure(new Error("etcd refused a put"));
  }
}

function encodeFrame(kind: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = kind;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, frameHeaderBytes);
  return bytes;
}

/** By RFC 7541: fields of the static table by number, the others as they are, nothing kept. */
function requestHeaders(authority: string): Buffer {
  const text = (chars: string): Buffer => Buffer.concat([Buffer.from([chars.length]), Buffer.from(chars, "latin1")]);
  return Buffer.concat([
    // `:method: POST`, `:scheme: http`, then the names `:path`, `:authority` and `content-type`.
    Buffer.from([0x83, 0x86, 0x04]),
    text("/etcdserverpb.KV/Put"),
    Buffer.from([0x01]),
    text(authority),
    Buffer.from([0x0f, 0x10]),
    text("application/grpc"),
    Buffer.from([0x00]),
    text("te"),
    text("trailers"),
  ]);
}
