import type { Prng } from "../../src/base/prng.ts";
import type { Scheduled, Scheduler } from "../kernel/scheduler.ts";
import type { RespValue } from "../oracle/respValue.ts";
import type { ClusterProcess } from "./clusterProcess.ts";
import { Connection } from "./connection.ts";
import type { ClusterOptions } from "./options.ts";
import { type Asking, errorOf, type Operation, type Requests } from "./requests.ts";
import { slotOfTag } from "./tags.ts";

/** Errors that say: this was not executed, and will not be. */
const REFUSALS = /^(MOVED|TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS|MISCONF|UNBLOCKED|EXECABORT) /;
/** And where nodes forward what belongs elsewhere. Who does that answers nobody with `MOVED`, as long as these clients wait. */
const PROXY_REFUSALS = /^(CROSSSLOT Watched|TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS|MISCONF|UNBLOCKED|EXECABORT) /;
/** Who is connected to any replica is there to read. */
const READER_PER_CENT = 95;
const AGAIN_MICROS = 20_000;

export interface ClusterClientParts {
  readonly id: number;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly options: ClusterOptions;
  readonly requests: Requests;
  /** What keys' names begin with: see `Key`. */
  readonly tags: readonly string[];
  /** The history takes no more but the last reads. */
  readonly isFull: () => boolean;
  /** Processes that take connections at present. */
  readonly serving: () => readonly ClusterProcess[];
  readonly trace: (line: string) => void;
  readonly count: (what: string) => void;
  readonly surprised: (what: string) => void;
}

/** Whoever was sent elsewhere goes there soon. */
const FOLLOW_MICROS_MAX = 1_500;

/** Reads at any replica, follows `MOVED` with its writes, gives up what takes too long. */
export class ClusterClient {
  /** Whether it may begin anything new. */
  isQuiet = false;
  readonly #parts: ClusterClientParts;
  #connection: Connection | undefined;
  /** It reads at whatever replica it is connected to. */
  #isReader: boolean;
  /** It asks about keys of this tag; those of any if it is undefined. */
  #tag: string | undefined;
  /** By tag, where the primary is that has its slot, as the last `MOVED` has said. */
  readonly #primaries = new Map<string, string>();
  /** It was sent elsewhere, and has not gone there. */
  #isSent = false;
  readonly #tagOfSlot: ReadonlyMap<number, string>;
  #underWay: Operation[] = [];
  #replies: RespValue[] = [];
  #timeout: Scheduled | undefined;

  constructor(parts: ClusterClientParts) {
    this.#parts = parts;
    this.#isReader = parts.prng.chance(1, 2);
    this.#tagOfSlot = new Map(parts.tags.map((tag) => [slotOfTag(tag), tag]));
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

  #nextLater(microsMax = this.#parts.options.pauseMicrosMax): void {
    const { scheduler, prng } = this.#parts;
    scheduler.after(prng.between(1, microsMax), undefined, "client", () => this.#next());
  }

  #next(): void {
    const { prng, options, requests, isFull } = this.#parts;
    const isIdle = this.isQuiet || isFull();
    if (!isIdle) this.#chooseTag();
    const connection = isIdle ? undefined : this.#connected();
    if (connection === undefined) {
      if (!this.isQuiet || !this.waits) this.#again();
      return;
    }
    const tag = this.#tag === undefined ? {} : { tag: this.#tag };
    const asking: Asking = { process: this.name, servedBy: connection.process.machine.id, ...tag };
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

  /** Now and then it goes on with other keys, which are perhaps elsewhere. */
  #chooseTag(): void {
    const { prng, tags } = this.#parts;
    if (tags.length === 1 || this.#isSent || (this.#connection !== undefined && prng.chance(2, 3))) return;
    this.#tag = prng.chance(1, 6) ? undefined : prng.pick(tags);
    // Who has stayed where it is shows that others do not answer for what is not theirs any more.
    if (this.#connection !== undefined && prng.chance(2, 3)) this.#hangUp();
  }

  #connected(): Connection | undefined {
    const { prng, serving, id, scheduler } = this.#parts;
    if (this.#connection !== undefined) return this.#connection;
    const processes = serving();
    if (processes.length === 0) return undefined;
    if (prng.chance(1, 4)) this.#isReader = !this.#isReader;
    const tag = this.#tag ?? this.#parts.tags[0]!;
    const known = processes.find((process) => process.address === this.#primaries.get(tag));
    const replicas = known === undefined ? processes : processes.filter(({ group }) => group === known.group);
    const process = this.#isReader || known === undefined ? prng.pick(replicas) : known;
    this.#isSent = false;
    if (this.#parts.tags.length === 1 || prng.chance(1, 10)) this.#primaries.delete(tag);
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
    const { trace, count, surprised, options } = this.#parts;
    const refusals = options.proxies ? PROXY_REFUSALS : REFUSALS;
    trace(`${this.name} hears ${typeof reply === "string" ? reply : JSON.stringify(reply)}`);
    const error = errorOf(reply);
    if (error === undefined) count("answers");
    else if (refusals.test(error)) count(`refused: ${error.split(" ")[0]}`);
    else surprised(`${this.name} was told ${error}`);
    if (error?.startsWith("MOVED ") === true) this.#sentElsewhere(error);
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

  #sentElsewhere(error: string): void {
    const [, slot, address] = error.split(" ");
    const tag = this.#tagOfSlot.get(Number(slot)) ?? this.#parts.tags[0]!;
    this.#primaries.set(tag, address!);
    this.#isSent = this.#tag === undefined || this.#tag === tag;
  }

  #finished(): void {
    const { prng } = this.#parts;
    this.#forgetTimeout();
    const isElsewhere = this.#isSent && !(this.#isReader && prng.chance(1, 2));
    if (isElsewhere || prng.chance(1, 30)) this.#hangUp();
    if (isElsewhere && this.#parts.tags.length > 1) this.#nextLater(FOLLOW_MICROS_MAX);
    else this.#nextLater();
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
