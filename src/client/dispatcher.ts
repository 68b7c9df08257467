import { HoldfastError } from "./errors.ts";
import { errorOf, lastingCode, nextStep } from "./failures.ts";
import { Link, type LinkEvents } from "./link.ts";
import type { AnswerMessage } from "./messages.ts";
import { chooseNode } from "./replicaChoice.ts";
import type { Failure, Request } from "./request.ts";
import type { Routes } from "./routes.ts";
import type { ChannelOptions } from "./wire/channel.ts";

const BACKOFF_FIRST_MILLIS = 5;
const BACKOFF_MILLIS_MAX = 300;
/** Redirections that are followed at once; then there are pauses. */
const HOPS_MAX = 4;
/** What only reads is asked again when there was no answer for so long. */
const READ_PATIENCE_MILLIS = 1000;
const SWEEP_MILLIS = 10;

export interface DispatcherEvents {
  onRetry(request: Request, failure: Failure, pauseMillis: number): void;
  /** Answers say that the routes are old. */
  onMoved(slot: number, address: string): void;
}

/** Brings each request to a node that answers it, within its deadline. */
export class Dispatcher implements LinkEvents {
  readonly links = new Map<string, Link>();
  readonly #routes: Routes;
  readonly #options: ChannelOptions;
  readonly #inFlightMax: number;
  readonly #events: DispatcherEvents;
  readonly #paused = new Set<Request>();
  #open = 0;
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(routes: Routes, options: ChannelOptions, inFlightMax: number, events: DispatcherEvents) {
    this.#routes = routes;
    this.#options = options;
    this.#inFlightMax = inFlightMax;
    this.#events = events;
  }

  /** Requests without an answer. */
  get open(): number {
    return this.#open;
  }

  /** Asks on behalf of a request that is new. */
  submit(request: Request): void {
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
    this.#attempt(request);
  }

  /** The program wants no answer any more. */
  abort(request: Request, cause: unknown): void {
    if (request.isOver) return;
    const mayBeExecuted = request.isWrite && request.link !== undefined;
    request.link?.forget(request);
    const error = new HoldfastError("aborted", "the call was aborted", mayBeExecuted, { cause });
    this.#finish(request);
    request.reject(error);
  }

  linkTo(address: string): Link {
    const known = this.links.get(address);
    if (known !== undefined) return known;
    const link = new Link(address, this.#options, this);
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
    const requests = [...this.#paused, ...[...this.links.values()].flatMap((link) => [...link.pending])];
    for (const link of this.links.values()) link.close();
    for (const request of requests) {
      const mayBeExecuted = request.isWrite && request.link !== undefined;
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
    const next = nextStep(request, failure);
    if (next.kind === "fail") {
      this.#finish(request);
      request.reject(errorOf(next.code, failure, request.attempts));
      return;
    }
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

  #attempt(request: Request): void {
    const now = performance.now();
    if (now >= request.deadline) {
      this.#expire(request);
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
    const { slot, consistency } = request;
    if (request.address !== undefined && request.attempts === 0) return this.linkTo(request.address);
    if (consistency === "eventual" && !request.isWrite) {
      const replicas = this.#routes.replicasOf(slot).map((address) => this.linkTo(address));
      const awake = replicas.filter(({ channel }) => !channel.isResting);
      return chooseNode(awake.length > 0 ? awake : replicas, now, Math.random);
    }
    const primary = this.#routes.primaryOf(slot);
    return primary === undefined ? undefined : this.linkTo(primary);
  }

  /** Full jitter: M. Brooker, "Exponential Backoff And Jitter". */
  #pause(request: Request, failure: Failure): void {
    const most = Math.min(BACKOFF_MILLIS_MAX, BACKOFF_FIRST_MILLIS * 2 ** Math.min(request.attempts, 10));
    const pauseMillis = failure.retryAfterMillis + Math.random() * most;
    if (performance.now() + pauseMillis >= request.deadline) {
      this.#finish(request);
      request.reject(errorOf(lastingCode(failure), failure, request.attempts));
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
    const now = performance.now();
    for (const link of this.links.values()) {
      if (link.inFlight === 0) continue;
      for (const request of [...link.pending]) {
        if (now >= request.deadline) this.#expire(request);
        else if (!request.isWrite && now - request.sentAt >= READ_PATIENCE_MILLIS) this.#askAgain(request);
      }
    }
  }

  #askAgain(request: Request): void {
    request.link?.forget(request);
    request.link = undefined;
    this.#events.onRetry(request, NO_ANSWER, 0);
    this.#attempt(request);
  }

  #expire(request: Request): void {
    const { link, isWrite, attempts, lastFailure } = request;
    const isOut = link !== undefined;
    link?.forget(request);
    this.#finish(request);
    if (!isOut && lastFailure !== undefined) {
      request.reject(errorOf(lastingCode(lastFailure), lastFailure, attempts));
      return;
    }
    const facts = { attempts, ...(link !== undefined && { address: link.address }) };
    const error =
      isWrite && isOut
        ? new HoldfastError("unknown", "no answer came in time: the write may have been carried out", true, facts)
        : new HoldfastError("timeout", "no answer came in time", false, facts);
    request.reject(error);
  }

  #finish(request: Request): void {
    request.isOver = true;
    this.#open--;
    this.#paused.delete(request);
    clearTimeout(request.timer);
    if (this.#open > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}

const NOTHING = { field: "", address: "", slot: undefined, retryAfterMillis: 0, isUndone: true } as const;
const NOBODY: Failure = { ...NOTHING, code: 14, reason: "NOT_SERVED", message: "nobody is known to have the slot" };
const NO_ANSWER: Failure = { ...NOTHING, code: 4, reason: "", message: "no answer came for a while" };
