import { failureOfStatus } from "./failures.ts";
import { openSession, type SessionGrant } from "./openSession.ts";
import type { Failure, Request } from "./request.ts";
import type { Routes } from "./routes.ts";
import type { Channel } from "./wire/channel.ts";
import { type GrpcStatus, STATUS } from "./wire/grpcStatus.ts";
import { WriteSession } from "./writeSession.ts";

/** Long beside the five minutes by which wall clocks of nodes may differ. */
const LIFE_MILLIS_MIN = 15 * 60_000;
/** A session is good for at least so many calls in a row that take as long as they may. */
const LIFE_CALLS = 8;
/** Parts of its life after which there is a new one, and after which no write begins in it. */
const RENEW_AT = 1 / 2;
const LAST_AT = 3 / 4;
/** Who does not know sessions is asked again after so long. */
const WITHOUT_MILLIS = 60_000;
/** A session that the servers take for ended sooner than that is not replaced: so would be the next. */
const YOUNG_MILLIS = 1000;
const PATIENCE_MILLIS = 1500;
const PAUSE_FIRST_MILLIS = 10;
const PAUSE_MILLIS_MAX = 300;

export interface WriteSessionsParts {
  readonly routes: Routes;
  readonly channelTo: (address: string) => Channel;
  /** Goes on with a write that has waited; or it fails, because it gets no number. */
  readonly resume: (request: Request, failure?: Failure) => void;
  /** Writes happen exactly once from now on; or they do not, or not yet. */
  readonly onSession: (isOpen: boolean, from: string, message: string) => void;
}

/**
 * Numbers writes, so that they can be sent again whatever became of them: `Once` of kv.proto. There is a session from the first write
 * on, and another at half of its life, as long as there are writes.
 */
export class WriteSessions {
  readonly #parts: WriteSessionsParts;
  readonly #lifeMillis: number;
  readonly #waiting = new Set<Request>();
  readonly #resume = (request: Request): void => this.#parts.resume(request);
  #current: WriteSession | undefined;
  /** Until then writes go without. */
  #withoutUntil = Number.NEGATIVE_INFINITY;
  #isOpening = false;
  #tries = 0;
  #stop: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `timeoutMillis`: how long calls take at most, as a rule. */
  constructor(timeoutMillis: number, parts: WriteSessionsParts) {
    this.#lifeMillis = Math.max(LIFE_MILLIS_MIN, Math.ceil(LIFE_CALLS * timeoutMillis));
    this.#parts = parts;
  }

  /** Gives a write its number, where there are sessions. False: it has to wait; `resume` comes for it. */
  take(request: Request, now: number): boolean {
    if (now < this.#withoutUntil) return true;
    const session = this.#current;
    const age = session === undefined ? 0 : now - session.openedAt;
    if (session === undefined || age >= session.lifeMillis * RENEW_AT) this.#open(request.slot);
    if (session === undefined || age >= session.lifeMillis * LAST_AT) {
      this.#waiting.add(request);
      request.waitsIn = this.#waiting;
      return false;
    }
    const once = session.take(request);
    request.once = once;
    request.message.once = once;
    return once !== undefined;
  }

  /** The write is not sent any more. */
  close(request: Request): void {
    request.waitsIn?.delete(request);
    const { once } = request;
    request.once = undefined;
    once?.of.close(once, this.#resume);
  }

  /** The servers say that the write's session has ended. It gets another number if that is safe. */
  ended(request: Request, now: number): void {
    const { once } = request;
    if (once === undefined || request.isInDoubt) return;
    request.once = undefined;
    request.message.once = undefined;
    once.of.close(once, this.#resume);
    if (this.#current === once.of && now - once.of.openedAt >= YOUNG_MILLIS) this.#current = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop?.();
    this.#isOpening = true;
  }

  #open(slot: number): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    const address = this.#someone(slot);
    if (address === undefined) {
      this.#later(slot);
      return;
    }
    const askedAt = performance.now();
    this.#stop = openSession(this.#parts.channelTo(address), this.#lifeMillis, PATIENCE_MILLIS, (outcome) => {
      this.#stop = undefined;
      this.#isOpening = false;
      if ("id" in outcome) this.#granted(outcome, askedAt, address);
      else this.#refused(outcome, slot, address);
    });
  }

  /** Any node grants sessions: first the one that will be asked to write, then others. */
  #someone(slot: number): string | undefined {
    const { routes } = this.#parts;
    const nodes = new Set(routes.groups.flatMap(({ replicas }) => replicas));
    const primary = routes.primaryOf(slot);
    const all = primary === undefined ? [...nodes] : [primary, ...nodes];
    return all[this.#tries++ % Math.max(1, all.length)];
  }

  #granted({ id, lifeMillis }: SessionGrant, askedAt: number, from: string): void {
    this.#tries = 0;
    this.#current = new WriteSession(id, askedAt, lifeMillis);
    this.#parts.onSession(true, from, "");
    this.#resumeAll();
  }

  #refused(status: GrpcStatus, slot: number, from: string): void {
    this.#parts.onSession(false, from, status.message);
    const failure = failureOfStatus(status, false);
    switch (status.code) {
      case STATUS.unimplemented:
        this.#withoutUntil = performance.now() + WITHOUT_MILLIS;
        this.#current = undefined;
        this.#resumeAll();
        return;
      case STATUS.unauthenticated:
      case STATUS.permissionDenied:
      case STATUS.invalidArgument:
        this.#resumeAll(failure);
        return;
      default:
        for (const request of this.#waiting) request.lastFailure = failure;
        this.#later(slot);
    }
  }

  #later(slot: number): void {
    this.#isOpening = true;
    const most = Math.min(PAUSE_MILLIS_MAX, PAUSE_FIRST_MILLIS * 2 ** Math.min(this.#tries, 10));
    this.#timer = setTimeout(() => {
      this.#isOpening = false;
      // Nobody may want one any more.
      if (this.#waiting.size > 0) this.#open(slot);
    }, Math.random() * most);
  }

  #resumeAll(failure?: Failure): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const request of waiting) this.#parts.resume(request, failure);
  }
}
