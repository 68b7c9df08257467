import { formatReply, shorten } from "../../support/respReply.ts";
import { beginsScan, compareExec, exact, ORDERED_WHEN_COMPACT, RANDOM_COMMANDS, ruleFor } from "./comparison.ts";
import { compareKeySpaces } from "./keySpace.ts";
import { playRandomDraw } from "./randomDraw.ts";
import type { Outcome, Side } from "./side.ts";
import { type Command, commandBytes, commandName, type Manner, type Step } from "./step.ts";

const BLOCKING = new Set(["blpop", "brpop", "brpoplpush", "blmove", "blmpop", "bzpopmin", "bzpopmax", "bzmpop"]);
const TIMEOUT_FIRST = new Set(["blmpop", "bzmpop"]);
/** A timeout up to this is waited for; a longer one, or none, counts as "held back". */
const SHORT_TIMEOUT_SECONDS = 0.5;

/** Where the two servers went different ways: after which step, and how. */
export type Mismatch = { readonly index: number; readonly reason: string };

/** Plays sequences on a pair of servers and compares every reply, and at the end everything they hold. */
export class Player {
  readonly expected: Side;
  readonly actual: Side;
  /** Commands played so far, for the summary. */
  stepsPlayed = 0;
  readonly #queued = new Map<number, Command[]>();
  readonly #held = new Map<number, Command>();
  #manner: Manner = { protocol: 2, pipelined: false };

  constructor(expected: Side, actual: Side) {
    this.expected = expected;
    this.actual = actual;
  }

  /** Plays from an empty key space; resolves the first mismatch, or undefined when the servers agree throughout. */
  async play(steps: readonly Step[], manner: Manner): Promise<Mismatch | undefined> {
    await this.#begin(manner);
    let mismatch: Mismatch | undefined;
    try {
      mismatch = await this.#playAll(steps);
    } catch (error) {
      mismatch = { index: steps.length - 1, reason: `the sequence could not be played to its end: ${error}` };
    }
    if (mismatch !== undefined) {
      await this.#both((side) => side.forgetConnections());
    }
    return mismatch;
  }

