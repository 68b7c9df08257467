import { latin1Bytes } from "../../src/base/latin1.ts";
import type { Prng } from "../../src/base/prng.ts";
import type { Client, ClientSink, Output } from "../../src/worker/client.ts";
import type { Executor } from "../../src/worker/executor.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { RequestArgs } from "../node/requestArgs.ts";
import { decodeReply, type RespValue } from "../oracle/respValue.ts";
import { newSession } from "../oracle/session.ts";
import type { ClusterProcess } from "./clusterProcess.ts";

const DELAY_MICROS_MAX = 400;

export interface ConnectionEvents {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  /** The next reply has arrived. */
  answered(reply: RespValue): void;
  /** There will be none any more. */
  closed(): void;
}

/** A client's connection to a process: requests and replies are under way for a while, and arrive in order. */
export class Connection implements ClientSink {
  readonly process: ClusterProcess;
  readonly #events: ConnectionEvents;
  readonly #executor: Executor;
  readonly #client: Client;
  readonly #inbox: (readonly string[])[] = [];
  readonly #args = new RequestArgs();
  #isPumping = false;
  #isOpen = true;
  #lastRequestAt = 0;
  #lastReplyAt = 0;

  constructor(id: number, process: ClusterProcess, isReadOnly: boolean, events: ConnectionEvents) {
    this.process = process;
    this.#events = events;
    this.#executor = process.node!.executor;
    const session = newSession(id, 2);
    session.readOnly = isReadOnly;
    this.#client = this.#executor.connect(session, this);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  request(requests: readonly (readonly string[])[]): void {
    const { scheduler, prng } = this.#events;
    const { process } = this;
    this.#lastRequestAt = Math.max(this.#lastRequestAt + 1, scheduler.nowMicros + prng.between(1, DELAY_MICROS_MAX));
    scheduler.after(this.#lastRequestAt - scheduler.nowMicros, process.life, "request", () => {
      if (this.#client.gone) return;
      this.#inbox.push(...requests);
      this.#pump();
    });
  }

  #pump(): void {
    const executor = this.#executor;
    const client = this.#client;
    if (this.#isPumping || client.gone) return;
    this.#isPumping = true;
    executor.beginTurn();
    while (executor.mayExecute(client)) {
      const words = this.#inbox.shift();
      if (words === undefined) break;
      executor.run(client, this.#args.of(words));
    }
    executor.finish(client);
    this.#isPumping = false;
    if (!executor.mayExecute(client) && client.parked === undefined && !client.gone) executor.awaitNode(client);
  }

  send(output: Output): void {
    const bytes = typeof output === "string" ? latin1Bytes(output) : output;
    this.#later("reply", () => {
      for (let at = 0; at < bytes.length && this.#isOpen; ) {
        const { value, end } = decodeReply(bytes, at);
        at = end;
        this.#events.answered(value);
      }
    });
  }

  #later(label: string, run: () => void): void {
    const { scheduler, prng } = this.#events;
    this.#lastReplyAt = Math.max(this.#lastReplyAt + 1, scheduler.nowMicros + prng.between(1, DELAY_MICROS_MAX));
    scheduler.after(this.#lastReplyAt - scheduler.nowMicros, undefined, label, () => {
      if (this.#isOpen) run();
    });
  }

  /** The client goes away; the node hears of it later. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { scheduler, prng } = this.#events;
    scheduler.after(prng.between(1, DELAY_MICROS_MAX), this.process.life, "hang up", () => {
      if (!this.#client.gone) this.#executor.disconnect(this.#client);
    });
  }

  /** The process at the other end, or its machine, is gone: the client hears of it when what was on its way has come. */
  lost(): void {
    this.#later("connection lost", () => {
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
