import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { formatReply, type Reply, RespClient } from "../support/respClient.ts";
import { type RunningServer, testsRedis } from "../support/serverUnderTest.ts";
import { parseChunks } from "./chunkedParse.ts";
import { mainThreadMillis, residentBytes } from "./processUsage.ts";
import { type FuzzBudget, FuzzFailure, type FuzzInput, InputSource } from "./respFuzz.ts";
import { isTame } from "./tameRequest.ts";

const LIMITS = { bulkBytesMax: 512 << 20, authenticated: true };
const LANES = 16;
const WITNESS_MILLIS = 20;
/** CPU time of the server's main thread between a PING of somebody else and its answer. */
const HANG_MILLIS = 100;
const FLUSH_EVERY = 2_000;
/** After so many inputs memory should not grow any more. */
const WARM_UP_INPUTS = 5_000;
const GROWTH_BYTES_MAX = 192 << 20;

export interface ServerFuzzReport {
  inputs: number;
  requests: number;
  errors: number;
  connections: number;
  /** The longest that another client's PING took, in CPU time of the server. */
  hangMillisMax: number;
  growthBytes: number;
}

/**
 * Sends drawn streams to a server over several connections at a time. Every request before the first error is answered with
 * well-formed RESP, the error has Redis's text and ends the connection, others are served meanwhile, and memory stays
 * bounded. Throws a `FuzzFailure`.
 */
export async function fuzzServer(server: RunningServer, budget: FuzzBudget): Promise<ServerFuzzReport> {
  const report = { inputs: 0, requests: 0, errors: 0, connections: 0, hangMillisMax: 0, growthBytes: 0 };
  const source = new InputSource(budget.seed);
  let index = 0;
  const next = () => {
    const isOver = index >= budget.inputs || witness.failure !== undefined;
    return isOver ? undefined : source.draw(index++);
  };
  const witness = new Witness(server, report, () => `${budget.seed}/${index - LANES} to ${index - 1}`);
  const watching = witness.watch();
  try {
    await Promise.all(Array.from({ length: LANES }, () => new Lane(server, report).run(next)));
  } finally {
    witness.stop();
    await watching;
  }
  if (witness.failure !== undefined) throw witness.failure;
  return report;
}

/** One connection after another, one input at a time. */
class Lane {
  readonly #server: RunningServer;
  readonly #report: ServerFuzzReport;
  #client: RespClient | undefined;

  constructor(server: RunningServer, report: ServerFuzzReport) {
    this.#server = server;
    this.#report = report;
  }

  async run(next: () => FuzzInput | undefined): Promise<void> {
    for (let input = next(); input !== undefined; input = next()) {
      try {
        await this.#play(input);
      } catch (error) {
        const what = `${(error as Error).message}\nthe server says: ${this.#server.output().slice(-2000)}`;
        throw new FuzzFailure(what, input.name, input.bytes);
      }
    }
    await this.#client?.close();
  }

  async #play(input: FuzzInput): Promise<void> {
    const { requests, error, parser } = parseChunks(input.bytes, [], LIMITS);
    if (!requests.every(isTame)) return;
    this.#client ??= await this.#connect();
    const client = this.#client;
    const isWhole = error === undefined && parser.bufferedBytes === 0;
    // Redis resets the connection when something comes after an error, and the error may be lost.
    const isCut = input.prng.chance(1, 4) && !(testsRedis && error !== undefined);
    await write(client, input, isCut, isWhole ? `*2\r\n$4\r\nECHO\r\n$${input.name.length}\r\n${input.name}\r\n` : "");
    for (const request of requests) await replyTo(client, request.join(" "));
    if (isWhole) expectEnd(await replyTo(client, "the last ECHO"), input);
    else await this.#hangUp(client, error);
    this.#report.inputs++;
    this.#report.requests += requests.length;
  }

  async #hangUp(client: RespClient, error: string | undefined): Promise<void> {
    this.#client = undefined;
    if (error !== undefined) {
      const reply = formatReply(await replyTo(client, error));
      const expected = `-ERR ${error.replace(/[\r\n]/g, " ")}`;
      if (reply.trimEnd() !== expected.trimEnd()) throw new Error(`${reply} and not ${expected}`);
      await client.closed();
      this.#report.errors++;
    }
    await client.close();
  }

  #connect(): Promise<RespClient> {
    this.#report.connections++;
    return RespClient.connect(this.#server);
  }
}

async function write(client: RespClient, { bytes, prng }: FuzzInput, isCut: boolean, last: string): Promise<void> {
  const cut = isCut ? prng.below(bytes.length + 1) : 0;
  if (isCut) {
    client.write(bytes.subarray(0, cut));
    await nextTurn();
  }
  client.write(Buffer.concat([bytes.subarray(cut), Buffer.from(last)]));
}

async function replyTo(client: RespClient, what: string): Promise<Reply> {
  try {
    return await client.nextReply();
  } catch (error) {
    throw new Error(`no answer to ${JSON.stringify(what)}: ${(error as Error).message}`);
  }
}

/** The words sent behind the input: inside a transaction they are queued. */
function expectEnd(reply: Reply, { name }: FuzzInput): void {
  const text = formatReply(reply);
  if (text !== `$"${name}"` && text !== "+QUEUED") throw new Error(`${text} where the answer to the last ECHO belongs`);
}

/** Another client: it must be served whatever the lanes do. */
class Witness {
  readonly #server: RunningServer;
  readonly #report: ServerFuzzReport;
  readonly #inFlight: () => string;
  failure: Error | undefined;
  #stopped = false;
  #warmBytes = 0;
  #flushedInputs = 0;

  constructor(server: RunningServer, report: ServerFuzzReport, inFlight: () => string) {
    this.#server = server;
    this.#report = report;
    this.#inFlight = inFlight;
  }

  stop(): void {
    this.#stopped = true;
  }

  async watch(): Promise<void> {
    try {
      await this.#watch();
    } catch (error) {
      this.failure = error as Error;
    }
  }

  async #watch(): Promise<void> {
    const client = await RespClient.connect(this.#server);
    while (!this.#stopped) {
      await this.#ping(client);
      if (this.#report.inputs - this.#flushedInputs > FLUSH_EVERY) await this.#flush(client);
      await pause(WITNESS_MILLIS);
    }
    await this.#ping(client);
    await client.close();
  }

  async #ping(client: RespClient): Promise<void> {
    const { pid } = this.#server;
    const before = mainThreadMillis(pid);
    const reply = formatReply(await client.call("PING"));
    const millis = mainThreadMillis(pid) - before;
    this.#report.hangMillisMax = Math.max(this.#report.hangMillisMax, millis);
    if (reply !== "+PONG") throw new Error(`PING is answered with ${reply}`);
    if (millis > HANG_MILLIS)
      throw new Error(`the server worked ${millis} ms between PING and PONG, with ${this.#inFlight()}`);
  }

  async #flush(client: RespClient): Promise<void> {
    await client.call("FLUSHALL");
    this.#flushedInputs = this.#report.inputs;
    const bytes = residentBytes(this.#server.pid);
    if (this.#flushedInputs < WARM_UP_INPUTS) return;
    if (this.#warmBytes === 0) this.#warmBytes = bytes;
    this.#report.growthBytes = bytes - this.#warmBytes;
    if (this.#report.growthBytes > GROWTH_BYTES_MAX) throw new Error(`${bytes} bytes in RAM, after ${this.#warmBytes}`);
  }
}
