import { ByteWriter } from "../base/byteWriter.ts";
import { type Seq, seq } from "../base/ids.ts";
import type { Random } from "../base/random.ts";
import type { Args } from "../core/command/args.ts";
import type { Access, BlockRequest } from "../core/command/call.ts";
import { BLOCKED, type DispatchedCall, execute, HELD, mayWrite, type Outcome } from "../core/command/dispatch.ts";
import type { NodeServices } from "../core/command/nodeServices.ts";
import { Reply } from "../core/command/reply.ts";
import type { Session } from "../core/command/session.ts";
import type { CommandTable } from "../core/command/table.ts";
import type { GroupReplica } from "../core/replica/groupReplica.ts";
import type { KeySpace } from "../core/state/keySpace.ts";
import { Mutator } from "../core/state/mutator.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import { Client, type ClientSink, type Output } from "./client.ts";
import type { CommandMeter } from "./commandMeter.ts";
import { freshCall } from "./freshCall.ts";
import { HeldReplies } from "./heldReplies.ts";
import type { Journal } from "./journal.ts";
import { outputOf } from "./output.ts";
import { Postponed } from "./postponed.ts";
import { fateOf } from "./replication/fate.ts";
import { skipOne } from "./replyMode.ts";
import { listenToTouches } from "./touchedKeys.ts";
import { WaitingClients } from "./waitingClients.ts";
import { Watches } from "./watches.ts";

/** A client may wait for this many bytes of entries that the log has not taken; beyond it no more requests are read. */
const PENDING_BYTES_MAX = 64 << 20;
const OUTPUT_KEPT_BYTES_MAX = 1 << 20;

export interface ExecutorParts {
  readonly state: KeySpace;
  readonly replica: GroupReplica;
  readonly journal: Journal;
  readonly table: CommandTable;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly meter: CommandMeter;
  /** Called after each run of requests: takes values out of memory that is over its limit. */
  readonly reclaim: () => void;
}

/**
 * The heart of a node: takes requests one at a time, evaluates them on the newest state, gathers their mutations into
 * entries of the log, and lets replies go when what they depend on is committed. Everything happens on one thread, in the
 * order in which requests arrive.
 */
