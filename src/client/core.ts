import { performance } from "node:perf_hooks";
import { Dispatcher } from "./dispatcher.ts";
import { HoldfastError, type HoldfastErrorCode } from "./errors.ts";
import { Listeners } from "./listeners.ts";
import type { AnswerMessage, TopologyMessage } from "./messages.ts";
import type { ClientEvents, ClientMetrics } from "./metrics.ts";
import { type CallOptions, checkMillis, type Settings } from "./options.ts";
import type { Request, RequestFacts } from "./request.ts";
import { Routes } from "./routes.ts";
import { TopologyFeed } from "./topologyFeed.ts";
import type { GrpcStatus } from "./wire/grpcStatus.ts";
import { STATUS } from "./wire/grpcStatus.ts";
import { WriteSessions } from "./writeSessions.ts";

/** `isForPrimary`: by default what is no plain read, and everything with `readFrom: "primary"`. */
export type CallFacts = Omit<RequestFacts, "deadline" | "isForPrimary"> & {
  readonly isForPrimary?: boolean | undefined;
};

/** What all parts of a client share: who has what, the connections, and the way of a call there and back. */
export class ClientCore {
  readonly settings: Settings;
  readonly routes = new Routes();
  readonly dispatcher: Dispatcher;
  readonly listeners = new Listeners<ClientEvents>();
  readonly #feed: TopologyFeed;
  readonly #onTopology = new Set<() => void>();
  readonly #errors: { [code in HoldfastErrorCode]?: number } = {};
  #calls = 0;
  #retries = 0;
  #redirects = 0;
  #slotsVersion = 0;
  #lastStatus: GrpcStatus | undefined;
  #isClosed = false;

