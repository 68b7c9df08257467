import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Address, splitAddress } from "../../base/address.ts";
import { FrameReader, writeFrameHead } from "../../proto/grpcFrames.ts";
import { type GrpcStatus, STATUS, statusOf, statusOfHttp } from "./grpcStatus.ts";
import { watchLife } from "./signOfLife.ts";

/** A message is no longer than that. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** PEM texts: the authority of the servers' certificates, and one of our own where they ask for it. */
export interface ClientTls {
  readonly ca: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface ChannelOptions {
  readonly tls: ClientTls | undefined;
  readonly password: string | undefined;
}

export interface CallHandlers {
  /** The message is `[start, end)` of `bytes`, which stay as they are. */
  onMessage(bytes: Buffer, start: number, end: number): void;
  /** Comes once, last. */
  onEnd(status: GrpcStatus): void;
}

/** A stream of messages in both directions. */
export interface OpenCall {
  /** `frame` begins with room for the frame's head (`FRAME_HEAD_BYTES`). */
  write(frame: Buffer): void;
  /** The least that a message there and back takes; not known of all. */
  readonly roundTripMillis?: number;
  /** Nothing more is said from this side. */
  end(): void;
  /** Gives it up; `onEnd` does not come any more. */
  cancel(): void;
}

const CONNECT_MILLIS_MAX = 3000;
const BACKOFF_FIRST_MILLIS = 20;
const BACKOFF_MILLIS_MAX = 1000;
const WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * One connection to one address for as long as somebody calls: gRPC's protocol over Node's HTTP/2 (github.com/grpc/grpc,
 * `PROTOCOL-HTTP2.md`). It is opened when it is needed, and again when it has broken.
 */
export class Channel {
  readonly address: string;
  readonly #options: ChannelOptions;
  /** Those that are open. */
  readonly calls = new Set<HttpCall>();
  #session: ClientHttp2Session | undefined;
  #failures = 0;
  #retryAt = 0;
  /** Undefined for nonsense, as a topology might name: nobody answers there. */
  readonly #at: Address | undefined;
  #isClosed = false;
  /** When something came from there last (`performance.now()`). */
  heardAt = 0;

  constructor(address: string, options: ChannelOptions) {
    this.address = address;
    this.#at = splitAddress(address);
    this.#options = options;
  }

  /** It failed last, and is not tried again yet. */
  get isResting(): boolean {
    return this.#session === undefined && performance.now() < this.#retryAt;
  }

  open(path: string, handlers: CallHandlers): OpenCall {
    const session = this.#connected();
    const call = new HttpCall(handlers, this);
    if (session === undefined) {
      call.refuse(unavailable(`nobody answers at ${this.address}`));
      return call;
    }
    this.calls.add(call);
    const { password, tls } = this.#options;
    call.begin(
      session.request({
        ":method": "POST",
        ":path": path,
        ":scheme": tls === undefined ? "http" : "https",
        "content-type": "application/grpc",
        te: "trailers",
        // Nothing is compressed here, so that the server need not look.
        "holdfast-plain": "1",
        ...(password !== undefined && { authorization: `Bearer ${password}` }),
      }),
    );
    return call;
  }