export class Executor {
  readonly state: KeySpace;
  readonly mutator: Mutator;
  readonly clients = new Set<Client>();
  readonly watches = new Watches();
  readonly waiting = new WaitingClients((key) => this.#typeOf(key));
  /** Whether keys whose time is over are deleted by the clock; `DEBUG` switches it off. */
  activeExpiry = true;
  /** Keys go by this node's clock, and not only when a primary's log says so. */
  decidesExpiry = true;
  /** Error that answers writes while the log cannot take them. */
  writesRefused: string | undefined;
  /** What this replica may execute; undefined where that is everything. */
  access: Access | undefined;
  readonly #parts: ExecutorParts;
  readonly #out = new ByteWriter(64 * 1024);
  readonly #aside = new ByteWriter(1024);
  readonly #reply = new Reply(this.#out);
  readonly #asideReply = new Reply(this.#aside);
  readonly #held = new HeldReplies();
  readonly #call: DispatchedCall;
  #turnScheduled = false;
  #halted = false;
  #heldBack = false;
  #servingWaiting = false;
  readonly #postponed: Postponed;
  #awake: Client[] = [];

  constructor(parts: ExecutorParts, services: (executor: Executor) => NodeServices) {
    this.#parts = parts;
    this.#postponed = new Postponed({
      clock: parts.clock,
      timers: parts.timers,
      isOpen: () => this.#isOpen,
      goOn: (client, args) => {
        this.beginTurn();
        this.run(client, args);
        this.finish(client);
      },
    });
    this.state = parts.state;
    this.mutator = new Mutator(parts.state, parts.journal.writer);
    this.#reply.onError = (text) => parts.meter.countError(text);
    this.#asideReply.onError = this.#reply.onError;
    this.#call = freshCall(parts, this.mutator, this.#reply, services(this));
  }

  // Clients

  connect(session: Session, sink: ClientSink): Client {
    const client = new Client(session, sink);
    this.clients.add(client);
    return client;
  }

  /** The connection is gone: its transaction, watches and waits go with it. What it wrote stays. */
  disconnect(client: Client): void {
    client.gone = true;
    this.clients.delete(client);
    this.watches.remove(client.session);
    this.#postponed.remove(client);
    this.#unpark(client);
    listenToTouches(this);
  }

  /** Closes a connection at once; nobody hears any more of what it has begun. */
  kill(client: Client): void {
    this.disconnect(client);
    client.sink.destroy();
  }

  /** Whether the client's next request may be executed now. If not, `sink.resume` is called when it may. */
  mayExecute(client: Client): boolean {
    return client.parked === undefined && client.postponed === undefined && this.#isOpen;
  }

  get #isOpen(): boolean {
    return !this.#halted && !this.#heldBack && this.#parts.journal.pendingBytes < PENDING_BYTES_MAX;
  }

  /** Requests begin to arrive: the clock is read once for all that came together. */
  beginTurn(): void {
    this.#call.now = this.#parts.clock.wall();
    this.#call.expiryNow = this.decidesExpiry ? this.#call.now : 0;
    this.state.useClock = Math.floor(this.#call.now / 60_000) & 0xff;
  }

  /** Executes one request. Its reply is kept until `finish`. */
  run(client: Client, args: Args): void {
    if (this.paused !== undefined && this.#isPaused(client, args)) return this.#postponed.untilUnpaused(client, args);
    const { session } = client;
    const written = this.#out.length;
    const reply = this.#reply;
    reply.protocol = session.protocol;
    const outcome = this.#evaluate(client, args, reply, undefined);
    if (outcome === HELD) return this.#postponed.untilAllowed(client, args, this.#call.awaits);
    if (outcome === BLOCKED) this.#park(client, args.retain(), this.#call.blockRequest!);
    else if (session.replyMode !== "on") this.#keepQuiet(client, written);
    else if (this.#out.length > written) client.replies++;
    if (this.waiting.anyReady) this.#serveWaiting();
  }

  /** What this replica could not execute yet is tried again. */
  tryHeld(): void {
    this.#postponed.tryAgain();
  }

  /** Answers a request that could not be read. */
  refuse(client: Client, text: string): void {
    this.#reply.error(text);
    client.replies++;
  }

  /** `CLIENT REPLY OFF` and `SKIP`: what was written after `written` is not sent, but for that of the command itself. */
  #keepQuiet(client: Client, written: number): void {
    const { session } = client;
    if (session.replyMode !== "skip") this.#out.length = written;
    else if (this.#out.length > written) client.replies++;
    skipOne(session);
  }

  #evaluate(client: Client, args: Args, reply: Reply, wakingKey: string | undefined): Outcome {
    const call = this.#call;
    const { replica, journal, meter } = this.#parts;
    const { session } = client;
    call.args = args;
    call.session = session;
    call.reply = reply;
    call.wakingKey = wakingKey;
    call.writesRefused = this.writesRefused;
    call.access = this.access;
    call.heldSince = client.heldSince;
    call.awaits = client.awaits;
    call.blockRequest = undefined;
    call.dependsOn = 0;
    const started = meter.start();
    const errors = reply.errors;
    this.#beginEntry();
    const outcome = execute(call, this.#parts.table);
    if (outcome === HELD) return outcome;
    if (this.mutator.end()) {
      call.dependsOn = replica.propose();
      journal.entryAdded();
      this.#scheduleTurnEnd();
    }
    if (call.dependsOn > client.dependsOn) client.dependsOn = call.dependsOn;
    session.commandsProcessed++;
    session.lastUsedAt = call.now;
    meter.finish(call, started, outcome, reply.errors > errors);
    return outcome;
  }

  /** Every turn may find the journal with another buffer: it goes on by itself when a write is done. */
  #beginEntry(): void {
    const { journal, replica } = this.#parts;
    this.mutator.writeTo(journal.writer);
    this.mutator.begin(replica.nextSeq);
  }

  /** Hands over what was written for the client since the last `finish`: at once, or when it is committed. */
  finish(client: Client): void {
    const out = this.#out;
    if (out.length === 0) return;
    this.#parts.reclaim();
    const output = outputOf(out);
    if (out.bytes.length > OUTPUT_KEPT_BYTES_MAX) out.bytes = new Uint8Array(64 * 1024);
    out.reset();
    this.#deliver(client, output);
  }

  /** Bytes written for the present client and not yet handed over. */
  get unfinishedBytes(): number {
    return this.#out.length;
  }

  #deliver(client: Client, output: Output): void {
    if (client.held === 0 && client.dependsOn <= this.#parts.replica.commitPoint) client.sink.send(output);
    else this.#held.add(client, client.dependsOn, output, client.replies);
    client.dependsOn = 0;
    client.replies = 0;
  }

  // The log

  #scheduleTurnEnd(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.#parts.timers.endOfTurn(() => {
      this.#turnScheduled = false;
      this.#endTurn();
    });
  }

  #endTurn(): void {
    if (this.#halted) return;
    this.#parts.journal.endTurn();
  }

  /** The commit point has moved: replies go out. */
  committed(): void {
    const wasFull = this.#parts.journal.pendingBytes >= PENDING_BYTES_MAX;
    this.#releaseHeld();
    if (wasFull) this.#scheduleTurnEnd();
    for (const client of this.waiting.over()) this.#timeOut(client);
    this.#resumeAll();
  }

  readonly #stalled = new Set<Client>();

  /** The client found `mayExecute` false for a reason of the node's: it hears when that is over. */
  awaitNode(client: Client): void {
    if (client.parked === undefined) this.#stalled.add(client);
  }

  #resumeAll(): void {
    if (!this.#isOpen) return;
    this.#postponed.resume();
    if (this.#stalled.size === 0) return;
    const stalled = [...this.#stalled];
    this.#stalled.clear();
    for (const client of stalled) if (!client.gone) client.sink.resume();
  }

  // `CLIENT PAUSE`

  /** Lets requests wait: all, or those that may write. Keys do not expire meanwhile. */
  pause(mode: "all" | "write"): void {
    this.#postponed.paused = mode;
  }

  unpause(): void {
    this.#postponed.unpause();
  }

  get paused(): "all" | "write" | undefined {
    return this.#postponed.paused;
  }

  #isPaused(client: Client, args: Args): boolean {
    const spec = this.#parts.table.find(args);
    // What is not there is refused at once.
    if (spec === undefined) return false;
    this.#call.session = client.session;
    return this.paused === "all" || mayWrite(this.#call, spec);
  }

  /** Stops executing; `resume` goes on. For a reload of the state, and the end. */
  halt(): void {
    this.#halted = true;
  }

  resume(): void {
    this.#halted = false;
    this.#resumeAll();
  }

  /** Lets requests wait while memory is full of changes that the engine has not taken. */
  holdBack(isHeldBack: boolean): void {
    this.#heldBack = isHeldBack;
    this.#resumeAll();
  }

  get halted(): boolean {
    return this.#halted;
  }

  /** What is not committed never will be: its replies become `error`, and the state must be loaded anew. */
  refuseUncommitted(error: string): void {
    const refused = this.#held.refuse(this.#parts.replica.commitPoint, (count) => `-${error}\r\n`.repeat(count));
    this.#parts.journal.discard();
    this.#parts.replica.discardUncommitted();
    this.#killInTransaction(refused);
    for (const client of this.clients) client.dependsOn = 0;
  }

  #releaseHeld(): void {
    const { replica } = this.#parts;
    this.#killInTransaction(this.#held.release(replica.commitPoint, (at, epoch) => fateOf(replica, at, epoch)));
  }

  /** A client that may have been told of its `MULTI` that it failed does not know what the session is in. */
  #killInTransaction(clients: Iterable<Client>): void {
    for (const client of clients) if (client.session.transaction !== undefined) this.kill(client);
  }

  /** Another replica decides from now on: who waits for a reply hears of it when it is known what became of the entry. */
  deposed(): void {
    const { commitPoint, appendedSeq, logRuns } = this.#parts.replica;
    this.#killInTransaction(this.#held.doubt(commitPoint, appendedSeq, (at) => logRuns.epochAt(seq(at))));
    for (const client of this.clients) if (client.dependsOn > appendedSeq) client.dependsOn = appendedSeq;
    this.#releaseHeld();
  }

  /** Closes the connections of those who still wait to hear of entries of which nobody can tell them what became. */
  killUndecided(): void {
    for (const client of this.#held.clientsInDoubt()) this.kill(client);
  }

  /** Ends all blocking commands with an error, and breaks all watches: another replica decides now. */
  endAllWaits(error: string): void {
    for (const client of [...this.clients]) {
      if (client.parked !== undefined) this.endWait(client, (reply) => reply.error(error));
      if (client.session.watched.size > 0) client.session.watchBroken = true;
    }
  }

  /** Writes an entry without mutations: opens an epoch, or tries whether the log takes entries again. */
  writeBarrier(): void {
    const { journal, replica } = this.#parts;
    journal.writer.u32(0);
    replica.propose();
    journal.entryAdded();
    this.#endTurn();
  }

  // Blocking commands

  #park(client: Client, args: Args, request: BlockRequest): void {
    const { timeoutMillis } = request;
    const timer = timeoutMillis > 0 ? this.#parts.timers.after(timeoutMillis, () => this.#timeOut(client)) : undefined;
    client.parked = { args, request, timer };
    client.session.blocked = true;
    this.waiting.add(client, request);
    listenToTouches(this);
  }

  #unpark(client: Client): void {
    const { parked } = client;
    if (parked === undefined) return;
    parked.timer?.cancel();
    this.waiting.remove(client, parked.request);
    client.parked = undefined;
    client.session.blocked = false;
    listenToTouches(this);
  }

  #timeOut(client: Client): void {
    const { parked } = client;
    if (parked === undefined) return;
    this.endWait(client, (reply) => parked.request.onTimeout(reply));
  }

  /** Ends a client's wait with a reply that tells, at most, that there was nothing to be had. */
  endWait(client: Client, write: (reply: Reply) => void): void {
    this.#unpark(client);
    this.#aside.reset();
    this.#asideReply.protocol = client.session.protocol;
    write(this.#asideReply);
    this.#answerAside(client);
  }

  #answerAside(client: Client): void {
    const { session } = client;
    if (session.replyMode === "on") {
      client.replies++;
      this.#deliver(client, outputOf(this.#aside));
    } else skipOne(session);
    this.#wake(client);
  }

  /** The client's next requests are executed soon: now they would write among the replies of the present one. */
  #wake(client: Client): void {
    if (this.#awake.length === 0) this.#parts.timers.endOfTurn(() => this.#resumeAwake());
    this.#awake.push(client);
  }

  #resumeAwake(): void {
    const awake = this.#awake;
    this.#awake = [];
    for (const client of awake) if (!client.gone) client.sink.resume();
  }

  /**
   * Serves the clients that wait for keys which have become ready, key by key, in Redis's order (`handleClientsBlockedOnKeys`).
   * What one of them is given may make further keys ready: it goes on until there is none.
   */
  #serveWaiting(): void {
    if (this.#servingWaiting || this.writesRefused !== undefined) return;
    this.#servingWaiting = true;
    while (this.waiting.anyReady) for (const key of this.waiting.takeReady()) this.#serveFrom(key);
    this.#servingWaiting = false;
  }

  /** First come, first served, as long as the key has something to give. */
  #serveFrom(key: string): void {
    for (const client of this.waiting.clientsOf(key)) {
      const type = this.#typeOf(key);
      if (type === 0) return;
      if (client.parked?.request.valueType === type) this.#retry(client, client.parked.args, key);
    }
  }

  #retry(client: Client, args: Args, key: string): void {
    this.#aside.reset();
    this.#asideReply.protocol = client.session.protocol;
    const outcome = this.#evaluate(client, args, this.#asideReply, key);
    if (outcome === BLOCKED || outcome === HELD) return;
    this.#unpark(client);
    this.#answerAside(client);
  }

  /** The type of what a key holds, 0 for none. */
  #typeOf(key: string): number {
    const ref = this.state.find(key);
    return ref === 0 ? 0 : this.state.type(ref);
  }

  // Touched keys

  watch(session: Session, key: string): void {
    this.watches.add(session, key);
    listenToTouches(this);
  }

  unwatch(session: Session): void {
    this.watches.remove(session);
    listenToTouches(this);
  }

  // Expiry

  get mayExpire(): boolean {
    return (
      this.decidesExpiry &&
      this.activeExpiry &&
      this.writesRefused === undefined &&
      !this.#halted &&
      this.paused === undefined
    );
  }

  /** Deletes those of `keys` that are expired now, as one entry. */
  deleteExpired(keys: readonly string[]): void {
    if (keys.length === 0 || !this.mayExpire) return;
    const now = this.#parts.clock.wall();
    this.writeEntry((mutator) => {
      for (const key of keys) {
        const ref = this.state.find(key);
        if (ref === 0 || !this.state.expires(ref) || this.state.expireAt(ref) > now) continue;
        mutator.delete(key);
        this.state.statistics.expired++;
      }
    });
  }

  /** An entry of the node's own, if `write` changes anything: its seq, else undefined. Only while this replica evaluates. */
  writeEntry(write: (mutator: Mutator) => void): Seq | undefined {
    const { replica, journal } = this.#parts;
    this.#beginEntry();
    write(this.mutator);
    if (!this.mutator.end()) return undefined;
    const at = replica.propose();
    journal.entryAdded();
    this.#scheduleTurnEnd();
    if (this.waiting.anyReady) this.#serveWaiting();
    return at;
  }
}
