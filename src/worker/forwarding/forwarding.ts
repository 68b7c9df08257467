import type { Random } from "../../base/random.ts";
import type { Args } from "../../core/command/args.ts";
import type { Access, Call } from "../../core/command/call.ts";
import type { QueuedCommand } from "../../core/command/session.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { CommandTable } from "../../core/command/table.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { ForwardNetwork } from "../../ports/forwarder.ts";
import type { Client, Output } from "../client.ts";
import { skipOne } from "../replyMode.ts";
import type { ClusterView } from "../slots/clusterView.ts";
import { withTimeLeft } from "../timeLeft.ts";
import { Judge, type Verdict } from "./judge.ts";
import { type Forwarded, Lane, type Place } from "./lane.ts";
import { movedTo, refusalOf } from "./refusals.ts";
import { Relay } from "./relay.ts";
import { requestArgs, requestBytes, writeWords } from "./requestText.ts";
import { Scatter } from "./scatter.ts";
import { textOf, type Upstream } from "./upstream.ts";
import { Upstreams } from "./upstreams.ts";

/** A request that is refused where it should be executed is tried again for so long, as one at its own node is held. */
const RETRY_MILLIS_MAX = 10_000;
/** Who is refused after so long had been let wait for keys, and was not refused all the time. */
const WAITED_MILLIS = 1_000;
const RETRY_DELAY_MILLIS = 20;
const RETRY_DELAY_MILLIS_MAX = 200;
/** Who is sent on so often without a pause in between is let wait before the next attempt. */
const QUICK_HOPS_MAX = 2;
/** One client's requests under way. */
const IN_FLIGHT_MAX = 4_096;
const UNBLOCK_ATTEMPTS_MAX = 10;
/** When so much of its replies waits for earlier ones, it asks for no more. */
const HELD_BYTES_MAX = 4 << 20;

const NODES_DIFFER = "-CROSSSLOT Watched keys are on different nodes\r\n";
const OVERTAKEN = "-TRYAGAIN A later request was executed first; this was not executed\r\n";

type ForwardVerdict = Verdict & { readonly code: "forward" };

/** What the executor does for those whose requests are forwarded. */
export interface ForwardingHost {
  /** Hands over what was written for the client. */
  finish(client: Client): void;
  kill(client: Client): void;
  /** Judges and, if it belongs here now, evaluates a request in its place: `heldAgain` or, at once or later, `filled` follows. */
  retry(place: Place, forwarded: Forwarded): void;
  /** The request waits until `told`. */
  postpone(client: Client, args: Args): void;
  told(client: Client): void;
}

export interface ForwardingParts {
  readonly network: ForwardNetwork;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly table: CommandTable;
  /** The cluster's password, latin1; empty for none. */
  readonly password: () => string;
  /** `host:port` of this node's own Redis clients. */
  readonly self: () => string | undefined;
  /** Given where commands on keys of many slots are split between their owners. */
  readonly scatterOver?: ClusterView;
}

/**
 * Executes requests at the nodes to which they belong, for clients that know nothing of clusters. Replies go out in the order of a
 * client's requests; nothing that may have changed anything is ever sent twice (REPLICATION.md section 6).
 */
export class Forwarding {
  readonly statistics = { forwarded: 0, retried: 0, lost: 0, scattered: 0 };
  readonly judge: Judge;
  readonly #parts: ForwardingParts;
  readonly #host: ForwardingHost;
  readonly #upstreams: Upstreams;
  readonly #scatter: Scatter | undefined;
  /** Lanes in which something was filled or refused since they were looked after. */
  readonly #touched = new Set<Lane>();
  readonly #waitingForRoom = new Set<Client>();

