import { ByteWriter } from "../base/byteWriter.ts";
import { type Seq, seq } from "../base/ids.ts";
import type { Args } from "../core/command/args.ts";
import type { Access } from "../core/command/call.ts";
import { BLOCKED, type DispatchedCall, execute, HELD, mayWrite, type Outcome } from "../core/command/dispatch.ts";
import type { NodeServices } from "../core/command/nodeServices.ts";
import { Reply } from "../core/command/reply.ts";
import type { Session } from "../core/command/session.ts";
import type { CommandTable } from "../core/command/table.ts";
import type { KeySpace } from "../core/state/keySpace.ts";
import { Mutator } from "../core/state/mutator.ts";
import { Blocking } from "./blocking.ts";
import { Client, type ClientSink, type Output } from "./client.ts";
import type { ExecutorParts } from "./executorParts.ts";
import { deleteExpired } from "./expiry.ts";
import { Forwarding, type ForwardingParts } from "./forwarding/forwarding.ts";
import type { Forwarded, Place } from "./forwarding/lane.ts";
import { requestArgs } from "./forwarding/requestText.ts";
import { freshCall } from "./freshCall.ts";
import type { Heat } from "./heat/heat.ts";
import { HeldReplies } from "./heldReplies.ts";
import { outputOf } from "./output.ts";
import { Postponed } from "./postponed.ts";
import { fateOf } from "./replication/fate.ts";
import { skipOne } from "./replyMode.ts";
import { listenToTouches } from "./touchedKeys.ts";
import type { WaitingClients } from "./waitingClients.ts";
import { Watches } from "./watches.ts";

/** So many bytes of entries may wait for the log, or for other replicas to have them; beyond it no more requests are read. */
const PENDING_BYTES_MAX = 64 << 20;
const OUTPUT_KEPT_BYTES_MAX = 1 << 20;

/**
 * The heart of a node: takes requests one at a time, evaluates them on the newest state, gathers their mutations into
 * entries of the log, and lets replies go when what they depend on is committed. Everything happens on one thread, in the
 * order in which requests arrive.
 */
