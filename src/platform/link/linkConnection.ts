import type { Socket } from "node:net";
import type { LinkDownReason, LinkStatistics } from "../../ports/link.ts";
import { FrameReader } from "./frameReader.ts";
import { INTRODUCTION_BYTES_MAX } from "./introduction.ts";
import { PING_KIND } from "./linkFrame.ts";
import type { TcpLinkOptions } from "./linkOptions.ts";
import { SendQueue } from "./sendQueue.ts";

/** What gathers beyond this does not wait for the end of the turn. */
const EARLY_FLUSH_BYTES = 128 * 1024;
/** A connection that was ended politely is cut off after so long. */
const LINGER_MILLIS = 500;

/** Who uses a connection: first the introduction, then the link. */
export interface ConnectionOwner {
  onFrame(kind: number, bytes: Uint8Array): void;
  /** Nothing comes after it. It is not told of an end that it asked for. */
  onEnd(reason: LinkDownReason, message: string): void;
}

/** Frames, heartbeats and deadlines on one socket. */
export class LinkConnection {
  readonly address: string;
  owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #options: TcpLinkOptions;
  readonly #statistics: LinkStatistics;
  readonly #queue: SendQueue;
  readonly #reader: FrameReader;
  #isOpen = true;
  #isFlushDue = false;
  #heardAt: number;
  #sentAt: number;
  #takenAt: number;

  constructor(
    socket: Socket,
    options: TcpLinkOptions,
    statistics: LinkStatistics,
    address: string,
    owner: ConnectionOwner,
  ) {
    this.address = address;
    this.owner = owner;
    this.#socket = socket;
    this.#options = options;
    this.#statistics = statistics;
    this.#heardAt = this.#sentAt = this.#takenAt = performance.now();
    this.#queue = new SendQueue(socket, statistics);
    this.#queue.onTaken = () => {
      this.#takenAt = performance.now();
    };
    this.#reader = new FrameReader(INTRODUCTION_BYTES_MAX, (kind, bytes) => this.#frame(kind, bytes));
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => this.#data(chunk));
    socket.on("error", (error) => this.#ended("broken", error.message));
    socket.on("end", () => this.#ended("closed_by_peer", "the peer closed the connection"));
    socket.on("close", () => this.#ended("broken", "the connection was closed"));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get bufferedBytes(): number {
    return this.#queue.bufferedBytes;
  }

  /** From now on frames may be as long as the options say. */
  allowLongFrames(): void {
    this.#reader.frameBytesMax = this.#options.frameBytesMax;
  }

  send(kind: number, parts: readonly Uint8Array[]): boolean {
    let length = 0;
    for (const part of parts) length += part.length;
    const buffered = this.#queue.bufferedBytes;
    if (!this.#isOpen || (buffered > 0 && buffered + length > this.#options.bufferBytesMax)) {
      this.#statistics.framesRefused++;
      return false;
    }
    this.#queue.add(kind, parts, length);
    this.#statistics.framesSent++;
    if (buffered + length > EARLY_FLUSH_BYTES) this.flush();
    else this.#flushAtEndOfTurn();
    return true;
  }

  flush(): void {
    if (!this.#isOpen) return;
    const now = performance.now();
    this.#sentAt = now;
    if (!this.#queue.isWaiting) this.#takenAt = now;
    this.#queue.flush();
  }

  /** Pings, and notices what does not come any more. To be called some times per heartbeat. */
  tick(now: number): void {
    if (!this.#isOpen) return;
    if (this.#lateness(now) !== undefined) {
      // If this process was stopped, what would prove that the peer is alive has come and waits to be read: look again after that.
      setImmediate(() => this.#judge());
    }
    if (now - this.#sentAt >= this.#options.heartbeatMillis) {
      this.#queue.add(PING_KIND, [], 0);
      this.flush();
    }
  }

  /**
   * This process stood still until now. Its peers may have done so too, with the whole machine: they get the time in which a healthy one
   * is heard again.
   */
  stoodStill(now: number): void {
    const { silenceMillis, heartbeatMillis } = this.#options;
    const graceful = now - Math.max(0, silenceMillis - 2 * heartbeatMillis);
    this.#heardAt = Math.max(this.#heardAt, graceful);
    this.#takenAt = Math.max(this.#takenAt, graceful);
  }

  #judge(): void {
    const lateness = this.#lateness(performance.now());
    if (!this.#isOpen || lateness === undefined) return;
    this.#socket.destroy();
    this.#ended(lateness, lateness === "silent" ? "nothing was heard for too long" : "the peer takes nothing");
  }

  #lateness(now: number): "silent" | "stuck" | undefined {
    const max = this.#options.silenceMillis;
    if (now - this.#heardAt > max) return "silent";
    return this.#queue.isWaiting && now - this.#takenAt > max ? "stuck" : undefined;
  }

  /** Lets what was sent leave, and closes. */
  end(): void {
    if (!this.#isOpen) return;
    this.flush();
    this.#stop();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER_MILLIS).unref();
  }

  /** Closes at once. */
  destroy(): void {
    this.#stop();
    this.#socket.destroy();
  }

  #stop(): void {
    this.#isOpen = false;
    this.#reader.stop();
  }

  #flushAtEndOfTurn(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  #data(chunk: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#heardAt = performance.now();
    this.#statistics.bytesReceived += chunk.length;
    const fault = this.#reader.push(chunk);
    if (fault === undefined || !this.#isOpen) return;
    this.#socket.destroy();
    this.#ended("damaged", fault);
  }

  #frame(kind: number, bytes: Uint8Array): void {
    if (kind === PING_KIND) return;
    this.#statistics.framesReceived++;
    this.owner.onFrame(kind, bytes);
  }

  #ended(reason: LinkDownReason, message: string): void {
    if (!this.#isOpen) return;
    this.#stop();
    if (!this.#socket.destroyed) this.#socket.destroy();
    this.owner.onEnd(reason, message);
  }
}
