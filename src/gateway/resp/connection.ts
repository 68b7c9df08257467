import type { Socket } from "node:net";
import { Args } from "../../core/command/args.ts";
import { REPLY_BYTES_MAX } from "../../core/command/reply.ts";
import type { Session } from "../../core/command/session.ts";
import { DirectWriter } from "../../proto/directWrite.ts";
import type { Client, ClientSink, Output } from "../../worker/client.ts";
import type { Executor } from "../../worker/executor.ts";
import type { CallsStream } from "../kv/callsStream.ts";
import { FramedCalls } from "./framedCalls.ts";
import { hangUp } from "./hangUp.ts";
import { INCOMPLETE, PROTOCOL_ERROR, RequestParser } from "./requestParser.ts";
import { readShared, SHARED_READ_BYTES } from "./sharedRead.ts";

/** Replies of one client are handed over when so much has gathered, so that a long pipeline does not hold it all. */
const REPLIES_BYTES_MAX = 256 * 1024;
/** While more than this waits for the client to read it, or for its commit, the client's requests wait. */
const OUTPUT_BYTES_HIGH = 1 << 20;
/** A client that takes nothing of what waits for it in so long a time is cut off. */
const STALL_MILLIS = 60_000;
/** One client's requests are executed for so long, looked at every so many requests; then others have their turn. */
const TURN_MILLIS = 2;
const TURN_CHECK_REQUESTS = 16;
/** What may wait, in and out, of somebody who has not given the password yet. */
const STRANGER_QUERY_BYTES_MAX = 1 << 20;
const STRANGER_OUTPUT_BYTES_MAX = 64 * 1024;
/** Places in a request are integers of 32 bits. */
const QUERY_BYTES_MAX = 0x7fff_ffff - SHARED_READ_BYTES;

export interface ConnectionLimits {
  readonly bulkBytesMax: number;
  readonly queryBytesMax: number;
  readonly outputBytesMax: number;
}

/** Answers the calls of a stream; `end` is called when the server stops. Undefined: this node answers none any more. */
export type OpenCalls = (stream: CallsStream) => { end(): void } | undefined;

/** Of all connections together: to be asked for often, however many there are. */
export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/** What a connection needs of its node. */
export interface ConnectionParts {
  readonly executor: Executor;
  readonly limits: () => ConnectionLimits;
  readonly openCalls: OpenCalls;
  readonly traffic: Traffic;
}

/** What the client hears that sends more before `CALLS` is answered. */
const TOO_EARLY = "ERR Protocol error: CALLS is answered before anything else is sent, and after everything else";

/**
 * One Redis client: bytes in, requests to the executor, replies out.
 *
 * Its memory is bounded on both ways. Requests are not executed while the client does not read the replies to earlier ones;
 * meanwhile what it sends is still taken, up to the limit of the query buffer, because many clients write a whole pipeline before
 * they read.
 */
export class Connection implements ClientSink {
  readonly client: Client;
  /** Told when the connection is gone. */
  onClosed: () => void = () => undefined;
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  readonly #executor: Executor;
  readonly #limits: () => ConnectionLimits;
  readonly #parser: RequestParser;
  readonly #args = new Args();
  #pumping = false;
  #resuming = false;
  /** The client has sent its last byte. */
  #inputOver = false;
  /** No request is executed any more. */
  #ended = false;
  /** Too much output waits. */
  #full = false;
  #stallTimer: NodeJS.Timeout | undefined;
  readonly #openCalls: OpenCalls;
  readonly #traffic: Traffic;
  /** What comes and goes since the client has sent `CALLS`, and who answers it. */
  #calls: FramedCalls | undefined;
  #answering: { end(): void } | undefined;

