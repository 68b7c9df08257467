import type { Prng } from "../../src/base/prng.ts";
import type { Args } from "../../src/core/command/args.ts";
import type { Session } from "../../src/core/command/session.ts";
import type { Client, ClientSink, Output } from "../../src/worker/client.ts";
import type { Executor } from "../../src/worker/executor.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import type { ClusterProcess } from "./clusterProcess.ts";

export const DELAY_MICROS_MAX = 400;

export interface ClientConnectionEvents {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  /** There will be no answers any more. */
  closed(): void;
}

/** A client's connection to a process, whatever is said over it: requests wait until the executor takes them, answers arrive in order. */
export abstract class ClientConnection<Request> implements ClientSink {
  readonly process: ClusterProcess;
  readonly #events: ClientConnectionEvents;
  readonly #executor: Executor;
  readonly #client: Client;
  readonly #inbox: Request[] = [];
  #isPumping = false;
  #isOpen = true;
  #lastReplyAt = 0;

  constructor(
    process: ClusterProcess,
    events: ClientConnectionEvents,
    session: Session,
    table?: Parameters<Executor["connect"]>[2],
  ) {
    this.process = process;
    this.#events = events;
    this.#executor = process.node!.executor;
    this.#client = this.#executor.connect(session, this, table);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  protected abstract argsOf(request: Request): Args;
  abstract send(output: Output): void;

  /** They come to the node `micros` later. */
  protected arriveAfter(micros: number, requests: readonly Request[]): void {
    this.#events.scheduler.after(micros, this.process.life, "request", () => this.arrived(requests));
  }

  /** They have come to the node. */
  protected arrived(requests: readonly Request[]): void {
    if (this.#client.gone) return;
    this.#inbox.push(...requests);
    this.#pump();
  }

  #pump(): void {
    const executor = this.#executor;
    const client = this.#client;
    if (this.#isPumping || client.gone) return;
    this.#isPumping = true;
    executor.beginTurn();
    while (executor.mayExecute(client)) {
      const request = this.#inbox.shift();
      if (request === undefined) break;
      executor.run(client, this.argsOf(request));
    }
    executor.finish(client);
    this.#isPumping = false;
    if (!executor.mayExecute(client) && client.parked === undefined && !client.gone) executor.awaitNode(client);
  }

  /** Runs when what the node sends now has come to the client, unless that has gone. */
  protected later(label: string, run: () => void): void {
    const { scheduler, prng } = this.#events;
    this.#lastReplyAt = Math.max(this.#lastReplyAt + 1, scheduler.nowMicros + prng.between(1, DELAY_MICROS_MAX));
    scheduler.after(this.#lastReplyAt - scheduler.nowMicros, undefined, label, () => {
      if (this.#isOpen) run();
    });
  }

  /** The client goes away; the node hears of it `micros` later, and until then executes what it was asked for. */
  protected hangUp(micros: number): void {
    this.#isOpen = false;
    this.#events.scheduler.after(micros, this.process.life, "hang up", () => {
      if (!this.#client.gone) this.#executor.disconnect(this.#client);
    });
  }

  /** The process at the other end, or its machine, is gone: the client hears of it when what was on its way has come. */
  lost(): void {
    this.later("connection lost", () => {
      this.#isOpen = false;
      this.#events.closed();
    });
  }

  end(): void {
    if (!this.#client.gone) this.#executor.disconnect(this.#client);
    this.lost();
  }

  destroy(): void {
    this.lost();
  }

  resume(): void {
    this.#pump();
  }
}
