import { ByteReader } from "../../src/base/byteReader.ts";
import { ByteWriter } from "../../src/base/byteWriter.ts";
import type { Random } from "../../src/base/random.ts";
import type { Args } from "../../src/core/command/args.ts";
import type { BlockRequest } from "../../src/core/command/call.ts";
import { commandTable } from "../../src/core/command/commandTable.ts";
import { type DispatchedCall, execute } from "../../src/core/command/dispatch.ts";
import type { NodeServices } from "../../src/core/command/nodeServices.ts";
import { Reply } from "../../src/core/command/reply.ts";
import type { Session } from "../../src/core/command/session.ts";
import { KeySpace } from "../../src/core/state/keySpace.ts";
import * as kind from "../../src/core/state/mutation.ts";
import { Mutator } from "../../src/core/state/mutator.ts";
import { Replayer } from "../../src/core/state/replay.ts";
import { newSession } from "./session.ts";

/** What one request comes to. */
export interface Evaluation {
  /** Undefined when it waits. */
  readonly reply: Uint8Array | undefined;
  /** The mutations, without the length before them. */
  readonly entry: Uint8Array | undefined;
  /** Everything up to here must be committed before the reply goes out. */
  readonly dependsOn: number;
  readonly block: BlockRequest | undefined;
}

export interface Circumstances {
  readonly now: number;
  readonly random: Random;
  readonly writesRefused: string | undefined;
  /** A request that waits is tried again because of this key. */
  readonly wakingKey: string | undefined;
}

/**
 * What a node is to its clients if one leaves out all that makes it a node: the same commands, one after the other, on keys
 * in memory. Disk, engine, eviction, flushes, recovery and held replies must not make any difference to it.
 */
export class Model {
  readonly state = new KeySpace([1, 2]);
  /** Called when a key goes. */
  onDelete: (key: string | undefined) => void = () => undefined;
  /** Entry `seq` is at `seq - 1`. */
  readonly #entries: Uint8Array[] = [];
  readonly #sessions = new Map<number, Session>();
  readonly #log = new ByteWriter();
  readonly #mutator = new Mutator(this.state, this.#log);

  constructor() {
    this.#mutator.onTouch = (key) => this.#touch(key);
    const remove = this.state.delete;
    this.state.delete = (key, seq) => {
      this.onDelete(key);
      return remove.call(this.state, key, seq);
    };
    const clear = this.state.clear;
    this.state.clear = (seq) => {
      this.onDelete(undefined);
      clear.call(this.state, seq);
    };
  }

  get lastSeq(): number {
    return this.#entries.length;
  }

  connect(id: number, protocol: 2 | 3): void {
    this.#sessions.set(id, newSession(id, protocol));
  }

  disconnect(id: number): void {
    this.#sessions.delete(id);
  }

  readonly #exists = (key: string): boolean => this.state.find(key) !== 0;

  #touch(key: string | undefined): void {
    for (const session of this.#sessions.values()) {
      // `FLUSHALL` is no change of a key that is not there.
      const isTouched = key === undefined ? [...session.watched].some(this.#exists) : session.watched.has(key);
      if (isTouched) session.watchBroken = true;
    }
  }

  /** Evaluates a request of a session. Its entry counts when it is given to `append`. */
  run(id: number, args: Args, circumstances: Circumstances): Evaluation {
    const reply = new Reply();
    const session = this.#sessions.get(id)!;
    reply.protocol = session.protocol;
    const call = this.#call(args, session, reply, circumstances);
    this.#begin();
    execute(call, commandTable);
    const entry = this.#end();
    const dependsOn = entry === undefined ? call.dependsOn : this.lastSeq + 1;
    const block = call.blockRequest;
    return { reply: block === undefined ? reply.out.slice() : undefined, entry, dependsOn, block };
  }

  /** What a request that waits is answered when its time is over. */
  timeoutReply(id: number, block: BlockRequest): Uint8Array {
    const reply = new Reply();
    reply.protocol = this.#sessions.get(id)!.protocol;
    block.onTimeout(reply);
    return reply.out.slice();
  }

  /** An entry that no request made: it takes expired keys away. Answers what is wrong with it. */
  expire(entry: Uint8Array, now: number): string | undefined {
    const reader = new ByteReader(entry);
    this.#begin();
    while (reader.remaining > 0) {
      const code = reader.u8();
      const key = reader.lengthText();
      if (code !== kind.MUTATION_DELETE) return `a mutation of kind ${code}`;
      const ref = this.state.find(key);
      if (ref === 0) return `${key} is deleted, which is not there`;
      if (this.state.expireAt(ref) === 0 || this.state.expireAt(ref) > now) return `${key} is deleted, which lives`;
      this.#mutator.delete(key);
    }
    this.#end();
    return undefined;
  }

  #begin(): void {
    this.#log.reset();
    this.#mutator.begin(this.lastSeq + 1);
  }

  #end(): Uint8Array | undefined {
    return this.#mutator.end() ? this.#log.slice(4) : undefined;
  }

  /** The entry of what was evaluated last has the next seq. */
  append(entry: Uint8Array): void {
    this.#entries.push(entry);
  }

  /** Goes back to what entry `seq` and those before it have made. */
  rewind(seq: number): void {
    this.#entries.length = seq;
    this.state.reset();
    this.state.clearedSeq = 0;
    const replayer = new Replayer(this.state);
    for (const [at, entry] of this.#entries.entries()) replayer.entry(new ByteReader(entry), at + 1);
    this.onDelete(undefined);
  }

  #call(args: Args, session: Session, reply: Reply, circumstances: Circumstances): DispatchedCall {
    const { now, random, writesRefused, wakingKey } = circumstances;
    return {
      args,
      reply,
      now,
      expiryNow: now,
      access: undefined,
      heldSince: undefined,
      awaits: 0,
      state: this.state,
      mutate: this.#mutator,
      session,
      node: this.#services,
      random,
      inTransaction: false,
      wakingKey,
      spec: undefined,
      writesRefused,
      blockRequest: undefined,
      dependsOn: 0,
    };
  }

  readonly #services = {
    watch: (session: Session, key: string) => session.watched.add(key),
    unwatch: (session: Session) => session.watched.clear(),
  } as unknown as NodeServices;
}
