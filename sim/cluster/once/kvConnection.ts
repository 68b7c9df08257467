import { latin1Bytes } from "../../../src/base/latin1.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { KvArgs } from "../../../src/worker/api/kvArgs.ts";
import { checkRequest } from "../../../src/worker/api/kvCheck.ts";
import { kvTable } from "../../../src/worker/api/kvCommands.ts";
import { type Method, readRequest } from "../../../src/worker/api/kvRequest.ts";
import type { KvTable } from "../../../src/worker/api/kvTable.ts";
import { Positions } from "../../../src/worker/api/position.ts";
import type { Client, ClientSink, Output } from "../../../src/worker/client.ts";
import type { Executor } from "../../../src/worker/executor.ts";
import type { Node } from "../../../src/worker/node.ts";
import type { Scheduler } from "../../kernel/scheduler.ts";
import { newSession } from "../../oracle/session.ts";
import type { ClusterProcess } from "../clusterProcess.ts";
import { decodeAnswer, type KvAnswer } from "./kvMessages.ts";

const DELAY_MICROS_MAX = 400;
/** One request in so many is under way for longer than its client waits for an answer: it comes behind the one that was sent again. */
const LATE_ONE_IN = 25;
const LATE_MICROS_MAX = 300_000;
const MINUS = 0x2d;

export interface KvConnectionEvents {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  /** An answer, or with which words the executor refused to evaluate the request. */
  answered(answer: KvAnswer | string): void;
  /** There will be none any more. */
  closed(): void;
}

/** A connection of the interface for applications (`Kv`): as `Connection`, but for what is said. */
export class KvConnection implements ClientSink {
  readonly process: ClusterProcess;
  readonly #events: KvConnectionEvents;
  readonly #executor: Executor;
  readonly #client: Client;
  readonly #inbox: KvArgs[] = [];
  #isPumping = false;
  #isOpen = true;
  #lastReplyAt = 0;

  constructor(id: number, process: ClusterProcess, events: KvConnectionEvents) {
    this.process = process;
    this.#events = events;
    const node = process.node!;
    this.#executor = node.executor;
    const session = newSession(id, 2);
    session.isForwarded = true;
    session.readOnly = true;
    this.#client = this.#executor.connect(session, this, tableOf(node));
  }

  /** One at a time: the next one when this is answered. */
  request(id: number, method: Method, bytes: Uint8Array): void {
    const { scheduler, prng } = this.#events;
    const request = readRequest(method, bytes);
    const error = checkRequest(request);
    if (error !== undefined) throw new Error(`a request makes no sense: ${JSON.stringify(error)}`);
    const microsMax = prng.chance(1, LATE_ONE_IN) ? LATE_MICROS_MAX : DELAY_MICROS_MAX;
    scheduler.after(prng.between(1, microsMax), this.process.life, "request", () => {
      if (this.#client.gone) return;
      this.#inbox.push(new KvArgs(request, id, "kv"));
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
      const args = this.#inbox.shift();
      if (args === undefined) break;
      executor.run(client, args);
    }
    executor.finish(client);
    this.#isPumping = false;
    if (!executor.mayExecute(client) && client.parked === undefined && !client.gone) executor.awaitNode(client);
  }

  send(output: Output): void {
    const bytes = typeof output === "string" ? latin1Bytes(output) : output;
    const isRefusal = bytes[0] === MINUS;
    const answer = isRefusal
      ? String.fromCharCode(...bytes)
          .slice(1)
          .trimEnd()
      : decodeAnswer(bytes);
    this.#later("reply", () => this.#events.answered(answer));
  }

  #later(label: string, run: () => void): void {
    const { scheduler, prng } = this.#events;
    this.#lastReplyAt = Math.max(this.#lastReplyAt + 1, scheduler.nowMicros + prng.between(1, DELAY_MICROS_MAX));
    scheduler.after(this.#lastReplyAt - scheduler.nowMicros, undefined, label, () => {
      if (this.#isOpen) run();
    });
  }

  /** The client goes away; the node hears of it `micros` later, and until then executes what it was asked for. */
  close(micros: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#events.scheduler.after(micros, this.process.life, "hang up", () => {
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

const tables = new WeakMap<Node, KvTable>();

/** The interface's commands over a node. */
function tableOf(node: Node): KvTable {
  const known = tables.get(node);
  if (known !== undefined) return known;
  const { replica, membership, progress, parts } = node;
  const table = kvTable({
    positions: new Positions(parts.group),
    settledSeq: () => (membership.evaluates ? replica.commitPoint : progress.appliedSeq),
    stateSeq: () => node.stateSeq,
    ownerOf: () => "",
  });
  tables.set(node, table);
  return table;
}
