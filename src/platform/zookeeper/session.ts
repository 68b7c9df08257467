import type { Random } from "../../base/random.ts";
import { WatchTable } from "../../coordination/watchTable.ts";
import type { ZnodeEvent } from "../../coordination/znodeTree.ts";
import type { Clock, Timer, Timers } from "../../ports/clock.ts";
import type { CoordinatorSession, SessionEvent } from "../../ports/coordinator.ts";
import { Connection, type ZookeeperTls } from "./connection.ts";
import type { ServerAddress } from "./connectString.ts";
import { type JuteReader, JuteWriter } from "./jute.ts";
import type { Operation } from "./operations.ts";
import {
  type ConnectResponse,
  connectRequest,
  header,
  OP,
  type ReplyHeader,
  SESSION_EXPIRED,
  SESSION_MOVED,
  type SessionTicket,
  sessionName,
  XID,
} from "./protocol.ts";
import { type Outcome, Requests } from "./requests.ts";
import { ServerList } from "./serverList.ts";
import { setWatchesFrames } from "./setWatches.ts";

export interface SessionParts {
  readonly servers: readonly ServerAddress[];
  /** What is asked for; the servers keep it within 2 to 20 of their ticks. */
  readonly sessionMillis: number;
  /** `user:password` of the digest scheme. */
  readonly auth: string | undefined;
  readonly tls: ZookeeperTls | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** How often the clock is looked at in the time of a session. */
const TICKS = 15;
const TICK_MILLIS_MIN = 10;
const ATTEMPT_MILLIS_MIN = 100;
const CLOSE_MILLIS_MAX = 1000;

const EVENTS: { readonly [type: number]: ZnodeEvent["kind"] } = {
  1: "created",
  2: "deleted",
  3: "changed",
  4: "children",
};

/**
 * A session with an ensemble. While there is one, a lost connection is replaced by one to the next server, with the same session
 * and its watches. A server that says nothing for two thirds of the session is left; a session that could not be shown to any
 * server for four thirds is given up, and whatever is left of it is ended before there is a new one.
 */
export class ZookeeperSession {
  /** By full path. */
  readonly watches = new WatchTable();
  readonly #parts: SessionParts;
  readonly #servers: ServerList;
  readonly #requests: Requests;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #ticker: Timer;
  readonly #tickMillis: number;
  #ticket: SessionTicket | undefined;
  /** A session given up, which servers may still have. */
  #abandoned: SessionTicket | undefined;
  #sessionMillis: number;
  #hadSession = false;
  #state: CoordinatorSession["state"] = "connecting";
  #connection: Connection | undefined;
  #attemptMillis = 0;
  #retry: Timer | undefined;
  #lastZxid = 0n;
  #lastTickMillis: number;
  #sentMillis = 0;
  /** When a server last said something in this session. */
  #heardMillis = 0;
  #lastFailure = "none was tried yet";
  #closed: (() => void) | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#sessionMillis = parts.sessionMillis;
    this.#servers = new ServerList(parts.servers, parts.random);
    this.#requests = new Requests(parts.sessionMillis);
    this.#tickMillis = Math.max(TICK_MILLIS_MIN, Math.floor(parts.sessionMillis / TICKS));
    this.#lastTickMillis = this.#now();
    this.#ticker = parts.timers.every(this.#tickMillis, () => this.#tick());
    this.#attempt();
  }

