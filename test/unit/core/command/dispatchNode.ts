import assert from "node:assert/strict";
import { newSession } from "../../../../sim/oracle/session.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { Args } from "../../../../src/core/command/args.ts";
import type { BlockRequest } from "../../../../src/core/command/call.ts";
import { BLOCKED, type DispatchedCall, execute, type Outcome } from "../../../../src/core/command/dispatch.ts";
import { genericCommands } from "../../../../src/core/command/generic/genericCommands.ts";
import { hashCommands } from "../../../../src/core/command/hashes/hashCommands.ts";
import { listCommands } from "../../../../src/core/command/lists/listCommands.ts";
import type { NodeServices } from "../../../../src/core/command/nodeServices.ts";
import { Reply } from "../../../../src/core/command/reply.ts";
import type { Session } from "../../../../src/core/command/session.ts";
import { setCommands } from "../../../../src/core/command/sets/setCommands.ts";
import { sortedSetCommands } from "../../../../src/core/command/sortedSets/sortedSetCommands.ts";
import type { CommandSpec } from "../../../../src/core/command/spec.ts";
import { stringCommands } from "../../../../src/core/command/strings/stringCommands.ts";
import { CommandTable } from "../../../../src/core/command/table.ts";
import { transactionCommands } from "../../../../src/core/command/transactions/transactionCommands.ts";
import { KeySpace } from "../../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { seededRandom, wire, wordsOf } from "./collectionNode.ts";

/** Commands that the tests of `execute` need and no group has. */
const oddCommands: readonly CommandSpec[] = [odd("open", ["no_auth"]), odd("alone", ["no_multi"]), odd("quit", [])];

function odd(name: string, flags: CommandSpec["flags"]): CommandSpec {
  const facts = { arity: -1, group: "connection", since: "1.0.0", summary: name } as const;
  return { name, flags, ...facts, evaluate: (call) => call.reply.ok() };
}

export const groups: readonly (readonly CommandSpec[])[] = [
  stringCommands,
  genericCommands,
  hashCommands,
  listCommands,
  setCommands,
  sortedSetCommands,
  transactionCommands,
  oddCommands,
];
export const table = new CommandTable(groups);

/** A key space with several sessions on it whose requests go through `execute`; entries of the log are counted, not kept. */
export class DispatchNode {
  now = 1_700_000_000_000;
  writesRefused: string | undefined;
  /** Entries of the log so far, and mutations of the last request. */
  entries = 0;
  mutations = 0;
  /** What the last request waits for, and what it came to. */
  blockRequest: BlockRequest | undefined;
  outcome: Outcome | undefined;
  /** What the last request's reply depends on, and the seq of the next entry. */
  dependsOn = 0;
  nextSeq = 1;
  readonly state = new KeySpace([1, 2]);
  readonly #sessions = new Map<string, Session>();
  readonly #mutator = new Mutator(this.state, new ByteWriter());
  readonly #random = seededRandom(1);

  constructor() {
    this.#mutator.onTouch = (key) => {
      for (const session of this.#sessions.values()) {
        if (key === undefined ? session.watched.size > 0 : session.watched.has(key)) session.watchBroken = true;
      }
    };
  }

  set entryBytesMax(bytes: number) {
    this.#mutator.entryBytesMax = bytes;
  }

  session(name = ""): Session {
    const session = this.#sessions.get(name) ?? newSession(this.#sessions.size + 1, 2);
    this.#sessions.set(name, session);
    return session;
  }

  /** The reply as it goes over the wire, with a space for every line end; "" when the request waits. */
  run(words: readonly string[], session = this.session(), wakingKey?: string): string {
    return this.runArgs(Args.of(...words), session, wakingKey);
  }

  runArgs(args: Args, session = this.session(), wakingKey?: string): string {
    const call = this.#call(args, session, wakingKey);
    const before = this.#mutator.mutations;
    this.#mutator.begin(this.nextSeq);
    this.outcome = execute(call, table);
    if (this.#mutator.end()) {
      this.entries++;
      this.nextSeq++;
    }
    this.mutations = this.#mutator.mutations - before;
    this.blockRequest = call.blockRequest;
    this.dependsOn = call.dependsOn;
    assert.equal(this.outcome === BLOCKED, call.blockRequest !== undefined, "a request waits when it says so");
    assert.equal(call.inTransaction, false, "what EXEC exchanged is put back");
    return wire(call.reply);
  }

  /** `run` of a command line: words with spaces between, or in double quotes. */
  line(text: string, session = this.session()): string {
    return this.run(wordsOf(text), session);
  }

  /** Lines `> command`, or `@session > command`, each with the reply on the next, as a redis-server 7.0.15 gave it. */
  follow(transcript: string): void {
    const lines = transcript.trim().split("\n");
    for (let i = 0; i < lines.length; i += 2) {
      const [, name = "", command] = /^(?:@(\w+) )?> (.*)$/.exec(lines[i]!.trim())!;
      assert.equal(this.line(command!, this.session(name)), lines[i + 1]!.trim(), command);
    }
  }

  #call(args: Args, session: Session, wakingKey: string | undefined): DispatchedCall {
    const reply = new Reply();
    reply.protocol = session.protocol;
    return {
      args,
      reply,
      now: this.now,
      expiryNow: this.now,
      access: undefined,
      heldSince: undefined,
      awaits: 0,
      state: this.state,
      mutate: this.#mutator,
      session,
      node: this.#services,
      random: this.#random,
      inTransaction: false,
      wakingKey,
      spec: undefined,
      writesRefused: this.writesRefused,
      blockRequest: undefined,
      dependsOn: 0,
    };
  }

  readonly #services = {
    watch: (session: Session, key: string) => session.watched.add(key),
    unwatch: (session: Session) => session.watched.clear(),
  } as unknown as NodeServices;
}
