import assert from "node:assert/strict";
import { ByteReader } from "../../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import type { Random } from "../../../../src/base/random.ts";
import { Args } from "../../../../src/core/command/args.ts";
import type { BlockRequest, Call } from "../../../../src/core/command/call.ts";
import { wrongArity } from "../../../../src/core/command/errors.ts";
import { hashCommands } from "../../../../src/core/command/hashes/hashCommands.ts";
import { listCommands } from "../../../../src/core/command/lists/listCommands.ts";
import { Reply } from "../../../../src/core/command/reply.ts";
import type { Session } from "../../../../src/core/command/session.ts";
import { setCommands } from "../../../../src/core/command/sets/setCommands.ts";
import { CommandTable } from "../../../../src/core/command/table.ts";
import { KeySpace } from "../../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { Replayer } from "../../../../src/core/state/replay.ts";

const table = new CommandTable([hashCommands, listCommands, setCommands]);

/** What differs from one evaluation to the next. */
interface Circumstances {
  readonly inTransaction?: boolean;
  readonly wakingKey?: string;
}

/** A key space with the hash, list and set commands on it, and nothing around it. */
export class CollectionNode {
  protocol: 2 | 3 = 2;
  now = 1_700_000_000_000;
  readonly state = new KeySpace([1, 2]);
  readonly log = new ByteWriter();
  readonly mutate = new Mutator(this.state, this.log);
  /** Mutations of the last command. */
  mutations = 0;
  /** What was logged, one piece for each command that changed something. */
  readonly entries: { readonly seq: number; readonly bytes: Uint8Array }[] = [];
  /** What the last command waits for. */
  blockRequest: BlockRequest | undefined;
  readonly #random: Random;
  #seq = 0;

  constructor(random: Random = seededRandom(1)) {
    this.#random = random;
  }

  /** The reply as it goes over the wire, with a space for every line end; "" when the command waits. */
  run(args: readonly string[], circumstances: Circumstances = {}): string {
    const reply = new Reply();
    reply.protocol = this.protocol;
    const request = Args.of(...args);
    const spec = table.find(request);
    assert.ok(spec?.evaluate !== undefined, `${args[0]} is a command`);
    const before = this.mutate.mutations;
    const call = this.#call(request, reply, circumstances);
    this.#begin();
    const isShort = spec.arity < 0 ? args.length < -spec.arity : args.length !== spec.arity;
    if (isShort) reply.error(wrongArity(spec.name));
    else spec.evaluate(call);
    this.#end();
    this.mutations = this.mutate.mutations - before;
    this.blockRequest = call.blockRequest;
    return wire(reply);
  }

  /** `run` of a command line: words with spaces between, or in double quotes. */
  line(text: string, circumstances?: Circumstances): string {
    return this.run(wordsOf(text), circumstances);
  }

  /** Makes `key` a string, outside of any command. */
  putString(key: string): void {
    this.#begin();
    this.mutate.setText(key, "text", 0);
    this.#end();
  }

  expire(key: string, at: number): void {
    this.#begin();
    this.mutate.expire(key, at);
    this.#end();
  }

  /** Applies what another node has logged, as a replica does. */
  replay(node: CollectionNode): void {
    const replayer = new Replayer(this.state);
    for (const { seq, bytes } of node.entries) replayer.entry(new ByteReader(bytes), seq);
  }

  #begin(): void {
    this.log.reset();
    this.mutate.begin(++this.#seq);
  }

  #end(): void {
    // An entry begins with its length, of four bytes.
    if (this.mutate.end()) this.entries.push({ seq: this.#seq, bytes: this.log.slice(4) });
  }

  #call(args: Args, reply: Reply, { inTransaction = false, wakingKey }: Circumstances): Call {
    return {
      args,
      reply,
      now: this.now,
      expiryNow: this.now,
      access: undefined,
      heldSince: undefined,
      awaits: 0,
      state: this.state,
      mutate: this.mutate,
      session: { noTouch: false, denyBlocking: false } as Session,
      node: { cluster: () => undefined, commitPoint: 0 } as never,
      random: this.#random,
      inTransaction,
      wakingKey,
      writesRefused: undefined,
      blockRequest: undefined,
      dependsOn: 0,
    };
  }
}

/**
 * Follows a transcript of a redis-server 7.0.15: a line `> command`, below it the reply in RESP2 and, where it is
 * another one in RESP3, a line `3 reply`. `strings` are keys that hold a string.
 */
export function follow(transcript: string, strings: readonly string[] = []): void {
  const exchanges = transcript
    .trim()
    .split(/\n\s*> |^> /)
    .slice(1);
  for (const protocol of [2, 3] as const) {
    const node = new CollectionNode();
    node.protocol = protocol;
    for (const exchange of exchanges) {
      const [command, resp2, resp3] = exchange.split("\n").map((line) => line.trim());
      for (const key of strings) if (node.state.find(key) === 0) node.putString(key);
      const expected = protocol === 3 && resp3 !== undefined ? resp3.slice(2) : resp2;
      assert.equal(node.line(command!), expected, command);
    }
  }
}

export function wire(reply: Reply): string {
  return Buffer.from(reply.out.view()).toString("latin1").replaceAll("\r\n", " ").trimEnd();
}

export function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

/** mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return {
    u32: () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return (mixed ^ (mixed >>> 14)) >>> 0;
    },
  };
}
