import type { Prng } from "../../src/base/prng.ts";
import type { Scheduled, Scheduler } from "../kernel/scheduler.ts";
import type { RespValue } from "../oracle/respValue.ts";
import type { ClusterProcess } from "./clusterProcess.ts";
import { Connection } from "./connection.ts";
import type { ClusterOptions } from "./options.ts";
import { type Asking, errorOf, type Operation, type Requests } from "./requests.ts";

/** Errors that say: this was not executed, and will not be. */
const REFUSALS = /^(MOVED|TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS|MISCONF|UNBLOCKED|EXECABORT) /;
/** Who is connected to any replica is there to read. */
const READER_PER_CENT = 95;
const AGAIN_MICROS = 20_000;

export interface ClusterClientParts {
  readonly id: number;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly options: ClusterOptions;
  readonly requests: Requests;
  /** The history takes no more but the last reads. */
  readonly isFull: () => boolean;
  /** Processes that take connections at present. */
  readonly serving: () => readonly ClusterProcess[];
  readonly trace: (line: string) => void;
  readonly count: (what: string) => void;
  readonly surprised: (what: string) => void;
}

/** Reads at any replica, follows `MOVED` with its writes, gives up what takes too long. */
export class ClusterClient {
  /** Whether it may begin anything new. */
  isQuiet = false;
  readonly #parts: ClusterClientParts;
  #connection: Connection | undefined;
  /** It reads at whatever replica it is connected to. */
  #isReader: boolean;
  /** Where the primary is, as the last `MOVED` has said. */
  #primary: string | undefined;
  #underWay: Operation[] = [];
  #replies: RespValue[] = [];
  #timeout: Scheduled | undefined;

  constructor(parts: ClusterClientParts) {
    this.#parts = parts;
    this.#isReader = parts.prng.chance(1, 2);
    this.#nextLater();
  }

  get name(): string {
    return `c${this.#parts.id}`;
  }

  get waits(): boolean {
    return this.#underWay.length > 0;
  }

  connectionTo(process: ClusterProcess): Connection | undefined {
    return this.#connection?.process === process ? this.#connection : undefined;
  }

  #nextLater(): void {
    const { scheduler, prng, options } = this.#parts;
    scheduler.after(prng.between(1, options.pauseMicrosMax), undefined, "client", () => this.#next());
  }

  #next(): void {
    const { prng, options, requests, isFull } = this.#parts;
    const connection = this.isQuiet || isFull() ? undefined : this.#connected();
    if (connection === undefined) {
      if (!this.isQuiet || !this.waits) this.#again();
      return;
    }
    const asking: Asking = { process: this.name, servedBy: connection.process.machine.id };
    const count = prng.between(1, options.pipelineMax);
    const operations: Operation[] = [];
    for (let i = 0; i < count; i++) {
      const isRead = prng.below(100) < (this.#isReader ? READER_PER_CENT : options.readPerCent);
      operations.push(isRead ? requests.read(asking) : requests.write(asking, count === 1));
    }
    this.#ask(connection, operations);
  }

  #again(): void {
    this.#parts.scheduler.after(AGAIN_MICROS, undefined, "client", () => this.#next());
  }

  #connected(): Connection | undefined {
    const { prng, serving, id, scheduler } = this.#parts;
    if (this.#connection !== undefined) return this.#connection;
    const processes = serving();
    if (processes.length === 0) return undefined;
    if (prng.chance(1, 4)) this.#isReader = !this.#isReader;
    const known = processes.find((process) => process.address === this.#primary);
    const process = this.#isReader || known === undefined ? prng.pick(processes) : known;
    this.#primary = undefined;
    const isReadOnly = this.#isReader || prng.chance(1, 4);
    const connection = new Connection(id, process, isReadOnly, {
      scheduler,
      prng,
      answered: (reply) => this.#connection === connection && this.#answered(reply),
      closed: () => this.#connection === connection && this.#lost(),
    });
    this.#connection = connection;
    return connection;
  }

  #ask(connection: Connection, operations: readonly Operation[]): void {
    const { scheduler, options, trace } = this.#parts;
    const requests = operations.flatMap((operation) => operation.requests);
    this.#underWay.push(...operations);
    trace(`${this.name} to ${connection.process.machine.id}: ${requests.map((words) => words.join(" ")).join("; ")}`);
    connection.request(requests);
    this.#timeout ??= scheduler.after(options.clientTimeoutMillis * 1000, undefined, "client gives up", () => {
      this.#parts.count("timeouts");
      this.#lost();
    });
  }

  #answered(reply: RespValue): void {
    const { trace, count, surprised } = this.#parts;
    trace(`${this.name} hears ${typeof reply === "string" ? reply : JSON.stringify(reply)}`);
    const error = errorOf(reply);
    if (error === undefined) count("answers");
    else if (REFUSALS.test(error)) count(`refused: ${error.split(" ")[0]}`);
    else surprised(`${this.name} was told ${error}`);
    if (error?.startsWith("MOVED ") === true) this.#primary = error.split(" ")[2]!;
    this.#replies.push(reply);
    const operation = this.#underWay[0]!;
    if (this.#replies.length < operation.requests.length) return;
    this.#underWay.shift();
    const replies = this.#replies;
    this.#replies = [];
    const next = operation.done(replies);
    if (next !== undefined) this.#ask(this.#connection!, [next]);
    if (!this.waits) this.#finished();
  }

  #finished(): void {
    const { prng } = this.#parts;
    this.#forgetTimeout();
    const isElsewhere = this.#primary !== undefined && !(this.#isReader && prng.chance(1, 2));
    if (isElsewhere || prng.chance(1, 30)) this.#hangUp();
    this.#nextLater();
  }

  #forgetTimeout(): void {
    if (this.#timeout !== undefined) this.#timeout.cancelled = true;
    this.#timeout = undefined;
  }

  #hangUp(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** There will be no reply to what is under way. */
  #lost(): void {
    const { trace, count } = this.#parts;
    trace(`${this.name} lost its connection`);
    this.#forgetTimeout();
    this.#hangUp();
    const lost = this.#underWay;
    this.#underWay = [];
    this.#replies = [];
    for (const operation of lost) {
      count("unknown outcomes");
      operation.lost();
    }
    // One that had nothing under way is about to go on anyway.
    if (lost.length > 0) this.#nextLater();
  }
}
