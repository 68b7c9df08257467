import { encodeCommand, RespClient } from "../support/respClient.ts";
import type { Observation, Write } from "./history.ts";
import { type Lane, markKeyOf, twinKeysOf } from "./lane.ts";
import type { Command, ModelReply } from "./model.ts";
import { argumentsOf, ask, modelReply, ReplyError } from "./observe.ts";
import type { SeededRandom } from "./random.ts";
import { SharedCounter, SharedList } from "./sharedHistory.ts";

/** How long a server may leave a request without an answer before the test calls it stuck. */
const REPLY_DEADLINE_MILLIS = 30_000;
const COMPLAINTS_MAX = 20;
const SHARED_LIST_ELEMENTS_MAX = 4_000;

export interface LoadOptions {
  readonly lanes: readonly Lane[];
  readonly random: SeededRandom;
  /** Connections that all increment one counter and append to one list. */
  readonly sharers: number;
  /** Connections that read what the lanes write. */
  readonly readers: number;
  /** Error replies that a write may get, for tests in which the disk is full; any other is a complaint. */
  readonly refusalAllowed?: RegExp;
  /** Told of every acknowledged write of a lane. */
  readonly onAcknowledged?: (lane: Lane, write: Write) => void;
}

/**
 * Clients that write and read until their connections end or they are told to stop, and the oracles for all of it. One load lives
 * through many lives of a server: `run`, crash, restart, `settle`, `run` again.
 */