export class Executor {
  readonly state: KeySpace;
  readonly mutator: Mutator;
  readonly clients = new Set<Client>();
  /** Of them, connections of Redis clients; the others execute what comes over gRPC. */
  redisClients = 0;
  readonly watches = new Watches();
  readonly waiting: WaitingClients;
  /** Executes at other nodes what belongs there; undefined where clients are told to go there themselves. */
  forwarding: Forwarding | undefined;
  /** Counts what slots are asked for; undefined where nobody wants to know. */
  heat: Heat | undefined;
  /** Whether keys whose time is over are deleted by the clock; `DEBUG` switches it off. */
  activeExpiry = true;
  /** Keys go by this node's clock, and not only when a primary's log says so. */
  decidesExpiry = true;
  /** Error that answers writes while the log cannot take them. */
  writesRefused: string | undefined;
  /** Called when an entry of the node's own has changed what the group does with slots. */
  onSlots: () => void = () => undefined;
  #access: Access | undefined;
  /** The same, with what is forwarded taken out. */
  #judge: Access | undefined;
  readonly #parts: ExecutorParts;
  readonly #out = new ByteWriter(64 * 1024);
  readonly #reply = new Reply(this.#out);
  readonly #held = new HeldReplies((lane) => this.forwarding?.filledLater(lane));
  readonly #call: DispatchedCall;
  #turnScheduled = false;
  #halted = false;
  #heldBack = false;
  readonly #blocking: Blocking;
  readonly #postponed: Postponed;

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
    this.#blocking = new Blocking({
      timers: parts.timers,
      now: () => parts.clock.monotonic(),
      typeOf: (key) => this.#typeOf(key),
      evaluate: (client, args, reply, key) => this.#evaluate(client, args, reply, key),
      deliver: (client, output) => this.#deliver(client, output),
      again: (client, args) => this.#postponed.again(client, args),
      clients: this.clients,
      onChange: () => listenToTouches(this),
      mayServe: () => this.writesRefused === undefined,
    });
    this.#blocking.reply.onError = this.#reply.onError;
    this.waiting = this.#blocking.waiting;
    this.#call = freshCall(parts, this.mutator, this.#reply, services(this));
  }

  // Clients

  /** `table`: its commands, if they are not those of Redis. */
  connect(session: Session, sink: ClientSink, table?: CommandTable): Client {
    const client = new Client(session, sink, table);
    this.clients.add(client);
    if (table === undefined) this.redisClients++;
    return client;
  }

  /** The connection is gone: its transaction, watches and waits go with it. What it wrote stays. */
  disconnect(client: Client): void {
    client.gone = true;
    if (this.clients.delete(client) && client.table === undefined) this.redisClients--;
    this.watches.remove(client.session);
    this.#postponed.remove(client);
    this.#blocking.unpark(client);
    this.forwarding?.disconnected(client);
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
    return !this.#halted && !this.#heldBack && this.#parts.journal.uncommittedBytes < PENDING_BYTES_MAX;
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
    if (this.forwarding !== undefined) this.forwarding.judge.lane = client.lane;
    const outcome = this.#evaluate(client, args, reply, undefined);
    if (outcome === HELD) return this.#hold(client, args);
    if (outcome === BLOCKED) this.#blocking.park(client, args.retain(), this.#call.blockRequest!);
    else if (session.replyMode !== "on") this.#keepQuiet(client, written);
    else if (this.#out.length > written) client.replies++;
    if (this.waiting.anyReady) this.#blocking.serve();
  }

  #hold(client: Client, args: Args): void {
    if (this.forwarding?.take(client, args, this.#call)) return;
    this.#postponed.untilAllowed(client, args, this.#call.awaits);
  }

  /** What this replica may execute; undefined where that is everything. */
  set access(access: Access | undefined) {
    this.#access = access;
    this.#judge = this.forwarding === undefined ? access : this.forwarding.wrap(access);
  }

  /** From now on requests that belong to other nodes are executed there. */
  forwardBy(parts: ForwardingParts): void {
    this.forwarding = new Forwarding(parts, {
      finish: (client) => this.finish(client),
      kill: (client) => this.kill(client),
      retry: (place, forwarded) => this.#retryForwarded(place, forwarded),
      postpone: (client, args) => this.#postponed.untilTold(client, args),
      told: (client) => this.#postponed.told(client),
    });
    this.access = this.#access;
  }

  /** Judges once more what another node refused; if it belongs here now, it is evaluated as the client's session was then. */
  #retryForwarded(place: Place, forwarded: Forwarded): void {
    const { client } = forwarded;
    const forwarding = this.forwarding!;
    const before = client.dependsOn;
    this.beginTurn();
    const outcome = forwarding.asItWas(forwarded, () => {
      this.#reply.protocol = forwarded.protocol;
      return this.#evaluate(client, requestArgs(forwarded.bytes), this.#reply, undefined);
    });
    if (outcome === HELD) return forwarding.heldAgain(place, forwarded);
    const output = outputOf(this.#out);
    this.#out.reset();
    const { dependsOn } = client;
    client.dependsOn = before;
    if (forwarded.isSilent) forwarding.filled(place, forwarded, "");
    else if (dependsOn <= this.#parts.replica.commitPoint) forwarding.filled(place, forwarded, output);
    else this.#held.add(client, dependsOn, output, 1, place);
    if (this.waiting.anyReady) this.#blocking.serve();
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
    call.access = this.#judge;
    call.heldSince = client.heldSince;
    call.awaits = client.awaits;
    call.blockRequest = undefined;
    call.dependsOn = 0;
    const started = meter.start();
    const errors = reply.errors;
    const { heat } = this;
    const before = reply.out.length;
    heat?.begin();
    this.#beginEntry();
    const outcome = execute(call, client.table ?? this.#parts.table);
    if (outcome === HELD) return outcome;
    if (this.mutator.end()) {
      call.dependsOn = replica.propose();
      journal.entryAdded();
      this.#scheduleTurnEnd();
    }
    if (call.dependsOn > client.dependsOn) client.dependsOn = call.dependsOn;
    session.commandsProcessed++;
    session.lastUsedAt = call.now;
    const micros = meter.finish(call, started, outcome, reply.errors > errors);
    heat?.end(call, outcome, micros, reply.out.length - before);
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
    else this.#deliverLater(client, output);
    client.dependsOn = 0;
    client.replies = 0;
  }

  /** It waits for its commit, or for replies of other nodes that come before it. */
  #deliverLater(client: Client, output: Output): void {
    const { lane, dependsOn, replies } = client;
    const place = lane === undefined || lane.isEmpty ? undefined : lane.add();
    if (place !== undefined && dependsOn <= this.#parts.replica.commitPoint) lane!.fill(place, output);
    else this.#held.add(client, dependsOn, output, replies, place);
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
    for (const client of this.waiting.over()) this.#blocking.timeOut(client);
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
    const spec = (client.table ?? this.#parts.table).find(args);
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

  /** Another replica decides now: blocking commands for keys are sent there, others end with an error; watches break. */
  endAllWaits(error: string): void {
    this.#blocking.endAll(error);
    for (const { session } of this.clients) if (session.watched.size > 0) session.watchBroken = true;
  }

  /** Writes an entry without mutations: opens an epoch, or tries whether the log takes entries again. */
  writeBarrier(): void {
    const { journal, replica } = this.#parts;
    journal.writer.u32(0);
    replica.propose();
    journal.entryAdded();
    this.#endTurn();
  }

  /** Ends a client's wait with a reply that tells, at most, that there was nothing to be had. */
  endWait(client: Client, write: (reply: Reply) => void): void {
    this.#blocking.endWait(client, write);
  }

  /** What clients wait with for keys that `concerns` is executed anew: it may be answered otherwise by now, or belong elsewhere. */
  startOver(concerns: (key: string) => boolean): void {
    this.#blocking.startOver(concerns);
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
    this.writeEntry((mutator) => deleteExpired(mutator, keys, now));
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
    if (this.waiting.anyReady) this.#blocking.serve();
    if (this.state.slots.seq === at) this.onSlots();
    return at;
  }
}
