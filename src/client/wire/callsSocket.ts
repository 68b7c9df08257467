import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Address } from "../../base/address.ts";
import { DirectWriter } from "../../proto/directWrite.ts";
import { FrameReader, writeFrameHead } from "../../proto/grpcFrames.ts";
import { KeptBytes } from "../../proto/keptBytes.ts";
import { type CallHandlers, MESSAGE_BYTES_MAX, type OpenCall } from "./channel.ts";
import { type GrpcStatus, STATUS, statusOfTrailers } from "./grpcStatus.ts";
import { RoundTrips } from "./roundTrips.ts";
import { watchLife } from "./signOfLife.ts";

/** Whoever has not agreed to carry calls by then is asked over gRPC. */
const GREETING_MILLIS_MAX = 500;
const GREETING_BYTES_MAX = 1024;
/** As Redis clients send commands (Redis, "RESP protocol spec"). */
const CALLS_COMMAND = "*2\r\n$5\r\nCALLS\r\n$1\r\n1\r\n";
const AGREED = "+OK\r\n";
const EMPTY_FRAME = Buffer.alloc(5);
/** Round trips are measured at the beginning, where the first ones are slow, and then while the connection is used. */
const FIRST_ROUND_TRIPS = 4;
const MEASURE_MILLIS = 250;
const READ_BYTES = 64 * 1024;
/** What is read is copied out of it at once, so all connections share it. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);
const kept = new KeptBytes();

export interface CallsSocketHandlers extends CallHandlers {
  /** There are no calls here; nothing of `frames`, which were to be written, has been. Comes instead of `onEnd`. */
  onRefused(frames: readonly Buffer[]): void;
}

/** A stream of calls over a connection to a node's Redis port, which takes half of what HTTP/2 does (docs/api.md). */
export class CallsSocket implements OpenCall {
  #heardAt = 0;
  readonly #handlers: CallsSocketHandlers;
  readonly #socket: Socket;
  /** Once there are calls. */
  #writer: DirectWriter | undefined;
  readonly #frames: FrameReader;
  /** Replies that are still to come before there are calls. */
  #greetings: number;
  #greeting = "";
  /** What is to be written then. */
  #waiting: Buffer[] = [];
  #status: GrpcStatus | undefined;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  #stopWatching: (() => void) | undefined;
  readonly #roundTrips = new RoundTrips();
  #pingedAt: number | undefined;
  #wasUsed = false;

  constructor(address: Address, password: string | undefined, handlers: CallsSocketHandlers) {
    this.#handlers = handlers;
    this.#frames = new FrameReader(
      MESSAGE_BYTES_MAX,
      (bytes, start, end) => {
        if (this.#isOver) return;
        if (end > start) handlers.onMessage(bytes, start, end);
        else this.#answered();
      },
      (bytes, start, end) => {
        this.#status = statusOfTrailers(bytes.subarray(start, end));
      },
    );
    const onread = {
      buffer: shared,
      callback: (length: number) => {
        kept.keep(shared, length);
        this.#received(kept.bytes, kept.start, kept.end);
        return true;
      },
    };
    this.#socket = connect({ ...address, noDelay: true, onread });
    this.#greetings = password === undefined ? 1 : 2;
    if (password !== undefined) {
      this.#socket.write(`*2\r\n$4\r\nAUTH\r\n$${Buffer.byteLength(password)}\r\n${password}\r\n`);
    }
    this.#socket.write(CALLS_COMMAND);
    this.#timer = setTimeout(() => this.#socket.destroy(), GREETING_MILLIS_MAX);
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#closed());
  }

  write(frame: Buffer): void {
    if (this.#isOver) return;
    if (this.#writer === undefined) {
      this.#waiting.push(frame);
      return;
    }
    this.#wasUsed = true;
    writeFrameHead(frame);
    if (!this.#socket.destroyed) this.#writer.writeBytes(frame);
  }

  get roundTripMillis(): number {
    return this.#roundTrips.millis;
  }

  end(): void {
    this.#socket.end();
  }

  cancel(): void {
    this.#over();
    this.#socket.destroy();
  }

  #received(bytes: Buffer, start: number, end: number): void {
    this.#heardAt = performance.now();
    const at = this.#greetings > 0 ? this.#takeGreeting(bytes, start, end) : start;
    if (at < end && this.#frames.push(bytes, at, end) !== undefined) this.#socket.destroy();
  }

  /** Where the greetings end in what came. */
  #takeGreeting(bytes: Buffer, start: number, end: number): number {
    const before = this.#greeting.length;
    this.#greeting += bytes.toString("latin1", start, Math.min(end, start + GREETING_BYTES_MAX));
    const wanted = AGREED.repeat(this.#greetings);
    if (!this.#greeting.startsWith(wanted)) {
      if (!wanted.startsWith(this.#greeting)) this.#socket.destroy();
      return end;
    }
    this.#greetings = 0;
    clearTimeout(this.#timer);
    this.#stopWatching = watchLife({
      heardAt: () => this.#heardAt,
      ping: () => this.#ping(),
      giveUp: () => this.#socket.destroy(),
    });
    this.#timer = setInterval(() => {
      if (this.#wasUsed) this.#ping();
      this.#wasUsed = false;
    }, MEASURE_MILLIS);
    this.#writer = new DirectWriter(this.#socket, () => {});
    this.#ping();
    const frames = this.#waiting;
    this.#waiting = [];
    for (const frame of frames) this.write(frame);
    return start + wanted.length - before;
  }

  /** Asks for an empty frame. */
  #ping(): void {
    if (this.#pingedAt !== undefined || this.#socket.destroyed) return;
    this.#pingedAt = performance.now();
    this.#writer!.writeBytes(EMPTY_FRAME);
  }

  #answered(): void {
    if (this.#pingedAt === undefined) return;
    this.#roundTrips.add(performance.now() - this.#pingedAt);
    this.#pingedAt = undefined;
    if (this.#roundTrips.count < FIRST_ROUND_TRIPS) this.#ping();
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#over();
    if (this.#greetings > 0) this.#handlers.onRefused(this.#waiting);
    else this.#handlers.onEnd(this.#status ?? LOST);
  }

  #over(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#stopWatching?.();
  }
}

const LOST: GrpcStatus = {
  code: STATUS.unavailable,
  message: "the connection was lost",
  detail: undefined,
  wasSent: true,
};