  close(): void {
    this.#isClosed = true;
    for (const call of [...this.calls]) call.cancel();
    this.#session?.close();
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session | undefined {
    if (this.#session !== undefined && !this.#session.destroyed && !this.#session.closed) return this.#session;
    if (this.#at === undefined || this.#isClosed || this.isResting) return undefined;
    const session = this.#connect(this.#at);
    this.#session = session;
    const timer = setTimeout(() => session.destroy(), CONNECT_MILLIS_MAX);
    let stopWatching = (): void => clearTimeout(timer);
    const gone = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.once("connect", () => {
      clearTimeout(timer);
      if (session.destroyed) return;
      this.#failures = 0;
      this.heardAt = performance.now();
      session.setLocalWindowSize(WINDOW_BYTES);
      for (const call of this.calls) call.isSent = true;
      stopWatching = this.#keepAlive(session);
    });
    session.on("error", () => undefined);
    session.once("goaway", gone);
    session.once("close", () => {
      stopWatching();
      gone();
      this.#failures++;
      const pause = Math.min(BACKOFF_MILLIS_MAX, BACKOFF_FIRST_MILLIS * 2 ** Math.min(this.#failures, 10));
      this.#retryAt = performance.now() + pause * (0.5 + Math.random() / 2);
    });
    return session;
  }

  #connect({ host, port }: Address): ClientHttp2Session {
    const { tls } = this.#options;
    return connect(`${tls === undefined ? "http" : "https"}://${this.address}`, {
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      createConnection: () => {
        if (tls === undefined) return connectTcp({ host, port, noDelay: true });
        const { ca, certificate, key } = tls;
        // The authority decides, as between workers: addresses of workers come and go, and are in no certificate.
        const trust = { ca, checkServerIdentity: () => undefined, ALPNProtocols: ["h2"] };
        const own = certificate === undefined || key === undefined ? {} : { cert: certificate, key };
        const socket = connectTls({ host, port, ...trust, ...own }).setNoDelay(true);
        // The session lets it live on when the other side refuses the certificate, and never ends.
        socket.on("error", () => socket.destroy());
        return socket;
      },
    });
  }

  #keepAlive(session: ClientHttp2Session): () => void {
    return watchLife({
      heardAt: () => this.heardAt,
      ping: () => {
        if (session.destroyed) return;
        session.ping((error) => {
          if (error === null) this.heardAt = performance.now();
        });
      },
      giveUp: () => session.destroy(),
    });
  }
}

class HttpCall implements OpenCall {
  /** What was written may have reached the server. */
  isSent = false;
  readonly #handlers: CallHandlers;
  readonly #channel: Channel;
  #stream: ClientHttp2Stream | undefined;
  #status: GrpcStatus | undefined;
  #isOver = false;

  constructor(handlers: CallHandlers, channel: Channel) {
    this.#handlers = handlers;
    this.#channel = channel;
  }

  refuse(status: GrpcStatus): void {
    queueMicrotask(() => this.#finish(status));
  }

  begin(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    this.isSent = stream.session?.connecting === false;
    const frames = new FrameReader(MESSAGE_BYTES_MAX, (bytes, start, end) => {
      if (!this.#isOver) this.#handlers.onMessage(bytes, start, end);
    });
    stream.on("response", (headers) => {
      const httpStatus = headers[":status"] ?? 200;
      this.#status = statusOf(headers) ?? (httpStatus === 200 ? undefined : statusOfHttp(httpStatus));
    });
    stream.on("trailers", (headers) => {
      this.#status = statusOf(headers as Parameters<typeof statusOf>[0]) ?? this.#status;
    });
    stream.on("data", (piece: Buffer) => {
      this.#channel.heardAt = performance.now();
      if (frames.push(piece) !== undefined) stream.close();
    });
    stream.on("error", () => undefined);
    // The server has said all, and it is over, whatever this side had still to say.
    stream.once("end", () => stream.close());
    stream.once("close", () => {
      this.#finish(this.#status ?? unavailable("the connection was lost", this.isSent));
    });
  }

  write(frame: Buffer): void {
    if (this.#stream === undefined || this.#isOver || this.#stream.destroyed) return;
    writeFrameHead(frame);
    this.#stream.write(frame);
  }

  end(): void {
    this.#stream?.end();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#channel.calls.delete(this);
    const CANCEL = 8;
    this.#stream?.close(CANCEL);
  }

  #finish(status: GrpcStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#channel.calls.delete(this);
    this.#handlers.onEnd(status);
  }
}

function unavailable(message: string, wasSent = false): GrpcStatus {
  return { code: STATUS.unavailable, message, detail: undefined, wasSent };
}