  async #begin(manner: Manner): Promise<void> {
    this.#manner = manner;
    this.#queued.clear();
    this.#held.clear();
    await this.#both((side) => side.reset(manner));
  }

  async #playAll(steps: readonly Step[]): Promise<Mismatch | undefined> {
    for (let index = 0; index < steps.length; ) {
      const length = this.#manner.pipelined ? this.#pipelineLength(steps, index) : 1;
      const batch = steps.slice(index, index + length);
      const mismatch = length > 1 ? await this.#playPipeline(batch) : await this.#playOne(batch[0] as Step);
      this.stepsPlayed += length;
      if (mismatch !== undefined) {
        return { index: index + mismatch.index, reason: mismatch.reason };
      }
      index += length;
    }
    const reason = (await this.#wakeAll()) ?? (await compareKeySpaces(this.expected, this.actual));
    return reason === undefined ? undefined : { index: steps.length - 1, reason: `afterwards: ${reason}` };
  }

  /** How many steps from here can go in one pipeline; 1 for a step that must be played alone. */
  #pipelineLength(steps: readonly Step[], from: number): number {
    const connection = steps[from]?.connection ?? 0;
    let length = 0;
    while (isPipelineable(steps[from + length], connection) && !this.#held.has(connection)) {
      length += 1;
    }
    return Math.max(1, length);
  }

  async #playPipeline(steps: readonly Step[]): Promise<Mismatch | undefined> {
    const commands = steps.map((each) => each.command);
    const connection = steps[0]?.connection ?? 0;
    const [expected, actual] = await this.#both((side) => side.runPipeline(connection, commands));
    for (const [index, step] of steps.entries()) {
      const reason = await this.#compare(step, expected[index] as Outcome, actual[index] as Outcome);
      if (reason !== undefined) {
        return { index, reason };
      }
    }
    const reason = await this.#compareWoken();
    return reason === undefined ? undefined : { index: steps.length - 1, reason };
  }

  async #playOne(step: Step): Promise<Mismatch | undefined> {
    if (this.#held.has(step.connection)) {
      return undefined;
    }
    const reason = (await this.#playAlone(step)) ?? (await this.#compareWoken());
    if (step.pauseAfterMillis !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, step.pauseAfterMillis));
    }
    return reason === undefined ? undefined : { index: 0, reason };
  }

  async #playAlone(step: Step): Promise<string | undefined> {
    const isQueued = this.#queued.has(step.connection);
    if (!isQueued && RANDOM_COMMANDS.has(commandName(step.command))) {
      return playRandomDraw(step, this.expected, this.actual);
    }
    const mayBlock = !isQueued && mayBeHeldBack(step.command);
    const [expected, actual] = await this.#both((side) => {
      if (beginsScan(step.command) && !isQueued) {
        return side.runScan(step);
      }
      return mayBlock ? side.runBlocking(step) : side.run(step);
    });
    if (expected.kind === "blocked" && actual.kind === "blocked") {
      this.#held.set(step.connection, step.command);
      return undefined;
    }
    return this.#compare(step, expected, actual);
  }

  async #compare(step: Step, expected: Outcome, actual: Outcome): Promise<string | undefined> {
    if (expected.kind !== "reply" || actual.kind !== "reply") {
      return `expected ${describe(expected)}\n     got ${describe(actual)}`;
    }
    const queued = this.#queued.get(step.connection);
    const name = commandName(step.command);
    const isExec = name === "exec" && queued !== undefined;
    this.#followTransaction(step, expected);
    if (isExec) {
      return compareExec(queued, expected.reply, actual.reply);
    }
    const reason = ruleFor(step.command)(expected.reply, actual.reply);
    return reason ?? this.#compareOrder(step, expected, actual);
  }

  /** Elements of a listpack or an intset come in a fixed order that applications have come to rely on. */
  async #compareOrder(step: Step, expected: Outcome, actual: Outcome): Promise<string | undefined> {
    const isOrdered = ORDERED_WHEN_COMPACT.has(commandName(step.command)) && !this.#manner.pipelined;
    if (!isOrdered || expected.kind !== "reply" || actual.kind !== "reply") {
      return undefined;
    }
    const reason = exact(expected.reply, actual.reply);
    if (reason === undefined) {
      return undefined;
    }
    const key = commandBytes(step.command)[1] ?? "";
    const encoding = formatReply(await this.expected.control.call("OBJECT", "ENCODING", key));
    return encoding === '$"hashtable"' ? undefined : `the order of a compact key differs (${encoding}):\n${reason}`;
  }

  /** Follows MULTI by what redis-server answers, to know which commands EXEC will reply to. */
  #followTransaction(step: Step, expected: Outcome): void {
    const text = expected.kind === "reply" && expected.reply.type === "simple" ? expected.reply.text : "";
    const name = commandName(step.command);
    if (text === "QUEUED") {
      this.#queued.get(step.connection)?.push(step.command);
    } else if (name === "multi" && text === "OK") {
      this.#queued.set(step.connection, []);
    } else if (name === "exec" || name === "discard" || name === "reset" || name === "quit") {
      // A wrong number of words leaves the transaction open.
      if (step.command.length === 1) {
        this.#queued.delete(step.connection);
      }
    }
  }

  /** Compares which held-back connections the last command woke, and what they got. */
  async #compareWoken(): Promise<string | undefined> {
    if (this.#held.size === 0) {
      return undefined;
    }
    const [expected, actual] = await this.#both((side) => side.settle());
    for (const [connection, command] of [...this.#held]) {
      const left = expected.get(connection) ?? { kind: "blocked" };
      const right = actual.get(connection) ?? { kind: "blocked" };
      if (left.kind !== "blocked" || right.kind !== "blocked") {
        this.#held.delete(connection);
        const reason = await this.#compare({ connection, command }, left, right);
        if (reason !== undefined) {
          return `connection ${connection}, held back in ${shorten(command.join(" "))}:\n${reason}`;
        }
      }
    }
    return undefined;
  }

  async #wakeAll(): Promise<string | undefined> {
    for (const connection of this.#held.keys()) {
      const how = connection % 2 === 0 ? "TIMEOUT" : "ERROR";
      const [expected, actual] = await this.#both((side) => side.unblock(connection, how));
      const reason = exact(expected, actual);
      if (reason !== undefined) {
        return `CLIENT UNBLOCK of connection ${connection}: ${reason}`;
      }
    }
    return this.#compareWoken();
  }

  #both<T>(action: (side: Side) => Promise<T>): Promise<[T, T]> {
    return Promise.all([action(this.expected), action(this.actual)]);
  }
}

function isPipelineable(step: Step | undefined, connection: number): boolean {
  if (step === undefined || step.connection !== connection) {
    return false;
  }
  const name = commandName(step.command);
  const needsCare = RANDOM_COMMANDS.has(name) || BLOCKING.has(name) || name === "quit" || beginsScan(step.command);
  return !needsCare && step.pauseAfterMillis === undefined;
}

function mayBeHeldBack(command: Command): boolean {
  const name = commandName(command);
  if (!BLOCKING.has(name)) {
    return false;
  }
  const timeout = Number(TIMEOUT_FIRST.has(name) ? command[1] : command.at(-1));
  return timeout === 0 || timeout > SHORT_TIMEOUT_SECONDS;
}

function describe(outcome: Outcome): string {
  if (outcome.kind === "reply") {
    return shorten(formatReply(outcome.reply), 1_500);
  }
  return outcome.kind === "blocked" ? "no reply (held back)" : `a failure: ${outcome.message}`;
}
