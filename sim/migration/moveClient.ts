import type { Prng } from "../../src/base/prng.ts";
import type { ClusterProcess } from "../cluster/clusterProcess.ts";
import { Connection } from "../cluster/connection.ts";
import type { Scheduled, Scheduler } from "../kernel/scheduler.ts";
import type { RespValue } from "../oracle/respValue.ts";
import { type Counted, type CountedKeys, wrongCount } from "./countedKeys.ts";

const AGAIN_MICROS = 10_000;
/** Answers that say that nothing was executed, and that a client of a cluster knows to ask again after. */
const REFUSALS = /^-(TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS) /;

export interface MoveClientParts {
  readonly id: number;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly keys: CountedKeys;
  /** It never writes. */
  readonly onlyReads: boolean;
  readonly pauseMicrosMax: number;
  readonly timeoutMillis: number;
  readonly serving: () => readonly ClusterProcess[];
  readonly count: (what: string) => void;
  readonly waited: (micros: number, isWrite: boolean) => void;
  readonly wrong: (what: string) => void;
  readonly trace: (line: string) => void;
}

interface Asked {
  readonly counted: Counted;
  readonly isWrite: boolean;
  /** Known when it was asked. */
  readonly least: number;
  readonly askedMicros: number;
}

/** A client of a cluster with one request at a time: it remembers where slots are, and follows `MOVED`. */
export class MoveClient {
  isQuiet = false;
  readonly #parts: MoveClientParts;
  readonly #addresses = new Map<number, string>();
  #connection: Connection | undefined;
  #asked: Asked | undefined;
  #timeout: Scheduled | undefined;
  #readsAnywhere = false;
  #isAboutTo = false;

  constructor(parts: MoveClientParts) {
    this.#parts = parts;
    this.#later();
  }

  get waits(): boolean {
    return this.#asked !== undefined;
  }

  /** Begins again after it was quiet. */
  goOn(): void {
    this.isQuiet = false;
    if (!this.waits && !this.#isAboutTo) this.#later();
  }

  connectionTo(process: ClusterProcess): Connection | undefined {
    return this.#connection?.process === process ? this.#connection : undefined;
  }

  #later(): void {
    this.#isAboutTo = true;
    const { scheduler, prng, pauseMicrosMax } = this.#parts;
    scheduler.after(prng.between(1, pauseMicrosMax), undefined, "client", () => this.#next());
  }

  #next(): void {
    const { prng, keys, scheduler } = this.#parts;
    this.#isAboutTo = false;
    if (this.isQuiet) return;
    const counted = prng.pick(keys.all);
    const isWrite = !this.#parts.onlyReads && !counted.isBusy && prng.chance(1, 2);
    this.#asked = { counted, isWrite, least: counted.known, askedMicros: scheduler.nowMicros };
    if (isWrite) {
      counted.isBusy = true;
      counted.possible++;
    }
    this.#readsAnywhere = !isWrite && prng.chance(1, 2);
    this.#timeout = scheduler.after(this.#parts.timeoutMillis * 1000, undefined, "client gives up", () => {
      this.#parts.count("timeouts");
      this.#lost();
    });
    this.#ask();
  }

  #ask(): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    const { counted, isWrite } = asked;
    const process = this.#choose(counted.slot);
    if (process === undefined) return this.#askLater();
    if (this.#connection?.process !== process) this.#connect(process);
    this.#parts.trace(
      `c${this.#parts.id} to ${process.machine.id}: ${isWrite ? "INCR" : "GET"} ${counted.key} (${asked.least})`,
    );
    this.#connection!.request([[isWrite ? "INCR" : "GET", counted.key]]);
  }

  #choose(slot: number): ClusterProcess | undefined {
    const { prng, serving } = this.#parts;
    const processes = serving();
    if (processes.length === 0) return undefined;
    const known = processes.find((process) => process.address === this.#addresses.get(slot));
    return this.#readsAnywhere || known === undefined ? prng.pick(processes) : known;
  }

  #connect(process: ClusterProcess): void {
    const { id, prng, scheduler } = this.#parts;
    this.#connection?.close();
    const connection = new Connection(id, process, true, {
      scheduler,
      prng,
      answered: (reply) => this.#connection === connection && this.#answered(reply),
      closed: () => this.#connection === connection && this.#lost(),
    });
    this.#connection = connection;
  }

  #askLater(): void {
    const asked = this.#asked;
    this.#parts.scheduler.after(AGAIN_MICROS, undefined, "client asks again", () => {
      if (this.#asked === asked) this.#ask();
    });
  }

  #answered(reply: RespValue): void {
    const asked = this.#asked;
    const { count, wrong, trace, id } = this.#parts;
    trace(`c${id} hears ${String(reply)}`);
    if (asked === undefined) return;
    if (typeof reply === "string" && reply.startsWith("-")) return this.#refused(reply);
    const value = Number(reply ?? 0);
    const { counted, isWrite, least, askedMicros } = asked;
    const fault = wrongCount(counted, value, isWrite ? least + 1 : least);
    if (fault !== undefined) wrong(`${fault} (told by ${this.#connection?.process.machine.id})`);
    counted.known = Math.max(counted.known, value);
    count(isWrite ? "writes" : "reads");
    this.#parts.waited(this.#parts.scheduler.nowMicros - askedMicros, isWrite);
    this.#finished();
  }

  #refused(reply: string): void {
    const { count, wrong } = this.#parts;
    if (reply.startsWith("-MOVED ")) {
      count("moved");
      this.#readsAnywhere = false;
      this.#addresses.set(this.#asked!.counted.slot, reply.split(" ")[2]!);
      return this.#ask();
    }
    if (!REFUSALS.test(reply)) return wrong(`a client was told ${reply}`);
    count(`refused: ${reply.split(" ")[0]!.slice(1)}`);
    this.#readsAnywhere = false;
    this.#addresses.delete(this.#asked!.counted.slot);
    this.#askLater();
  }

  #finished(): void {
    const asked = this.#asked!;
    if (asked.isWrite) asked.counted.isBusy = false;
    this.#asked = undefined;
    if (this.#timeout !== undefined) this.#timeout.cancelled = true;
    this.#later();
  }

  /** Nobody will ever tell what became of what is under way. */
  #lost(): void {
    this.#connection?.close();
    this.#connection = undefined;
    if (this.#asked === undefined) return;
    this.#parts.count("unknown outcomes");
    this.#finished();
  }
}