  get session(): CoordinatorSession {
    return { id: this.#ticket === undefined ? undefined : sessionName(this.#ticket.id), state: this.#state };
  }

  onSession(listener: (event: SessionEvent) => void): () => void {
    const own = (event: SessionEvent): void => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Asks; `settle` is called in the order in which the server has answered. */
  request(operation: Operation<unknown>, settle: (outcome: Outcome) => void): void {
    if (this.#state === "closed") return settle({ kind: "failed", error: { code: "closed" } });
    this.#requests.add(operation, settle, this.#now());
    this.#pump();
  }

  /** Ends the session at the server, if there is one in reach. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const isConnected = this.#state === "connected";
    this.#state = "closed";
    this.#retry?.cancel();
    this.watches.takeAll();
    this.#requests.failWaiting({ code: "closed" });
    if (isConnected && this.#connection !== undefined) {
      const limit = this.#parts.timers.after(CLOSE_MILLIS_MAX, () => this.#connection?.end("no answer to close"));
      await new Promise<void>((resolve) => {
        this.#closed = resolve;
        const write = (): void => undefined;
        const closing = { type: OP.closeSession, isChange: true, write, read: () => undefined };
        this.#requests.add(closing, () => resolve(), this.#now());
        this.#requests.pump((frame) => this.#send(frame));
      });
      limit.cancel();
    }
    this.#ticker.cancel();
    this.#connection?.end("closed");
  }

  // Connections

  #attempt(): void {
    const ticket = this.#abandoned ?? this.#ticket;
    const request = connectRequest(ticket, this.#lastZxid, this.#parts.sessionMillis);
    this.#attemptMillis = this.#now();
    const connection: Connection = new Connection(this.#servers.next(), this.#parts.tls, request, {
      onConnected: (response) => this.#connected(connection, response),
      onReply: (reply, body) => this.#replied(reply, body),
      onEnd: (reason) => this.#ended(reason),
    });
    this.#connection = connection;
  }

  #connected(connection: Connection, response: ConnectResponse): void {
    const isAlive = response.timeoutMillis > 0;
    if (this.#abandoned !== undefined) {
      if (isAlive) return this.#send(header(this.#requests.nextXid(), OP.closeSession).frame());
      this.#abandoned = undefined;
      return connection.end("the session that was given up is over");
    }
    if (!isAlive) {
      if (this.#ticket !== undefined) this.#lose();
      return connection.end("the session is over");
    }
    this.#attach(response);
  }

  #attach({ id, password, timeoutMillis }: ConnectResponse): void {
    const event = this.#ticket === undefined && this.#hadSession ? "renewed" : "connected";
    this.#ticket = { id, password };
    this.#hadSession = true;
    this.#sessionMillis = timeoutMillis;
    this.#heardMillis = this.#now();
    this.#servers.succeeded();
    this.#state = "connected";
    const { auth } = this.#parts;
    if (auth !== undefined) {
      const packet = new JuteWriter().int(XID.auth).int(OP.auth).int(0).text("digest").buffer(Buffer.from(auth));
      this.#send(packet.frame());
    }
    for (const frame of setWatchesFrames(this.watches, this.#lastZxid)) this.#send(frame);
    this.#pump();
    this.#tell(event);
  }

  #ended(reason: string): void {
    this.#connection = undefined;
    this.#lastFailure = reason;
    const wasConnected = this.#state === "connected";
    if (wasConnected) this.#state = "suspended";
    this.#requests.failSent(reason);
    this.#closed?.();
    if (this.#state === "closed") return;
    if (wasConnected) this.#tell("suspended");
    this.#retry = this.#parts.timers.after(this.#servers.pauseMillis(), () => {
      if (this.#connection === undefined && this.session.state !== "closed") this.#attempt();
    });
  }

  // What a server says

  #replied(reply: ReplyHeader, body: JuteReader): void {
    this.#heardMillis = this.#now();
    if (reply.zxid > this.#lastZxid) this.#lastZxid = reply.zxid;
    if (this.#abandoned !== undefined) {
      // Of the session given up only the end is of interest.
      if (reply.xid <= 0) return;
      this.#abandoned = undefined;
      return this.#connection?.end("the session that was given up was ended");
    }
    if (reply.xid === XID.notification) return this.#notified(body);
    if (reply.xid === XID.ping) return;
    if (reply.xid === XID.auth || reply.xid === XID.setWatches) {
      if (reply.error !== 0) this.#connection?.end(`refused ${reply.xid === XID.auth ? "authentication" : "watches"}`);
      return;
    }
    this.#requests.answer(reply, body);
    if (reply.error === SESSION_EXPIRED && this.#state === "connected") this.#lose();
    if (reply.error === SESSION_EXPIRED || reply.error === SESSION_MOVED)
      this.#connection?.end("the session is elsewhere or over");
    else this.#pump();
  }

  #notified(body: JuteReader): void {
    const kind = EVENTS[body.int()];
    body.int();
    const path = body.text();
    if (kind === undefined) return;
    for (const watch of this.watches.take({ kind, path })) watch();
  }

  #pump(): void {
    if (this.#state === "connected") this.#requests.pump((frame) => this.#send(frame));
  }

  #send(frame: Buffer): void {
    this.#sentMillis = this.#now();
    this.#connection?.send(frame);
  }

  // Time

  #tick(): void {
    const now = this.#now();
    const wasAsleep = now - this.#lastTickMillis > 3 * this.#tickMillis;
    this.#lastTickMillis = now;
    // What servers said while this process did not run is still to be read: they are not to blame for the silence.
    if (wasAsleep) return;
    this.#requests.expire(now, this.#lastFailure);
    const silence = now - this.#heardMillis;
    if (this.#state === "connected") {
      if (silence >= (this.#sessionMillis * 2) / 3) this.#connection?.end(`silent for ${Math.round(silence)} ms`);
      else if (now - this.#sentMillis >= this.#sessionMillis / 3) this.#send(header(XID.ping, OP.ping).frame());
      return;
    }
    if (this.#connection !== undefined && now - this.#attemptMillis >= this.#attemptLimitMillis()) {
      this.#connection.end("no answer to the attempt to connect");
    }
    if (this.#ticket !== undefined && silence >= (this.#sessionMillis * 4) / 3) {
      this.#abandoned = this.#ticket;
      this.#lose();
    }
  }

  /** All servers have to be tried in the third of the session that a silent one has left; a slow ensemble gets more in time. */
  #attemptLimitMillis(): number {
    const first = Math.max(ATTEMPT_MILLIS_MIN, this.#sessionMillis / 3 / this.#servers.count);
    return Math.min(first * 2 ** Math.min(this.#servers.rounds, 10), this.#sessionMillis * 2);
  }

  #lose(): void {
    this.#ticket = undefined;
    this.#state = "connecting";
    this.#requests.failWaiting({ code: "session_lost" });
    const watches = this.watches.takeAll();
    for (const watch of watches) watch();
    this.#tell("lost");
  }

  #tell(event: SessionEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #now(): number {
    return this.#parts.clock.monotonic();
  }
}