  constructor(settings: Settings) {
    this.settings = settings;
    const { tls, password, inFlightMax, callsOver } = settings;
    this.dispatcher = new Dispatcher(this.routes, { tls, password, callsOver }, inFlightMax, {
      onRetry: ({ kind, attempts }, { message }, pauseMillis) => {
        this.#retries++;
        this.listeners.tell("retry", { kind, message, pauseMillis, attempts });
      },
      onMoved: (slot, address) => {
        this.#redirects++;
        this.listeners.tell("redirect", { slot, address });
      },
    });
    if (settings.exactlyOnce) {
      this.dispatcher.sessions = new WriteSessions(settings.timeoutMillis, {
        routes: this.routes,
        channelTo: (address) => this.dispatcher.linkTo(address).channel,
        resume: (request, failure) => this.dispatcher.resume(request, failure),
        onSession: (isOpen, from, message) => this.listeners.tell("session", { isOpen, from, message }),
      });
    }
    this.#feed = new TopologyFeed(
      settings.addresses,
      { tls, password },
      {
        onTopology: (topology, address) => this.#take(topology, address),
        onLost: (from, status) => {
          this.#lastStatus = status;
          this.listeners.tell("topologyLost", { from, message: status.message });
        },
      },
    );
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the topology is known. Rejects with `unavailable`, `unauthenticated` or `denied`. */
  open(): Promise<void> {
    this.#feed.open();
    return new Promise((resolve, reject) => {
      const ended = (error?: HoldfastError): void => {
        clearTimeout(timer);
        stop();
        unwatch();
        if (error === undefined) resolve();
        else {
          this.close();
          reject(error);
        }
      };
      const timer = setTimeout(() => ended(this.#unreachable()), this.settings.connectMillis);
      const stop = this.onTopology(() => ended());
      const unwatch = this.listeners.on("topologyLost", () => {
        const code = this.#lastStatus?.code;
        if (code === STATUS.unauthenticated || code === STATUS.permissionDenied) ended(this.#unreachable());
      });
    });
  }

  #unreachable(): HoldfastError {
    const { code, message } = this.#lastStatus ?? { code: STATUS.unavailable, message: "nobody answers" };
    if (code === STATUS.unauthenticated) return new HoldfastError("unauthenticated", message);
    if (code === STATUS.permissionDenied) return new HoldfastError("denied", message);
    return new HoldfastError("unavailable", `${this.settings.addresses.join(", ")}: ${message}`);
  }

  /** Calls `listener` after each change of the topology; answers how to end that. */
  onTopology(listener: () => void): () => void {
    this.#onTopology.add(listener);
    return () => this.#onTopology.delete(listener);
  }

  #take(topology: TopologyMessage, from: string): void {
    if (!this.routes.take(topology)) return;
    this.#slotsVersion = topology.slotsVersion;
    const { groups } = topology;
    this.dispatcher.keepOnly(new Set(groups.flatMap(({ workers }) => workers.map(({ rpc }) => rpc))));
    for (const listener of [...this.#onTopology]) listener();
    this.listeners.tell("topology", { slotsVersion: topology.slotsVersion, groups: groups.length, from });
  }

  /** Asks; resolves with the answer, which is no error. */
  call<T>(facts: CallFacts, options: CallOptions | undefined, finish: (answer: AnswerMessage) => T): Promise<T> {
    this.#calls++;
    const { timeoutMillis, signal } = options ?? {};
    if (timeoutMillis !== undefined) checkMillis("timeoutMillis", timeoutMillis);
    if (signal?.aborted === true) {
      return Promise.reject(
        this.counted(new HoldfastError("aborted", "the call was aborted", false, { cause: signal.reason })),
      );
    }
    return new Promise((resolve, reject) => {
      const now = performance.now();
      const deadline = now + (timeoutMillis ?? this.settings.timeoutMillis);
      const request = requestOf(facts, deadline, facts.isForPrimary ?? this.#isForPrimary(facts));
      const stop = signal === undefined ? undefined : this.#followSignal(request, signal);
      request.resolve = (answer) => {
        stop?.();
        if (answer[facts.kind] !== undefined) resolve(finish(answer));
        else
          reject(
            this.counted(
              new HoldfastError("internal", `it was asked to ${facts.kind}, and answers something else`, facts.isWrite),
            ),
          );
      };
      request.reject = (error) => {
        stop?.();
        reject(this.counted(error));
      };
      this.dispatcher.submit(request, now);
    });
  }

  #isForPrimary({ kind, isWrite, consistency }: CallFacts): boolean {
    if (consistency === "eventual") return isWrite;
    return kind !== "get" || this.settings.readFrom === "primary";
  }

  #followSignal(request: Request, signal: AbortSignal): () => void {
    const abort = (): void => this.dispatcher.abort(request, signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    return () => signal.removeEventListener("abort", abort);
  }

  counted(error: HoldfastError): HoldfastError {
    this.#errors[error.code] = (this.#errors[error.code] ?? 0) + 1;
    return error;
  }

  metrics(): Omit<ClientMetrics, "cache"> {
    const now = performance.now();
    const nodes = [...this.dispatcher.links.values()].map((link) => ({
      address: link.address,
      carrier: link.carrier,
      inFlight: link.inFlight,
      calls: link.calls,
      reads: link.reads,
      messages: link.messages,
      latencyMillis: link.latencyMillis(now),
    }));
    return {
      calls: this.#calls,
      retries: this.#retries,
      redirects: this.#redirects,
      errors: { ...this.#errors },
      inFlight: this.dispatcher.open,
      slotsVersion: this.#slotsVersion,
      nodes,
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#feed.close();
    this.dispatcher.close();
  }
}

function nothing(): void {}

function requestOf(facts: CallFacts, deadline: number, isForPrimary: boolean): Request {
  return {
    kind: facts.kind,
    message: facts.message,
    slot: facts.slot,
    isWrite: facts.isWrite,
    consistency: facts.consistency,
    address: facts.address,
    isForPrimary,
    asksPrimary: isForPrimary,
    deadline,
    link: undefined,
    id: 0,
    sentAt: 0,
    older: undefined,
    newer: undefined,
    attempts: 0,
    isOver: false,
    timer: undefined,
    once: undefined,
    waitsIn: undefined,
    isInDoubt: false,
    lastFailure: undefined,
    resolve: nothing,
    reject: nothing,
  };
}