export class Load {
  readonly lanes: readonly Lane[];
  /** What was wrong, in words; empty after a good run. */
  readonly complaints: string[] = [];
  readonly #options: LoadOptions;
  readonly #marksAcknowledged = new Map<Lane, number>();
  readonly #counter = new SharedCounter("shared:counter");
  readonly #lists: SharedList[] = [new SharedList("shared:list0")];
  #sharedNumber = 0;
  #acknowledged = 0;
  #refused = 0;
  #readsRefused = 0;
  #stopping = false;
  #awaited: { count: number; resolve: () => void }[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.lanes = options.lanes;
  }

  /** Writes acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Writes refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Reads refused so far: those that waited for a write which was then refused. */
  get readsRefused(): number {
    return this.#readsRefused;
  }

  /** Resolves as soon as `count` writes more than now have been acknowledged. */
  acknowledgedMore(count: number): Promise<void> {
    return new Promise((resolve) => this.#awaited.push({ count: this.#acknowledged + count, resolve }));
  }

  /** Lets every client finish what it has sent and end. */
  stop(): void {
    this.#stopping = true;
  }

  /** Runs all clients against a server; resolves when each has ended because of `stop` or because its connection did. */
  async run(port: number): Promise<void> {
    this.#stopping = false;
    const { lanes, sharers, readers } = this.#options;
    const jobs: ((client: RespClient) => Promise<void>)[] = [
      ...lanes.map((lane) => (client: RespClient) => this.#writeLane(lane, client)),
      ...Array.from({ length: sharers }, (_, at) => (client: RespClient) => this.#share(at, client)),
      ...Array.from({ length: readers }, (_, at) => (client: RespClient) => this.#read(at, client)),
    ];
    await Promise.all(jobs.map((job) => this.#onConnection(port, job)));
  }

  /** Every key that any of the clients has written. */
  keys(): string[] {
    return [...this.lanes.flatMap((it) => [...it.history.keys]), this.#counter.key, ...this.#lists.map((it) => it.key)];
  }

  /** Compares a server's keys with every oracle, after all connections have ended and nobody writes. */
  settle(observation: Observation): void {
    const known = new Set(this.keys());
    for (const key of observation.keys.keys()) if (!known.has(key)) this.#complain(`key ${key} was never written`);
    for (const { history } of this.lanes) this.#complain(history.settle(observation));
    const count = observation.keys.get(this.#counter.key)?.value;
    this.#complain(this.#counter.settle(count?.kind === "string" ? Number(count.text) : 0));
    for (const list of this.#lists) {
      const value = observation.keys.get(list.key)?.value;
      this.#complain(list.settle(value?.kind === "list" ? value.elements : []));
    }
    if ((this.#lists.at(-1) as SharedList).length > SHARED_LIST_ELEMENTS_MAX) {
      this.#lists.push(new SharedList(`shared:list${this.#lists.length}`));
    }
  }

  async #onConnection(port: number, job: (client: RespClient) => Promise<void>): Promise<void> {
    let client: RespClient;
    try {
      client = await RespClient.connect({ port });
    } catch {
      return; // The server was killed before it accepted: nothing was sent.
    }
    try {
      await job(client);
    } finally {
      await client.close();
    }
  }

  async #writeLane(lane: Lane, client: RespClient): Promise<void> {
    const inFlight: { write: Write; answer: Promise<Answer> }[] = [];
    while (!this.#stopping || inFlight.length > 0) {
      if (!this.#stopping && (!lane.inBursts || inFlight.length === 0)) {
        const writes = Array.from({ length: lane.depth - inFlight.length }, () => this.#draw(lane));
        client.write(
          Buffer.concat(writes.flatMap((write) => wireCommands(write).map((it) => encodeCommand(argumentsOf(it))))),
        );
        inFlight.push(...writes.map((write) => ({ write, answer: answerOf(client, write) })));
      }
      const oldest = inFlight.shift();
      if (oldest === undefined) return;
      const answer = await oldest.answer;
      if (answer === "unknown") return this.#noteStuck(client, lane.history.name);
      this.#noteAnswer(lane, oldest.write, answer);
    }
  }

  #draw(lane: Lane): Write {
    const draft = lane.draw();
    return lane.history.send(draft.commands, draft.transaction);
  }

  #noteAnswer(lane: Lane, write: Write, answer: readonly ModelReply[] | ReplyError): void {
    if (answer instanceof ReplyError) {
      lane.history.refuse(write);
      this.#noteRefusal(answer, lane.history.name);
      return;
    }
    this.#complain(lane.history.acknowledge(write, answer));
    if (write.commands.some(([, key]) => key === markKeyOf(lane.history)))
      this.#marksAcknowledged.set(lane, write.number);
    this.#options.onAcknowledged?.(lane, write);
    this.#noteAcknowledged();
  }

  /** Increments the shared counter and appends to the shared list, in turns, a few requests at a time. */
  async #share(writer: number, client: RespClient): Promise<void> {
    const depth = 1 + 3 * writer;
    while (!this.#stopping) {
      const list = this.#lists.at(-1) as SharedList;
      const elements = Array.from({ length: depth }, () => `${writer}-${++this.#sharedNumber}`);
      const commands = elements.flatMap((element) => [
        ["INCR", this.#counter.key],
        ["RPUSH", list.key, element],
      ]);
      for (const _ of elements) this.#counter.send();
      client.write(Buffer.concat(commands.map((it) => encodeCommand(argumentsOf(it)))));
      const answers = commands.map(() => nextAnswer(client));
      let ended = false;
      for (const element of elements) {
        ended = this.#noteIncrement(await (answers.shift() as Promise<Answer>)) || ended;
        ended = this.#noteAppend(list, element, await (answers.shift() as Promise<Answer>)) || ended;
      }
      if (ended) return this.#noteStuck(client, `sharer ${writer}`);
    }
  }

  #noteIncrement(answer: Answer): boolean {
    if (answer === "unknown") this.#counter.lose();
    else if (answer instanceof ReplyError) {
      this.#counter.refuse();
      this.#noteRefusal(answer, this.#counter.key);
    } else {
      this.#complain(this.#counter.acknowledge(answer[0] as number));
      this.#noteAcknowledged();
    }
    return answer === "unknown";
  }

  #noteAppend(list: SharedList, element: string, answer: Answer): boolean {
    if (answer === "unknown") list.lose(element);
    else if (answer instanceof ReplyError) this.#noteRefusal(answer, list.key);
    else {
      list.acknowledge(element, answer[0] as number);
      this.#noteAcknowledged();
    }
    return answer === "unknown";
  }

  /**
   * Reads marks and twins. A mark may not be older than the newest acknowledged before the read was sent, and once read it may not be
   * lost; twins, written together, must be equal at every moment.
   */
  async #read(reader: number, client: RespClient): Promise<void> {
    const random = this.#options.random.fork(`reader ${reader} ${this.#acknowledged}`);
    while (!this.#stopping && client.isOpen) {
      const lane = random.pick(this.lanes);
      const atLeast = this.#marksAcknowledged.get(lane) ?? 0;
      let replies: ModelReply[];
      try {
        replies = await ask(client, [
          ["GET", markKeyOf(lane.history)],
          ["MGET", ...twinKeysOf(lane.history)],
        ]);
      } catch (error) {
        if (!(error instanceof ReplyError)) return this.#noteStuck(client, `reader ${reader}`);
        this.#noteReadRefusal(error);
        continue;
      }
      const mark = Number(replies[0] ?? 0);
      const twins = replies[1] as readonly (string | null)[];
      lane.history.see(mark);
      if (mark < atLeast) this.#complain(`${lane.history.name}: read mark ${mark} after ${atLeast} was acknowledged`);
      if (twins.some((it) => it !== twins[0])) this.#complain(`${lane.history.name}: saw half a transaction`);
    }
  }

  #noteAcknowledged(): void {
    this.#acknowledged += 1;
    if (this.#awaited.length === 0) return;
    for (const it of this.#awaited) if (it.count <= this.#acknowledged) it.resolve();
    this.#awaited = this.#awaited.filter((it) => it.count > this.#acknowledged);
  }

  #noteRefusal(answer: ReplyError, where: string): void {
    this.#refused += 1;
    if (this.#options.refusalAllowed?.test(answer.message) !== true)
      this.#complain(`${where}: refused with ${answer.message}`);
  }

  #noteReadRefusal(answer: ReplyError): void {
    this.#readsRefused += 1;
    if (this.#options.refusalAllowed?.test(answer.message) !== true)
      this.#complain(`a read was refused: ${answer.message}`);
  }

  /** A connection that is still open when its client gives up had a request that nobody answered. */
  #noteStuck(client: RespClient, where: string): void {
    if (client.isOpen) this.#complain(`${where}: no answer within ${REPLY_DEADLINE_MILLIS} ms`);
  }

  #complain(complaint: string | undefined): void {
    if (complaint !== undefined && this.complaints.length < COMPLAINTS_MAX) this.complaints.push(complaint);
  }
}

type Answer = readonly ModelReply[] | ReplyError | "unknown";

function wireCommands(write: Write): readonly Command[] {
  return write.transaction ? [["MULTI"], ...write.commands, ["EXEC"]] : write.commands;
}

/** The replies of a write's commands, in order. Never rejects. */
async function answerOf(client: RespClient, write: Write): Promise<Answer> {
  if (!write.transaction) return nextAnswer(client);
  const answers = await Promise.all(wireCommands(write).map(() => nextAnswer(client)));
  const last = answers.at(-1) as Answer;
  if (last === "unknown" || last instanceof ReplyError) return last;
  return (last[0] ?? []) as readonly ModelReply[];
}

async function nextAnswer(client: RespClient): Promise<Answer> {
  try {
    const reply = modelReply(await client.nextReply(REPLY_DEADLINE_MILLIS));
    return reply instanceof ReplyError ? reply : [reply];
  } catch {
    return "unknown";
  }
}
