import { latin1Bytes } from "../../../src/base/latin1.ts";
import type { Args } from "../../../src/core/command/args.ts";
import { KvArgs } from "../../../src/worker/api/kvArgs.ts";
import { checkRequest } from "../../../src/worker/api/kvCheck.ts";
import { kvTable } from "../../../src/worker/api/kvCommands.ts";
import { type Method, readRequest } from "../../../src/worker/api/kvRequest.ts";
import type { KvTable } from "../../../src/worker/api/kvTable.ts";
import { Positions } from "../../../src/worker/api/position.ts";
import type { Output } from "../../../src/worker/client.ts";
import type { Node } from "../../../src/worker/node.ts";
import { newSession } from "../../oracle/session.ts";
import { ClientConnection, type ClientConnectionEvents, DELAY_MICROS_MAX } from "../clientConnection.ts";
import type { ClusterProcess } from "../clusterProcess.ts";
import { decodeAnswer, type KvAnswer } from "./kvMessages.ts";

/** One request in so many is under way for longer than its client waits for an answer: it comes behind the one that was sent again. */
const LATE_ONE_IN = 25;
const LATE_MICROS_MAX = 300_000;
const MINUS = 0x2d;

export interface KvConnectionEvents extends ClientConnectionEvents {
  /** An answer, or with which words the executor refused to evaluate the request. */
  answered(answer: KvAnswer | string): void;
}

/** A connection of the interface for applications (`Kv`). */
export class KvConnection extends ClientConnection<KvArgs> {
  readonly #events: KvConnectionEvents;

  constructor(id: number, process: ClusterProcess, events: KvConnectionEvents) {
    const session = newSession(id, 2);
    session.isForwarded = true;
    session.readOnly = true;
    super(process, events, session, tableOf(process.node!));
    this.#events = events;
  }

  protected argsOf(args: KvArgs): Args {
    return args;
  }

  /** One at a time: the next one when this is answered. */
  request(id: number, method: Method, bytes: Uint8Array): void {
    const { prng } = this.#events;
    const request = readRequest(method, bytes);
    const error = checkRequest(request);
    if (error !== undefined) throw new Error(`a request makes no sense: ${JSON.stringify(error)}`);
    const microsMax = prng.chance(1, LATE_ONE_IN) ? LATE_MICROS_MAX : DELAY_MICROS_MAX;
    this.arriveAfter(prng.between(1, microsMax), [new KvArgs().fill(request, id, "kv")]);
  }

  send(output: Output): void {
    const bytes = typeof output === "string" ? latin1Bytes(output) : output;
    const isRefusal = bytes[0] === MINUS;
    const answer = isRefusal
      ? String.fromCharCode(...bytes)
          .slice(1)
          .trimEnd()
      : decodeAnswer(bytes);
    this.later("reply", () => this.#events.answered(answer));
  }

  close(micros: number): void {
    if (this.isOpen) this.hangUp(micros);
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
