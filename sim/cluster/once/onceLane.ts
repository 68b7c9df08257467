import { ERROR_FIELD } from "../../../src/worker/api/answerWriter.ts";
import type { Scheduled } from "../../kernel/scheduler.ts";
import type { ClusterProcess } from "../clusterProcess.ts";
import { KvConnection } from "./kvConnection.ts";
import { encodeChange, errorIn, type KvAnswer, methodOf } from "./kvMessages.ts";
import type { OnceClient } from "./onceClient.ts";
import type { OnceWrite } from "./onceWrites.ts";

const PATIENCE_MILLIS = [20, 200, 2_000] as const;
/** Whoever is not waited for any more is heard of no more after this; until then it may execute what it was asked for. */
const HANG_UP_MICROS = [1, 400, 100_000, 3_000_000] as const;
const AGAIN_MICROS_MAX = 30_000;
const GIVE_UP_ONE_IN = 100;
/** One in so many answers is asked for once more, as if it had not come. */
const TWICE_ONE_IN = 3;

/** One write at a time of a session: it is sent again and again, to whoever may have its slot, until it is answered. */
export class OnceLane {
  readonly #client: OnceClient;
  readonly #id: number;
  #write: OnceWrite | undefined;
  #connection: KvConnection | undefined;
  #timeout: Scheduled | undefined;

  constructor(client: OnceClient, id: number) {
    this.#client = client;
    this.#id = id;
    this.#later();
  }

  get name(): string {
    return `${this.#client.name} ${this.#write?.number}`;
  }

  get waits(): boolean {
    return this.#write !== undefined;
  }

  connectionTo(process: ClusterProcess): KvConnection | undefined {
    return this.#connection?.process === process ? this.#connection : undefined;
  }

  #later(microsMax = AGAIN_MICROS_MAX): void {
    const { prng, world } = this.#client;
    world.scheduler.after(prng.between(1, microsMax), undefined, "once", () => this.#try());
  }

  #try(): void {
    const { world, prng } = this.#client;
    this.#write ??= this.#client.next();
    const write = this.#write;
    const connection = write === undefined ? undefined : this.#connected(write);
    if (connection === undefined) return this.#later();
    const once = this.#client.numberOf(write!);
    world.trace(`${write!.name} from ${once.firstOpen} to ${connection.process.machine.id}: ${describe(write!)}`);
    this.#client.count("asked");
    connection.request(once.number, methodOf(write!.change), encodeChange(write!.change, once));
    const micros = prng.pick(PATIENCE_MILLIS) * 1_000;
    this.#timeout = world.scheduler.after(micros, undefined, "once gives up", () => this.#unheard("timeouts"));
  }

  #connected({ tag }: OnceWrite): KvConnection | undefined {
    const { world, prng, primaries } = this.#client;
    const { serving, scheduler } = world;
    if (serving.length === 0) return undefined;
    const known = serving.find(({ address }) => address === primaries.get(tag));
    const process = known === undefined || prng.chance(1, 10) ? prng.pick(serving) : known;
    if (this.#connection?.process === process) return this.#connection;
    this.#hangUp(1);
    const connection = new KvConnection(this.#id, process, {
      ...{ scheduler, prng },
      answered: (answer) => this.#connection === connection && this.#answered(answer),
      closed: () => this.#connection === connection && this.#unheard("lost connections"),
    });
    this.#connection = connection;
    return connection;
  }

  #hangUp(micros: number): void {
    this.#connection?.close(micros);
    this.#connection = undefined;
  }

  #forgetTimeout(): void {
    if (this.#timeout !== undefined) this.#timeout.cancelled = true;
    this.#timeout = undefined;
  }

  /** There will be no answer to what was asked last. */
  #unheard(what: string): void {
    const { prng } = this.#client;
    const isAsked = this.#timeout !== undefined;
    this.#forgetTimeout();
    this.#hangUp(prng.pick(HANG_UP_MICROS));
    // One that had nothing under way is about to go on anyway.
    if (!isAsked) return;
    this.#client.count(what);
    if (!this.#client.isQuiet && prng.chance(1, GIVE_UP_ONE_IN)) this.#giveUp("given up");
    this.#later();
  }

  #answered(answer: KvAnswer | string): void {
    this.#forgetTimeout();
    this.#client.world.trace(`${this.name} hears ${JSON.stringify(answer)}`);
    if (typeof answer === "string") this.#refused(answer);
    else if (answer.field === ERROR_FIELD) this.#failed(errorIn(answer.body));
    else this.#done(answer);
    this.#later();
  }

  /** It was not executed there, or nobody knows. */
  #refused(text: string): void {
    const { primaries } = this.#client;
    if (!REFUSALS.test(text)) return this.#client.fail(`${this.name} was told ${text}`);
    const [code, , address] = text.split(" ");
    this.#client.count(`refused: ${code}`);
    if (code === "MOVED") primaries.set(this.#write!.tag, address!);
    else if (code === "OOM") this.#giveUp("out of memory");
  }

  #failed({ reason, message }: ReturnType<typeof errorIn>): void {
    const write = this.#write!;
    // All of its numbers are open, and none of its answers is large.
    if (reason !== SESSION_EXPIRED) return this.#client.fail(`${write.name} was told: ${reason}, ${message}`);
    this.#giveUp("session expired");
    this.#client.renew(write);
  }

  #giveUp(why: string): void {
    const write = this.#write!;
    this.#client.count(why);
    // One that was answered before is as it was.
    if (write.answer === undefined) write.isGivenUp = true;
    this.#end();
  }

  #done({ id, field, body }: KvAnswer): void {
    const { prng, isQuiet } = this.#client;
    const write = this.#write!;
    if (id !== write.number) return this.#client.fail(`${write.name} is answered as ${id}`);
    const { answer } = write;
    this.#client.count(answer === undefined ? "answered" : "answered twice");
    if (answer !== undefined && (answer.field !== field || answer.body !== body)) {
      const what = [answer, { field, body }].map((each) => JSON.stringify(each)).join(", then ");
      return this.#client.fail(`${write.name} (${describe(write)}) is answered in two ways: ${what}`);
    }
    write.answer ??= { field, body };
    if (isQuiet || !prng.chance(1, TWICE_ONE_IN)) this.#end();
    else if (prng.chance(1, 2)) this.#hangUp(1);
  }

  #end(): void {
    this.#client.close(this.#write!);
    this.#write = undefined;
  }
}

/** `ErrorDetail.Reason`: the only one of what is evaluated that such a client may be told. */
const SESSION_EXPIRED = 18;
/** The executor's words for: not executed, or nobody knows. */
const REFUSALS = /^(MOVED|TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS|MISCONF|UNBLOCKED|OOM) /;

function describe({ change }: OnceWrite): string {
  return JSON.stringify(change);
}
