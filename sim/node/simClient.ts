import { decodeLatin1, latin1Bytes } from "../../src/base/latin1.ts";
import type { Args } from "../../src/core/command/args.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Client, ClientSink, Output } from "../../src/worker/client.ts";
import type { Executor } from "../../src/worker/executor.ts";
import { newSession } from "../oracle/session.ts";
import { RequestArgs } from "./requestArgs.ts";

/** An answer that a client waits for. */
export interface Expectation {
  readonly words: readonly string[];
  /** Undefined while the request waits for a key. */
  reply: Uint8Array | undefined;
  /** Everything up to here must be committed before. */
  dependsOn: number;
  /** What was written in one go goes out, or is refused, as one. */
  piece: Piece;
  /** Looks at an answer that is not known beforehand, and says where it ends. */
  check?: ((bytes: Uint8Array, at: number) => number) | undefined;
  /** The answer when the time is over, and when, in virtual microseconds, that is. */
  timeout?: { readonly reply: Uint8Array; readonly at: number };
  /** It waited, and its time is over. */
  isOver?: boolean;
}

/** Replies that the node writes in one go. */
export interface Piece {
  /** What the newest of them tells of. */
  dependsOn: number;
}

export interface ClientEvents {
  /** The next request is to be executed. */
  execute(client: SimClient, words: readonly string[], args: Args): void;
  /** An answer came. */
  answered(client: SimClient, expectation: Expectation): void;
  /** The answer is not what it should be. */
  surprised(client: SimClient, found: string): void;
  /** Bytes came. */
  received(client: SimClient, bytes: Uint8Array): void;
  /** The connection is cut. */
  destroyed(client: SimClient): void;
  readonly clock: Clock;
}

/** A client and its connection, as the gateway would have it: requests in, answers out, in order. */
export class SimClient implements ClientSink {
  readonly id: number;
  readonly protocol: 2 | 3;
  /** Executed and not answered. */
  readonly outstanding: Expectation[] = [];
  /** Sent and not executed. */
  readonly #inbox: (readonly string[])[] = [];
  readonly #events: ClientEvents;
  readonly #args = new RequestArgs();
  #executor: Executor | undefined;
  #client: Client | undefined;
  #isPumping = false;
  /** Of what is executed at present. */
  piece: Piece = { dependsOn: 0 };

  constructor(id: number, protocol: 2 | 3, events: ClientEvents) {
    this.id = id;
    this.protocol = protocol;
    this.#events = events;
  }

  get unanswered(): number {
    return this.outstanding.length + this.#inbox.length;
  }

  /** A request of it waits for a key. */
  get isParked(): boolean {
    return this.#client?.parked !== undefined;
  }

  connect(executor: Executor): void {
    this.#executor = executor;
    this.#client = executor.connect(newSession(this.id, this.protocol), this);
  }

  disconnect(): void {
    if (this.#client !== undefined) this.#executor!.disconnect(this.#client);
    this.forget();
  }

  /** The process at the other end is gone. */
  forget(): void {
    this.#client = undefined;
    this.#inbox.length = 0;
    this.outstanding.length = 0;
  }

  request(requests: readonly (readonly string[])[]): void {
    this.#inbox.push(...requests);
    this.#pump();
  }

  #pump(): void {
    const executor = this.#executor;
    const client = this.#client;
    if (this.#isPumping || executor === undefined || client === undefined) return;
    this.#isPumping = true;
    this.piece = { dependsOn: 0 };
    executor.beginTurn();
    while (executor.mayExecute(client)) {
      const words = this.#inbox.shift();
      if (words === undefined) break;
      this.#events.execute(this, words, this.#args.of(words));
    }
    executor.finish(client);
    this.#isPumping = false;
    if (!executor.mayExecute(client) && client.parked === undefined) executor.awaitNode(client);
  }

  /** Executes on the node what `execute` was told of. */
  run(args: Args): void {
    this.#executor!.run(this.#client!, args);
  }

  send(output: Output): void {
    const bytes = typeof output === "string" ? latin1Bytes(output) : output;
    this.#events.received(this, bytes);
    for (let at = 0; at < bytes.length; ) {
      const expectation = this.outstanding.shift();
      const end = expectation === undefined ? undefined : this.#endOf(expectation, bytes, at);
      if (expectation === undefined || end === undefined) {
        const asked = expectation === undefined ? "nothing" : expectation.words.join(" ").slice(0, 200);
        const should = expectation?.reply === undefined ? "none yet" : textOf(expectation.reply);
        this.#events.surprised(this, `asked for ${asked}, got ${textOf(bytes.subarray(at))}, should be ${should}`);
        return;
      }
      at = end;
      this.#events.answered(this, expectation);
    }
  }

  #endOf({ reply, check, timeout }: Expectation, bytes: Uint8Array, at: number): number | undefined {
    if (check !== undefined) return check(bytes, at);
    if (reply !== undefined) return startsWith(bytes, at, reply) ? at + reply.length : undefined;
    if (timeout === undefined || this.#events.clock.micros() < timeout.at) return undefined;
    return startsWith(bytes, at, timeout.reply) ? at + timeout.reply.length : undefined;
  }

  end(): void {
    this.disconnect();
  }

  /** The node cannot tell what became of the requests. */
  destroy(): void {
    this.#events.destroyed(this);
  }

  resume(): void {
    this.#pump();
  }
}

function startsWith(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  if (bytes.length - at < expected.length) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

function textOf(bytes: Uint8Array): string {
  return JSON.stringify(decodeLatin1(bytes.subarray(0, 160)));
}
