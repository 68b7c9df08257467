import { decodeLatin1, latin1Bytes } from "../../src/base/latin1.ts";
import type { Prng } from "../../src/base/prng.ts";
import type { Args } from "../../src/core/command/args.ts";
import type { Call } from "../../src/core/command/call.ts";
import type { Durability } from "../../src/worker/journal.ts";
import type { Node } from "../../src/worker/node.ts";
import { checkRecovered } from "../invariants/acknowledgedIsKept.ts";
import { checkReleased } from "../invariants/repliesWaitForTheLog.ts";
import type { SimClock } from "../kernel/simClock.ts";
import type { DiskTracker } from "../node/diskTracker.ts";
import type { NodeObserver } from "../node/observe.ts";
import { type NodeRandom, RequestRandom } from "../node/requestRandom.ts";
import type { Expectation, SimClient } from "../node/simClient.ts";
import { Violation } from "../violation.ts";
import { Model } from "./model.ts";
import { decodeReply } from "./respValue.ts";
import { ScanWatch } from "./scanWatch.ts";

export interface JudgeParts {
  readonly prng: Prng;
  readonly clock: SimClock;
  readonly tracker: DiskTracker;
  readonly random: NodeRandom;
  readonly durability: Durability;
  readonly clients: ReadonlyMap<number, SimClient>;
  readonly fail: (violation: Violation) => void;
  readonly trace: (line: string) => void;
}

