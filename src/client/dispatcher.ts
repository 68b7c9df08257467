import { performance } from "node:perf_hooks";
import { HoldfastError } from "./errors.ts";
import { errorOf, lastingCode, nextStep } from "./failures.ts";
import { Link, type LinkEvents, type LinkOptions } from "./link.ts";
import type { AnswerMessage } from "./messages.ts";
import { chooseNode } from "./replicaChoice.ts";
import type { Failure, Request } from "./request.ts";
import type { Routes } from "./routes.ts";
import type { WriteSessions } from "./writeSessions.ts";

const BACKOFF_FIRST_MILLIS = 5;
const BACKOFF_MILLIS_MAX = 300;
/** Redirections that are followed at once; then there are pauses. */
const HOPS_MAX = 4;
/** What may be asked again is, when there was no answer for so long. */
const PATIENCE_MILLIS = 1000;
const SWEEP_MILLIS = 10;

export interface DispatcherEvents {
  onRetry(request: Request, failure: Failure, pauseMillis: number): void;
  /** Answers say that the routes are old. */
  onMoved(slot: number, address: string): void;
}

/** Brings each request to a node that answers it, within its deadline. */
export class Dispatcher implements LinkEvents {
  readonly links = new Map<string, Link>();
  /** Numbers writes; undefined: they go without, and are not repeated when their fate is unknown. */
  sessions: WriteSessions | undefined;
  readonly #routes: Routes;
  readonly #options: Omit<LinkOptions, "redisOf">;
  readonly #inFlightMax: number;
  readonly #events: DispatcherEvents;
  readonly #paused = new Set<Request>();
  #open = 0;
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(routes: Routes, options: Omit<LinkOptions, "redisOf">, inFlightMax: number, events: DispatcherEvents) {
    this.#routes = routes;
    this.#options = options;
    this.#inFlightMax = inFlightMax;
    this.#events = events;
  }

  /** Requests without an answer. */
  get open(): number {
    return this.#open;
  }

  /** Asks on behalf of a request that is new. `now` is `performance.now()`. */
  submit(request: Request, now: number): void {
    if (this.#isClosed) {
      request.reject(new HoldfastError("closed", "this client was closed"));
      return;
    }
    if (this.#open >= this.#inFlightMax) {
      request.reject(new HoldfastError("busy", `${this.#inFlightMax} calls have no answer yet`));
      return;
    }
    this.#open++;
    this.#sweep ??= setInterval(() => this.#sweepDeadlines(), SWEEP_MILLIS);
    this.#attempt(request, now);
  }

  /** The program wants no answer any more. */
  abort(request: Request, cause: unknown): void {
    if (request.isOver) return;
    const mayBeExecuted = isInDoubt(request);
    request.link?.forget(request);
    const error = new HoldfastError("aborted", "the call was aborted", mayBeExecuted, { cause });
    this.#finish(request);
    request.reject(error);
  }