  /** Takes over a socket that was accepted with `pauseOnConnect`. */
  constructor(accepted: Socket, session: Session, { executor, limits, openCalls, traffic }: ConnectionParts) {
    this.#traffic = traffic;
    this.#executor = executor;
    this.#limits = limits;
    this.#openCalls = openCalls;
    this.#parser = new RequestParser({
      get bulkBytesMax() {
        return limits().bulkBytesMax;
      },
      get authenticated() {
        return session.authenticated;
      },
    });
    this.client = executor.connect(session, this);
    const socket = readShared(accepted, (bytes, length) => this.#received(bytes, length));
    this.#socket = socket;
    this.#writer = new DirectWriter(socket, () => this.#drained());
    socket.on("end", () => this.#receivedAll());
    socket.on("drain", () => this.#drained());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#closed());
    socket.resume();
  }

  // In

  #received(bytes: Uint8Array, length: number): void {
    this.#traffic.receivedBytes += length;
    if (this.#ended) return;
    if (this.#calls !== undefined) {
      this.client.session.lastUsedAt = Date.now();
      this.#calls.received(bytes, length);
    } else {
      this.#parser.feed(bytes, length);
      this.#pump();
    }
    // There is more, and Node would read on at once.
    if (length === SHARED_READ_BYTES) this.#yield();
  }

  /** As Redis does: who closes while it waits for something is gone, but requests that have come are answered. */
  #receivedAll(): void {
    this.#inputOver = true;
    if (this.#calls !== undefined) this.#calls.receivedAll();
    else this.#pump();
  }

  /** Executes what has arrived, as far as the node, the session and the other clients let it. */
  #pump(): void {
    if (this.#pumping || this.#ended || this.#calls !== undefined) return;
    this.#pumping = true;
    this.#executor.beginTurn();
    const isStarved = this.#execute();
    this.#finish();
    this.#parser.settle(this.#args);
    this.#pumping = false;
    if (this.client.session.carriesCalls) this.#beginCalls();
    else this.#afterPump(isStarved);
  }

  /** Frames could not be told from replies to earlier requests that are still to come, so there are none. */
  #beginCalls(): void {
    const { client } = this;
    if (client.held > 0 || this.#parser.bufferedBytes > 0) {
      this.#executor.refuse(client, TOO_EARLY);
      this.#finish();
      return this.end();
    }
    const socket = this.#socket;
    const unsentBytes = (): number => this.#writer.unsentBytes;
    this.#calls = new FramedCalls({
      peer: client.session.address,
      get unsentBytes() {
        return unsentBytes();
      },
      write: (output) => this.send(output),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      end: () => this.end(),
    });
    this.#answering = this.#openCalls(this.#calls);
    if (this.#answering === undefined) this.end();
    else if (this.#inputOver) this.#calls.receivedAll();
  }

  /** Hands the replies over: to `send`, at once or when what they depend on is committed. */
  #finish(): void {
    const { unfinishedBytes } = this.#executor;
    if (unfinishedBytes > OUTPUT_BYTES_HIGH && unfinishedBytes > this.#outputBytesMax) this.destroy();
    this.#executor.finish(this.client);
    if (this.client.heldBytes > OUTPUT_BYTES_HIGH) this.#checkOutput();
  }

  /** Whether it ended because there is no whole request left. */
  #execute(): boolean {
    const executor = this.#executor;
    const { client } = this;
    const { session } = client;
    let turnEnd = 0;
    for (let executed = 1; !this.#full && !session.carriesCalls && executor.mayExecute(client); executed++) {
      const outcome = this.#parser.next(this.#args);
      if (outcome === INCOMPLETE) return true;
      if (outcome === PROTOCOL_ERROR) {
        executor.refuse(client, `ERR ${this.#parser.error}`);
        session.closing = true;
      } else executor.run(client, this.#args);
      if (session.closing || this.#ended) return false;
      if (executor.unfinishedBytes > REPLIES_BYTES_MAX) this.#finish();
      if (executed % TURN_CHECK_REQUESTS !== 0) continue;
      const now = performance.now();
      if (turnEnd === 0) turnEnd = now + TURN_MILLIS;
      else if (now > turnEnd) {
        this.#yield();
        return false;
      }
    }
    return false;
  }

  #afterPump(isStarved: boolean): void {
    if (this.#ended) return;
    const { client } = this;
    const { session } = client;
    const { bufferedBytes } = this.#parser;
    session.queryBytes = bufferedBytes;
    session.queryFreeBytes = this.#parser.freeBytes;
    if (session.closing || (isStarved && this.#inputOver)) this.end();
    else if (bufferedBytes > STRANGER_QUERY_BYTES_MAX && bufferedBytes > this.#queryBytesMax) this.destroy();
    else if (client.waits) {
      if (this.#inputOver) this.destroy();
    } else if (!isStarved && !this.#executor.mayExecute(client)) {
      this.#socket.pause();
      this.#executor.awaitNode(client);
    }
  }

  get #queryBytesMax(): number {
    if (!this.client.session.authenticated) return STRANGER_QUERY_BYTES_MAX;
    return Math.min(this.#limits().queryBytesMax, QUERY_BYTES_MAX);
  }

  /** The other clients have their turn, then this one goes on. */
  #yield(): void {
    if (this.#resuming || this.#ended) return;
    this.#resuming = true;
    this.#socket.pause();
    setImmediate(() => this.#goOn());
  }

  /** Goes on, but not now: the caller may be in the middle of another client's requests. */
  resume(): void {
    if (this.#resuming || this.#ended) return;
    this.#resuming = true;
    process.nextTick(() => this.#goOn());
  }

  #goOn(): void {
    this.#resuming = false;
    if (this.#ended) return;
    if (this.#calls?.isPaused !== true) this.#socket.resume();
    this.#pump();
  }

  // Out

  send(output: Output): void {
    if (this.#socket.destroyed) return;
    this.#traffic.sentBytes += output.length;
    const hasRoom = typeof output === "string" ? this.#writer.write(output) : this.#socket.write(output);
    if (!hasRoom || this.#ended || this.client.session.outputBytes > 0) this.#checkOutput();
  }

  /** Looks after output that the client does not take, or that waits for its commit. */
  #checkOutput(): void {
    const { client } = this;
    const { session } = client;
    const outputBytes = this.#writer.unsentBytes + client.heldBytes;
    session.outputBytes = outputBytes;
    if (outputBytes > this.#outputBytesMax) this.destroy();
    else if (this.#ended) this.#closeWhenSent();
    else if (outputBytes > OUTPUT_BYTES_HIGH) this.#stall();
    else if (this.#full) {
      this.#full = false;
      clearTimeout(this.#stallTimer);
      this.resume();
    }
  }

  /** The system has taken what it had not taken at once. */
  #drained(): void {
    this.#checkOutput();
    this.#calls?.drained();
  }

  get #outputBytesMax(): number {
    if (!this.client.session.authenticated) return STRANGER_OUTPUT_BYTES_MAX;
    return Math.min(this.#limits().outputBytesMax, REPLY_BYTES_MAX);
  }

  #stall(): void {
    if (this.#full) return;
    this.#full = true;
    this.#watchStall();
  }

  #watchStall(): void {
    const { unsentBytes } = this.#writer;
    this.#stallTimer = setTimeout(() => {
      if (unsentBytes > 0 && this.#writer.unsentBytes === unsentBytes) this.destroy();
      else this.#watchStall();
    }, STALL_MILLIS);
  }

  // The end

  end(): void {
    if (this.#ended) return;
    const answering = this.#answering;
    this.#answering = undefined;
    // It sends what is answered, and may come back here.
    answering?.end();
    if (this.#ended) return;
    this.#ended = true;
    this.#closeWhenSent();
  }

  /** Replies that wait for their commit still go out first. */
  #closeWhenSent(): void {
    if (this.client.held > 0 || this.#socket.writableEnded) return;
    hangUp(this.#socket, () => this.#executor.disconnect(this.client));
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #closed(): void {
    this.#ended = true;
    clearTimeout(this.#stallTimer);
    this.#executor.disconnect(this.client);
    this.#calls?.closed();
    this.onClosed();
  }
}