/** Sits between the clients and the node: has the model do the same, and compares entry by entry and reply by reply. */
export class Judge implements NodeObserver {
  readonly model = new Model();
  /** Everything up to here was told to somebody, or was found on disk. */
  acknowledgedSeq = 0;
  readonly scans: ScanWatch;
  /** Requests that waited and got something. */
  wokenRequests = 0;
  readonly #parts: JudgeParts;
  readonly #waiting = new Map<number, { readonly args: Args; readonly expectation: Expectation }>();
  #node: Node | undefined;
  #expectedEntry: Uint8Array | undefined;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
    this.scans = new ScanWatch(this.model);
  }

  /** A node has recovered. Nothing is served yet. */
  recovered(node: Node, floor: number): void {
    const { model } = this;
    const { lastSeq } = node.log;
    checkRecovered(lastSeq, floor, model.lastSeq, this.#parts.fail);
    this.#node = node;
    this.#expectedEntry = undefined;
    this.#waiting.clear();
    this.acknowledgedSeq = lastSeq;
    if (lastSeq <= model.lastSeq) model.rewind(lastSeq);
  }

  /** Requests that wait for a key. */
  get waiting(): number {
    return this.#waiting.size;
  }

  connect(client: SimClient): void {
    this.model.connect(client.id, client.protocol);
  }

  disconnect(client: SimClient): void {
    this.model.disconnect(client.id);
    this.scans.forget(client.id);
    this.#waiting.delete(client.id);
  }

  /** A client's request, on the model and on the node. */
  execute(client: SimClient, words: readonly string[], args: Args): void {
    const { prng, random } = this.#parts;
    const seed = prng.u32();
    random.ofRequest = new RequestRandom(seed);
    this.#waitIsOver(client);
    if (words[0] === "SCAN") this.#expectScan(client, words);
    else this.#expect(client, words, args, seed);
    client.run(args);
    random.ofRequest = undefined;
    if (this.#expectedEntry !== undefined) this.#fail("the node does what the model does", `no entry for ${words}`);
  }

  #expect(client: SimClient, words: readonly string[], args: Args, seed: number): void {
    const { clock } = this.#parts;
    const { reply, entry, dependsOn, block } = this.model.run(client.id, args, {
      now: clock.wall(),
      random: new RequestRandom(seed),
      writesRefused: this.#node!.executor.writesRefused,
      wakingKey: undefined,
    });
    this.#expectedEntry = entry;
    const { piece } = client;
    const expectation: Expectation = { words, reply, dependsOn, piece };
    client.outstanding.push(expectation);
    piece.dependsOn = Math.max(piece.dependsOn, dependsOn);
    if (block === undefined) return;
    if (block.timeoutMillis > 0) {
      const at = clock.micros() + block.timeoutMillis * 1000;
      expectation.timeout = { reply: this.model.timeoutReply(client.id, block), at };
    }
    this.#waiting.set(client.id, { args: args.retain(), expectation });
  }

  /** The order of keys is the node's own affair; that every key is met is not. */
  #expectScan(client: SimClient, words: readonly string[]): void {
    const { clock } = this.#parts;
    const check = (bytes: Uint8Array, at: number): number => {
      const { value, end } = decodeReply(bytes, at);
      const failure = this.scans.step(client.id, value, clock.wall());
      if (failure !== undefined) this.#fail("a scan meets every key", failure);
      return end;
    };
    this.scans.begin(client.id, words[1]!, clock.wall());
    const { piece } = client;
    const dependsOn = this.model.lastSeq;
    client.outstanding.push({ words, reply: undefined, dependsOn, piece, check });
    piece.dependsOn = Math.max(piece.dependsOn, dependsOn);
  }

  entryAdded(entry: Uint8Array): void {
    const { model } = this;
    const seq = this.#node!.replica.lastSeq;
    if (seq !== model.lastSeq + 1) this.#fail("seqs are contiguous", `entry ${seq} after ${model.lastSeq}`);
    this.#parts.trace(`entry ${seq} ${textOf(entry)}`);
    const expected = this.#expectedEntry;
    this.#expectedEntry = undefined;
    if (expected !== undefined) {
      if (!sameBytes(expected, entry)) {
        const message = `entry ${seq} is ${textOf(entry)}, should be ${textOf(expected)}`;
        this.#fail("the node does what the model does", message);
      }
    } else if (entry.length > 0) {
      const wrong = model.expire(entry, this.#parts.clock.wall());
      if (wrong !== undefined) this.#fail("only expired keys go by themselves", wrong);
    }
    model.append(entry);
  }

  entriesDiscarded(): void {
    const { lastSeq } = this.#node!.replica;
    this.model.rewind(lastSeq);
    for (const { expectation } of this.#waiting.values()) {
      expectation.dependsOn = Math.min(expectation.dependsOn, lastSeq);
    }
  }

  /** A scan may miss keys then: the store may have kept the deletion of one that is in memory since. */
  stateReset(): void {
    this.scans.abandonAll();
  }

  entriesRefused(error: string): void {
    const reply = latin1Bytes(`-${error}\r\n`);
    const { commitPoint } = this.#node!.replica;
    for (const client of this.#parts.clients.values()) {
      if (!client.isParked) this.#waitIsOver(client);
      const waiting = this.#waiting.get(client.id)?.expectation;
      for (const expectation of client.outstanding) {
        if (expectation.isOver === true) refuseEndedWait(expectation, reply);
        else if (expectation !== waiting && expectation.piece.dependsOn > commitPoint) {
          Object.assign(expectation, { reply, check: undefined, dependsOn: 0 });
        }
      }
    }
  }

  #waitIsOver({ id }: SimClient): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) waiting.expectation.isOver = true;
    this.#waiting.delete(id);
  }

  woken(call: Call): void {
    const { id } = call.session;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return this.#fail("the node does what the model does", `session ${id} does not wait`);
    const { now, writesRefused, wakingKey } = call;
    const random = new RequestRandom(1);
    const { reply, entry, dependsOn } = this.model.run(id, waiting.args, { now, random, writesRefused, wakingKey });
    if (reply === undefined) return this.#fail("the node does what the model does", "a request is served too early");
    this.wokenRequests++;
    this.#waiting.delete(id);
    this.#expectedEntry = entry;
    Object.assign(waiting.expectation, { reply, dependsOn, piece: { dependsOn } });
  }

  answered(client: SimClient, expectation: Expectation): void {
    const { tracker, durability, fail } = this.#parts;
    const { dependsOn } = expectation;
    if (this.#waiting.get(client.id)?.expectation === expectation) this.#waiting.delete(client.id);
    checkReleased(dependsOn, durability === "sync" ? tracker.durableSeq : tracker.writtenSeq, expectation.words, fail);
    this.acknowledgedSeq = Math.max(this.acknowledgedSeq, dependsOn);
  }

  #fail(invariant: string, message: string): void {
    this.#parts.fail(new Violation(invariant, message));
  }
}

/** Its answer was held back: because of what it tells, or behind others. */
function refuseEndedWait(expectation: Expectation, refusal: Uint8Array): void {
  const { timeout } = expectation;
  expectation.dependsOn = 0;
  expectation.check = (bytes, at) => {
    const isRefused = bytes[at] === refusal[0];
    return at + (isRefused ? refusal : timeout!.reply).length;
  };
}

function textOf(entry: Uint8Array): string {
  return JSON.stringify(decodeLatin1(entry.subarray(0, 120)));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