  linkTo(address: string): Link {
    const known = this.links.get(address);
    if (known !== undefined) return known;
    const link = new Link(address, { ...this.#options, redisOf: (node) => this.#routes.redisOf(node) }, this);
    // It counts from where the others are, or everything would go to it until it has caught up.
    for (const { turn } of this.links.values()) link.turn = Math.max(link.turn, turn);
    this.links.set(address, link);
    return link;
  }

  /** Whoever is in no topology any more is not kept; requests that wait there fail, or go elsewhere. */
  keepOnly(addresses: ReadonlySet<string>): void {
    for (const [address, link] of this.links) {
      if (addresses.has(address) || link.inFlight > 0) continue;
      this.links.delete(address);
      link.close();
    }
  }

  /** All that has no answer is rejected. */
  close(): void {
    this.#isClosed = true;
    this.sessions?.stop();
    const requests = [...this.#paused, ...[...this.links.values()].flatMap((link) => [...link.pending])];
    for (const link of this.links.values()) link.close();
    for (const request of requests) {
      if (request.isOver) continue;
      const mayBeExecuted = isInDoubt(request);
      this.#finish(request);
      request.reject(new HoldfastError("closed", "this client was closed", mayBeExecuted));
    }
    clearInterval(this.#sweep);
  }

  onAnswer(request: Request, answer: AnswerMessage): void {
    if (request.isOver) return;
    this.#finish(request);
    request.resolve(answer);
  }

  onFailure(request: Request, failure: Failure): void {
    if (request.isOver) return;
    const from = request.link;
    request.link = undefined;
    request.lastFailure = failure;
    if (request.isWrite && !failure.isUndone) request.isInDoubt = true;
    if (failure.reason === "NOT_PRIMARY" && !request.asksPrimary && from !== undefined) {
      this.#notInSync(request, failure, from);
      return;
    }
    const next = nextStep(request, failure);
    if (next.kind === "fail") {
      this.#finish(request);
      request.reject(errorOf(next.code, failure, request.attempts));
      return;
    }
    if (failure.reason === "SESSION_EXPIRED") this.sessions?.ended(request, performance.now());
    const { slot } = request;
    if (next.kind === "elsewhere") {
      if (failure.reason === "MOVED") {
        this.#routes.moved(failure.slot ?? slot, failure.address);
        this.#events.onMoved(failure.slot ?? slot, failure.address);
      } else this.#routes.primaryIs(slot, failure.address);
      if (request.attempts <= HOPS_MAX) {
        this.#events.onRetry(request, failure, 0);
        this.#attempt(request);
        return;
      }
    } else if (from !== undefined) this.#routes.forget(slot, from.address);
    this.#pause(request, failure);
  }

  /** A replica does not answer what has to be new: the primary does. */
  #notInSync(request: Request, failure: Failure, replica: Link): void {
    replica.avoid(performance.now());
    request.asksPrimary = true;
    const { slot } = request;
    const primary = this.#routes.primaryOf(slot);
    // Of who is primary, only the one who was taken for it knows better than the topology.
    if (failure.address !== "" && (primary === undefined || primary === replica.address))
      this.#routes.primaryIs(slot, failure.address);
    this.#events.onRetry(request, failure, 0);
    this.#attempt(request);
  }

  /** Goes on with a write that waited for its number; with `failure`, it gets none. */
  resume(request: Request, failure?: Failure): void {
    if (request.isOver || this.#isClosed) return;
    this.#paused.delete(request);
    clearTimeout(request.timer);
    request.timer = undefined;
    request.waitsIn = undefined;
    if (failure === undefined) this.#attempt(request);
    else this.onFailure(request, failure);
  }

  #attempt(request: Request, now = performance.now()): void {
    if (now >= request.deadline) {
      this.#expire(request);
      return;
    }
    if (request.isWrite && request.once === undefined && this.sessions?.take(request, now) === false) {
      this.#paused.add(request);
      request.timer = setTimeout(() => this.#expire(request), request.deadline - now);
      return;
    }
    const link = this.#choose(request, now);
    if (link === undefined) {
      this.#pause(request, request.lastFailure ?? NOBODY);
      return;
    }
    request.attempts++;
    link.send(request, now);
  }

  #choose(request: Request, now: number): Link | undefined {
    const { slot } = request;
    if (request.address !== undefined && request.attempts === 0) return this.linkTo(request.address);
    const replicas = request.asksPrimary ? NO_REPLICAS : this.#routes.replicasOf(slot);
    const replica = replicas.length > 1 ? this.#chooseReplica(replicas, request, now) : undefined;
    if (replica !== undefined) return replica;
    const address = this.#routes.primaryOf(slot) ?? replicas[0];
    return address === undefined ? undefined : this.linkTo(address);
  }

  #chooseReplica(addresses: readonly string[], { consistency }: Request, now: number): Link | undefined {
    const awake: Link[] = [];
    for (const address of addresses) {
      const link = this.linkTo(address);
      if (!link.isResting && (consistency === "eventual" || !link.isAvoided(now))) awake.push(link);
    }
    return chooseNode(awake, now, Math.random);
  }

  /** Full jitter: M. Brooker, "Exponential Backoff And Jitter". */
  #pause(request: Request, failure: Failure): void {
    const most = Math.min(BACKOFF_MILLIS_MAX, BACKOFF_FIRST_MILLIS * 2 ** Math.min(request.attempts, 10));
    const pauseMillis = failure.retryAfterMillis + Math.random() * most;
    if (performance.now() + pauseMillis >= request.deadline) {
      this.#finish(request);
      request.reject(errorOf(lastingCode(failure, request), failure, request.attempts));
      return;
    }
    this.#events.onRetry(request, failure, pauseMillis);
    this.#paused.add(request);
    request.timer = setTimeout(() => {
      this.#paused.delete(request);
      request.timer = undefined;
      this.#attempt(request);
    }, pauseMillis);
  }

  #sweepDeadlines(): void {
    if (this.#open === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
      return;
    }
    const now = performance.now();
    for (const link of this.links.values()) {
      if (link.inFlight === 0) continue;
      link.impatient(now);
      for (const request of link.pending) {
        if (now >= request.deadline) this.#expire(request);
        else if (now - request.sentAt >= PATIENCE_MILLIS && this.#mayAskAgain(request, link)) this.#askAgain(request);
      }
    }
  }

  /** A write is asked for again only elsewhere: whoever is merely slow would get more to do. */
  #mayAskAgain({ isWrite, once, slot }: Request, link: Link): boolean {
    if (!isWrite) return true;
    const primary = once === undefined ? undefined : this.#routes.primaryOf(slot);
    return primary !== undefined && primary !== link.address;
  }

  #askAgain(request: Request): void {
    request.link?.forget(request);
    request.link = undefined;
    request.isInDoubt = request.isWrite;
    this.#events.onRetry(request, NO_ANSWER, 0);
    this.#attempt(request);
  }

  #expire(request: Request): void {
    const { link, attempts, lastFailure } = request;
    const mayBeExecuted = isInDoubt(request);
    link?.forget(request);
    this.#finish(request);
    if (link === undefined && lastFailure !== undefined) {
      request.reject(errorOf(lastingCode(lastFailure, request), lastFailure, attempts));
      return;
    }
    const facts = { attempts, ...(link !== undefined && { address: link.address }) };
    const error = mayBeExecuted
      ? new HoldfastError("unknown", "no answer came in time: the write may have been carried out", true, facts)
      : new HoldfastError("timeout", "no answer came in time", false, facts);
    request.reject(error);
  }

  #finish(request: Request): void {
    request.isOver = true;
    this.#open--;
    if (this.#paused.size > 0) this.#paused.delete(request);
    if (request.timer !== undefined) clearTimeout(request.timer);
    if (request.isWrite) this.sessions?.close(request);
  }
}

/** Whether some attempt may have been carried out, so far. */
function isInDoubt(request: Request): boolean {
  return request.isInDoubt || (request.isWrite && request.link !== undefined);
}

const NO_REPLICAS: readonly string[] = [];
const NOTHING = { field: "", address: "", slot: undefined, retryAfterMillis: 0, isUndone: true } as const;
const NOBODY: Failure = { ...NOTHING, code: 14, reason: "NOT_SERVED", message: "nobody is known to have the slot" };
const NO_ANSWER: Failure = { ...NOTHING, code: 4, reason: "", message: "no answer came for a while" };
