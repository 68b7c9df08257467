import { latin1Bytes } from "../../src/base/latin1.ts";
import type { Args } from "../../src/core/command/args.ts";
import type { Output } from "../../src/worker/client.ts";
import { RequestArgs } from "../node/requestArgs.ts";
import { decodeReply, type RespValue } from "../oracle/respValue.ts";
import { newSession } from "../oracle/session.ts";
import { ClientConnection, type ClientConnectionEvents, DELAY_MICROS_MAX } from "./clientConnection.ts";
import type { ClusterProcess } from "./clusterProcess.ts";

export interface ConnectionEvents extends ClientConnectionEvents {
  /** The next reply has arrived. */
  answered(reply: RespValue): void;
}

/** A connection of Redis's protocol: requests are under way for a while, too, and arrive in order. */
export class Connection extends ClientConnection<readonly string[]> {
  readonly #events: ConnectionEvents;
  readonly #args = new RequestArgs();
  #lastRequestAt = 0;

  constructor(id: number, process: ClusterProcess, isReadOnly: boolean, events: ConnectionEvents) {
    const session = newSession(id, 2);
    session.readOnly = isReadOnly;
    super(process, events, session);
    this.#events = events;
  }

  protected argsOf(words: readonly string[]): Args {
    return this.#args.of(words);
  }

  request(requests: readonly (readonly string[])[]): void {
    const { scheduler, prng } = this.#events;
    this.#lastRequestAt = Math.max(this.#lastRequestAt + 1, scheduler.nowMicros + prng.between(1, DELAY_MICROS_MAX));
    this.arriveAfter(this.#lastRequestAt - scheduler.nowMicros, requests);
  }

  send(output: Output): void {
    const bytes = typeof output === "string" ? latin1Bytes(output) : output;
    this.later("reply", () => {
      for (let at = 0; at < bytes.length && this.isOpen; ) {
        const { value, end } = decodeReply(bytes, at);
        at = end;
        this.#events.answered(value);
      }
    });
  }

  close(): void {
    if (this.isOpen) this.hangUp(this.#events.prng.between(1, DELAY_MICROS_MAX));
  }
}