  constructor(parts: ForwardingParts, host: ForwardingHost) {
    this.#parts = parts;
    this.#host = host;
    const { network, timers, password, scatterOver, table } = parts;
    this.#upstreams = new Upstreams({
      ...{ network, timers, password },
      onReplies: () => this.#settleTouched(),
      onRoom: () => this.#tellRoom(),
    });
    this.#scatter =
      scatterOver === undefined
        ? undefined
        : new Scatter({
            view: scatterOver,
            randomIndex: (count) => parts.random.u32() % count,
            upstream: (address, protocol) => this.#upstreams.shared(address, protocol),
            onDone: (lane, place, output) => this.#answer(lane, place, output),
            onUnknown: (lane) => this.#doom(lane),
          });
    this.judge = new Judge({
      table,
      mayScatter: (call, spec, said) => this.#scatter?.applies(call, spec, said) === true,
      forgetWatch: (lane) => this.#forgetWatch(lane),
    });
  }

  get connections(): number {
    return this.#upstreams.size;
  }

  wrap(access: Access | undefined): Access | undefined {
    return access === undefined ? undefined : this.judge.wrap(access);
  }

  /** Deals with a request that was held; false when there is nothing to do but to wait for access. */
  take(client: Client, args: Args, call: Call): boolean {
    const { verdict } = this.judge;
    if (verdict === undefined) return false;
    this.judge.verdict = undefined;
    client.lane ??= new Lane(client);
    if (verdict.code === "wait") this.#wait(client, args);
    else if (verdict.code === "forward") this.#forward(client.lane, args, verdict, call);
    else this.#scatterOut(client.lane, args, verdict.spec, call);
    return true;
  }

  #wait(client: Client, args: Args): void {
    this.#host.postpone(client, args);
  }

  #forward(lane: Lane, args: Args, verdict: ForwardVerdict, call: Call): void {
    const { slot, address, spec } = verdict;
    const { client, watch } = lane;
    const { session } = client;
    const mayBlock = spec.flags.includes("blocking") && !session.denyBlocking;
    const holdsClient = mayBlock || spec.name === "watch";
    if (holdsClient && lane.inFlight > 0) return this.#wait(client, args);
    if (watch !== undefined && (spec.name === "exec" || spec.name === "watch"))
      if (!isUsable(watch.upstream, address, session.protocol)) return this.#watchIsLost(lane, spec, address);
    const upstream = this.#upstreamFor(lane, address, holdsClient);
    if (this.#mustWait(lane, slot, upstream)) return this.#wait(client, args);
    if (upstream.isFull) {
      this.#waitingForRoom.add(client);
      return this.#wait(client, args);
    }
    this.#host.finish(client);
    const forwarded = this.#requestOf(lane, args, verdict, mayBlock);
    if (spec.name === "watch") lane.watch = { address, slot, upstream };
    if (spec.name === "exec") {
      session.transaction = undefined;
      lane.watch = undefined;
    }
    if (holdsClient) {
      client.postponed = requestArgs(forwarded.bytes);
      client.waitsBriefly = !mayBlock;
      if (mayBlock) lane.waitsAt = upstream;
    }
    skipOne(session);
    session.commandsProcessed++;
    session.lastUsedAt = call.now;
    this.#send(lane, lane.add(forwarded), forwarded, upstream);
  }

  #requestOf(lane: Lane, args: Args, { spec, slot }: ForwardVerdict, mayBlock: boolean): Forwarded {
    const { client, begunAgain } = lane;
    const { session } = client;
    const transaction = spec.name === "exec" ? session.transaction : undefined;
    const before = begunAgain?.args === args ? begunAgain.forwarded : undefined;
    return {
      client,
      spec,
      bytes: requestBytes(args),
      transaction,
      protocol: session.protocol,
      writes: spec.flags.includes("write") || transaction?.queue.some(isWrite) === true,
      isSilent: session.replyMode !== "on",
      isWatched: spec.name === "exec" && lane.watch !== undefined,
      mayBlock,
      holdsClient: mayBlock || spec.name === "watch",
      since: before?.since ?? this.#parts.clock.monotonic(),
      sentAt: this.#parts.clock.monotonic(),
      slot,
      hops: before?.hops ?? 0,
      movedTo: undefined,
      refusal: undefined,
    };
  }

  #upstreamFor(lane: Lane, address: string, isAlone: boolean): Upstream {
    const { protocol } = lane.client.session;
    if (lane.watch !== undefined && isUsable(lane.watch.upstream, address, protocol)) return lane.watch.upstream;
    if (!isAlone) return this.#upstreams.shared(address, protocol);
    if (lane.dedicated !== undefined && isUsable(lane.dedicated, address, protocol)) return lane.dedicated;
    if (lane.dedicated !== lane.watch?.upstream) lane.dedicated?.close("it is not needed");
    lane.dedicated = this.#upstreams.own(address, protocol);
    lane.owned.add(lane.dedicated);
    return lane.dedicated;
  }

  /** Requests for one slot must reach its owner in their order; so must those that go to one node by two ways. */
  #mustWait(lane: Lane, slot: number, upstream: Upstream): boolean {
    if (lane.inFlight === 0) return false;
    if (lane.isExclusive || lane.refused > 0 || lane.inFlight >= IN_FLIGHT_MAX) return true;
    if (lane.client.heldBytes > HELD_BYTES_MAX) return true;
    if ((lane.slots.get(slot) ?? upstream) !== upstream) return true;
    if (lane.upstreams.has(upstream) && lane.upstreams.size === 1) return false;
    for (const used of lane.upstreams) if (used !== upstream && used.address === upstream.address) return true;
    return false;
  }

  #send(lane: Lane, place: Place, forwarded: Forwarded, upstream: Upstream): void {
    this.statistics.forwarded++;
    lane.slots.set(forwarded.slot, upstream);
    lane.upstreams.add(upstream);
    upstream.send(new Relay(place, forwarded, this));
  }

  /** The connection that watched is gone, or the keys are elsewhere now: as if a watched key had been touched. */
  #watchIsLost(lane: Lane, spec: CommandSpec, address: string): void {
    const { client, watch } = lane;
    const { session } = client;
    this.#host.finish(client);
    let output = "+OK\r\n";
    if (spec.name === "exec") {
      session.transaction = undefined;
      this.#forgetWatch(lane);
      output = session.protocol === 3 ? "_\r\n" : "*-1\r\n";
    } else if (watch?.address !== address) output = NODES_DIFFER;
    lane.fill(lane.add(), session.replyMode === "on" ? output : "");
    skipOne(session);
    this.#touch(lane);
    this.#settleTouched();
  }

  #forgetWatch(lane: Lane): void {
    const { watch } = lane;
    lane.watch = undefined;
    if (watch === undefined || watch.upstream.isClosed) return;
    watch.upstream.send({
      replies: 1,
      mayWait: false,
      write: (out) => writeWords(out, "UNWATCH"),
      onReply: () => undefined,
      onLost: () => undefined,
    });
  }

  #scatterOut(lane: Lane, args: Args, spec: CommandSpec, call: Call): void {
    const { client } = lane;
    const { session } = client;
    this.#host.finish(client);
    lane.isExclusive = true;
    const place = lane.add(undefined, true);
    const isSilent = session.replyMode !== "on";
    skipOne(session);
    session.commandsProcessed++;
    session.lastUsedAt = call.now;
    this.statistics.scattered++;
    this.#scatter!.begin(lane, place, spec, args.retain(), isSilent);
    this.#settleTouched();
  }

  // What becomes of it

  replied(place: Place, forwarded: Forwarded, reply: Output, firstError: string | undefined): void {
    const lane = forwarded.client.lane!;
    const refusal = refusalOf(reply, firstError);
    if (refusal !== undefined) return this.refuse(place, forwarded, refusal);
    this.#answer(lane, place, forwarded.isSilent ? "" : reply);
  }

  lost(place: Place, forwarded: Forwarded, wasSent: boolean, reason: string): void {
    const lane = forwarded.client.lane!;
    this.statistics.lost++;
    if (wasSent && forwarded.writes) this.#doom(lane);
    else this.refuse(place, forwarded, `CLUSTERDOWN The node that has the key cannot be reached: ${reason}`);
  }

  /** It was not executed, and is tried again as long as it may be. */
  refuse(place: Place, forwarded: Forwarded, refusal: string): void {
    const { client, isWatched, protocol } = forwarded;
    const lane = client.lane!;
    const now = this.#parts.clock.monotonic();
    if (forwarded.mayBlock && now - forwarded.sentAt > WAITED_MILLIS) forwarded.since = now;
    if (forwarded.spec.name === "watch") lane.watch = undefined;
    if (isWatched) return this.#answer(lane, place, protocol === 3 ? "_\r\n" : "*-1\r\n");
    if (client.gone || now - forwarded.since > RETRY_MILLIS_MAX)
      return this.#answer(lane, place, forwarded.isSilent ? "" : `-${refusal}\r\n`);
    const moved = movedTo(refusal);
    forwarded.movedTo = moved?.address;
    if (moved !== undefined) forwarded.slot = moved.slot;
    forwarded.refusal = refusal;
    lane.refused++;
    this.#touch(lane);
  }

  #answer(lane: Lane, place: Place, output: Output): void {
    const { forwarded } = place;
    lane.fill(place, output);
    lane.begunAgain = undefined;
    if (forwarded?.mayBlock) lane.waitsAt = undefined;
    if (forwarded?.holdsClient) forwarded.client.postponed = undefined;
    if (forwarded?.holdsClient && !forwarded.client.gone) forwarded.client.sink.resume();
    this.#touch(lane);
  }

  /** Something that the client began may have happened or not, and nobody can tell: its connection ends, as with a lost primary. */
  #doom(lane: Lane): void {
    lane.isDoomed = true;
    this.#touch(lane);
  }

  #touch(lane: Lane): void {
    this.#touched.add(lane);
  }

  #settleTouched(): void {
    while (this.#touched.size > 0) {
      const lanes = [...this.#touched];
      this.#touched.clear();
      for (const lane of lanes) this.#settle(lane);
    }
  }

  #settle(lane: Lane): void {
    const { client } = lane;
    lane.drain();
    if (client.gone) return;
    if (lane.isDoomed) return this.#host.kill(client);
    if (lane.refused > 0 && lane.refused === lane.inFlight) this.#retrySoon(lane);
    if (lane.inFlight === 0) this.#host.told(client);
  }

  #retrySoon(lane: Lane): void {
    if (lane.isRetrying) return;
    lane.isRetrying = true;
    const hops = Math.max(...lane.refusedPlaces().map((place) => place.forwarded!.hops));
    const isQuick =
      hops < QUICK_HOPS_MAX && lane.refusedPlaces().every((place) => place.forwarded!.movedTo !== undefined);
    if (isQuick) return this.#retryAll(lane);
    const delay = Math.min(RETRY_DELAY_MILLIS * 2 ** Math.min(hops, 8), RETRY_DELAY_MILLIS_MAX);
    this.#parts.timers.after(delay, () => {
      this.#retryAll(lane);
      this.#settleTouched();
    });
  }

  /** Everything else of the client's is answered: what was refused is tried again, in order. */
  #retryAll(lane: Lane): void {
    lane.isRetrying = false;
    const places = lane.refusedPlaces();
    const overtaken = places.filter((place) => lane.wasOvertaken(place));
    lane.slots.clear();
    lane.upstreams.clear();
    const refusals = places.map((place) => place.forwarded!.refusal!);
    for (const place of places) place.forwarded!.refusal = undefined;
    lane.refused -= places.length;
    const refusedSlots = new Set<number>();
    for (const [at, place] of places.entries()) {
      const forwarded = place.forwarded!;
      const refused = lane.refused;
      if (lane.client.gone) this.#answer(lane, place, "");
      else if (overtaken.includes(place)) this.#answer(lane, place, forwarded.isSilent ? "" : OVERTAKEN);
      else if (refusedSlots.has(forwarded.slot)) this.refuse(place, forwarded, refusals[at]!);
      else this.#retry(lane, place, forwarded, refusals[at]!);
      if (lane.refused > refused) refusedSlots.add(forwarded.slot);
    }
  }

  /** Requests for one slot take the way of the first of them. */
  #retry(lane: Lane, place: Place, forwarded: Forwarded, refusal: string): void {
    const { movedTo: address, client, holdsClient, slot, protocol } = forwarded;
    const before = lane.slots.get(slot);
    if (before !== undefined && before.protocol !== protocol) return this.refuse(place, forwarded, refusal);
    const isQuick = ++forwarded.hops <= QUICK_HOPS_MAX;
    this.statistics.retried++;
    forwarded.movedTo = undefined;
    if (holdsClient) {
      // Nothing came behind it: it begins anew.
      lane.takeBack(place);
      lane.waitsAt = undefined;
      if (forwarded.mayBlock) {
        const passed = this.#parts.clock.monotonic() - forwarded.sentAt;
        client.postponed = withTimeLeft(client.postponed!, passed);
      }
      lane.begunAgain = { args: client.postponed!, forwarded };
      if (forwarded.isSilent && client.session.replyMode === "on") client.session.replyMode = "skipNext";
      this.#host.told(client);
    } else if (before !== undefined) this.#send(lane, place, forwarded, before);
    else if (isQuick && address !== undefined && address !== this.#parts.self())
      this.sendAgain(place, forwarded, address);
    else this.#host.retry(place, forwarded);
  }

  sendAgain(place: Place, forwarded: Forwarded, address: string): void {
    const upstream = this.#upstreams.shared(address, forwarded.protocol);
    this.#send(forwarded.client.lane!, place, forwarded, upstream);
  }

  /** Lets `evaluate` see the session as it was when the request came. */
  asItWas<T>(forwarded: Forwarded, evaluate: () => T): T {
    const { client, transaction, protocol, since } = forwarded;
    const { session, heldSince } = client;
    const now = { transaction: session.transaction, protocol: session.protocol };
    Object.assign(session, { transaction, protocol });
    client.heldSince = since;
    this.judge.lane = client.lane;
    this.judge.isRetry = true;
    try {
      return evaluate();
    } finally {
      this.judge.isRetry = false;
      Object.assign(session, now);
      client.heldSince = heldSince;
    }
  }

  /** A request that is tried again may not be executed here, or not now. */
  heldAgain(place: Place, forwarded: Forwarded): void {
    const { verdict } = this.judge;
    this.judge.verdict = undefined;
    if (verdict?.code !== "forward") return this.refuse(place, forwarded, "TRYAGAIN The key has no owner at present");
    forwarded.slot = verdict.slot;
    this.sendAgain(place, forwarded, verdict.address);
  }

  /** The request was evaluated here after all. */
  filled(place: Place, forwarded: Forwarded, output: Output): void {
    this.#answer(forwarded.client.lane!, place, output);
  }

  /**
   * The reply to a request that was evaluated here has waited for its commit: nothing else tells that what was refused beside it may be
   * tried again now, or what came behind it be executed. Not at once: the commit is still being told.
   */
  filledLater(lane: Lane): void {
    const { inFlight, refused, client } = lane;
    if (inFlight === 0 ? client.postponed === undefined : refused < inFlight) return;
    this.#touch(lane);
    this.#parts.timers.endOfTurn(() => this.#settleTouched());
  }

  /**
   * Ends the wait of a client at another node, with what that node says of it. False if it does not wait there; what came for it in
   * the meantime it gets all the same.
   */
  unblock(client: Client, withError: boolean, attempt = 1): boolean {
    const upstream = client.lane?.waitsAt;
    const id = upstream?.clientId;
    if (upstream === undefined || upstream.isClosed || id === undefined) return false;
    this.#upstreams.shared(upstream.address, upstream.protocol).send({
      replies: 1,
      mayWait: false,
      write: (out) => writeWords(out, "CLIENT", "UNBLOCK", String(id), withError ? "ERROR" : "TIMEOUT"),
      // The two connections are apart: the request itself may be behind.
      onReply: (reply) => {
        if (textOf(reply) !== ":0\r\n" || attempt === UNBLOCK_ATTEMPTS_MAX) return;
        this.#parts.timers.after(RETRY_DELAY_MILLIS, () => {
          if (client.lane?.waitsAt === upstream) this.unblock(client, withError, attempt + 1);
        });
      },
      onLost: () => undefined,
    });
    return true;
  }

  #tellRoom(): void {
    const clients = [...this.#waitingForRoom];
    this.#waitingForRoom.clear();
    for (const client of clients) if (!client.gone) this.#host.told(client);
  }

  disconnected(client: Client): void {
    this.#waitingForRoom.delete(client);
    const { lane } = client;
    if (lane === undefined) return;
    lane.watch = undefined;
    for (const upstream of lane.owned) upstream.close("the client is gone");
    lane.owned.clear();
  }

  stop(): void {
    this.#upstreams.stop();
  }
}

function isWrite({ spec }: QueuedCommand): boolean {
  return spec.flags.includes("write");
}

function isUsable(upstream: Upstream, address: string, protocol: 2 | 3): boolean {
  return !upstream.isClosed && upstream.address === address && upstream.protocol === protocol;
}
