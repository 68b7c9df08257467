import { forEachOperation } from "../../src/base/engineBatch.ts";
import { invariant } from "../../src/base/invariant.ts";
import { decodeLatin1 } from "../../src/base/latin1.ts";
import type { Prng } from "../../src/base/prng.ts";
import type {
  Engine,
  EngineBatch,
  EnginePair,
  EngineRange,
  EngineSnapshot,
  SnapshotRange,
} from "../../src/ports/engine.ts";
import { OrderedBytes } from "./orderedBytes.ts";

/** What a batch, or a part of a clearing, does: keys with their new values, undefined where they go. */
type Operations = readonly (readonly [key: string, value: Uint8Array | undefined])[];

export interface SimEngineOptions {
  /** Decides how much of what was not synced a loss of power leaves. */
  readonly prng: Prng;
  /** Runs the next step of an operation later. */
  readonly schedule: (run: () => void) => void;
  /** Breaks the promise that a batch is atomic, to show that somebody notices. */
  readonly tearsBatches?: boolean;
}

/**
 * The disk of an ordered map like LevelDB: what was synced survives everything, what was not survives the end of the process, and of
 * it a prefix, batch by batch, the loss of power. After a failure the database takes nothing until it is opened again; the batch that
 * failed may then be there or not.
 */
export class SimEngine {
  /** No room: whatever would write fails. */
  full = false;
  /** Bytes of all keys and values that were ever written. */
  writtenBytes = 0;
  readonly #options: SimEngineOptions;
  /** What is on disk for good. */
  #durable = new OrderedBytes();
  /** What was given to the operating system after that, in order. */
  #unsynced: Operations[] = [];
  /** What the process sees. */
  #shown = new OrderedBytes();
  #isBroken = false;
  #isOpen = false;
  #generation = 0;
  #failAfter: number | undefined;
  /** What the process is writing at present. */
  #underWay: (() => Operations) | undefined;

  constructor(options: SimEngineOptions) {
    this.#options = options;
  }

  /** Opens the database for a process; the handles of earlier ones are dead. */
  open(): Engine {
    invariant(!this.#isOpen, "the database is opened while it is open");
    this.#isOpen = true;
    this.#generation++;
    this.#isBroken = false;
    this.#shown = this.#durable.copy();
    for (const operations of this.#unsynced) change(this.#shown, operations);
    return new OpenEngine(this, this.#generation);
  }

  /** Lets a write fail once, after `after` more have succeeded. */
  failNext(after: number): void {
    this.#failAfter = after;
  }

  closed(): void {
    this.#isOpen = false;
  }

  /** What was planned to fail does not. */
  failNever(): void {
    this.#failAfter = undefined;
  }

  /** The process dies: what is under way may have reached the operating system. */
  kill(): void {
    const { prng } = this.#options;
    if (this.#underWay !== undefined && !this.#isBroken && prng.chance(1, 2)) this.#unsynced.push(this.#underWay());
    this.#underWay = undefined;
    this.#isOpen = false;
    this.#generation++;
    this.#failAfter = undefined;
  }

  /** The power goes: a prefix of what was not synced is there afterwards. */
  crash(): void {
    this.kill();
    const { prng, tearsBatches } = this.#options;
    const kept = prng.between(0, this.#unsynced.length);
    for (const operations of this.#unsynced.slice(0, kept)) change(this.#durable, operations);
    const torn = this.#unsynced[kept];
    if (tearsBatches === true && torn !== undefined) change(this.#durable, torn.slice(0, prng.below(torn.length)));
    this.#unsynced = [];
  }

  /** Everything there is, as the process sees it. */
  get shown(): OrderedBytes {
    return this.#shown;
  }

  isCurrent(generation: number): boolean {
    return generation === this.#generation;
  }

  schedule(run: () => void): void {
    this.#options.schedule(run);
  }

  /** Whether a batch takes effect; if not, the database is broken and may or may not have it on disk. */
  take(operations: Operations, sync: boolean): boolean {
    this.#underWay = undefined;
    if (operations.length === 0) return true;
    if (this.#isBroken) return false;
    if (this.#fails()) {
      this.#isBroken = true;
      if (this.#options.prng.chance(1, 2)) this.#unsynced.push(operations);
      return false;
    }
    this.#unsynced.push(operations);
    for (const [key, value] of operations) this.writtenBytes += key.length + (value?.length ?? 0);
    change(this.#shown, operations);
    if (sync) {
      for (const earlier of this.#unsynced) change(this.#durable, earlier);
      this.#unsynced = [];
    }
    return true;
  }

  begin(operations: () => Operations): void {
    this.#underWay = operations;
  }

  #fails(): boolean {
    if (this.full) return true;
    if (this.#failAfter === undefined || this.#failAfter-- > 0) return false;
    this.#failAfter = undefined;
    return true;
  }

  drawParts(operations: Operations): Operations[] {
    const at = this.#options.prng.between(0, operations.length);
    return [operations.slice(0, at), operations.slice(at)];
  }
}

function change(map: OrderedBytes, operations: Operations): void {
  for (const [key, value] of operations) {
    if (value === undefined) map.delete(key);
    else map.put(key, value);
  }
}

interface Step {
  readonly operations: () => Operations;
  readonly sync: boolean;
  readonly done: (error: Error | undefined) => void;
}

/** The database as one process has it open. Writes happen one after the other, in the order of the calls. */
class OpenEngine implements Engine {
  readonly #engine: SimEngine;
  readonly #generation: number;
  readonly #queue: Step[] = [];
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(engine: SimEngine, generation: number) {
    this.#engine = engine;
    this.#generation = generation;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    return this.#engine.shown.get(decodeLatin1(key))?.slice();
  }

  scan(range: EngineRange): readonly EnginePair[] {
    this.#assertOpen();
    const { shown } = this.#engine;
    const lt = decodeLatin1(range.lt);
    const from = range.gte ?? range.gt;
    let place = from === undefined ? 0 : shown.placeOf(decodeLatin1(from));
    if (range.gt !== undefined && shown.keyAt(place) === decodeLatin1(range.gt)) place++;
    const pairs: EnginePair[] = [];
    for (let key = shown.keyAt(place); key !== undefined && key < lt; key = shown.keyAt(++place)) {
      if (pairs.length === range.limit) break;
      const value = range.keysOnly === true ? new Uint8Array(0) : shown.get(key)!.slice();
      pairs.push({ key: bytesOf(key), value });
    }
    return pairs;
  }

  apply(batch: EngineBatch, options: { readonly sync: boolean }): Promise<void> {
    const operations: [string, Uint8Array | undefined][] = [];
    forEachOperation(batch.bytes, (key, value) => operations.push([decodeLatin1(key), value?.slice()]));
    invariant(operations.length === batch.operations, "a batch says how many operations it has");
    return this.#write(() => operations, options.sync);
  }

  async clear(gte: Uint8Array, lt: Uint8Array): Promise<void> {
    const keys = (): Operations => this.scan({ gte, lt, limit: Infinity, keysOnly: true }).map(deletion);
    let second: Operations = [];
    const first = (): Operations => {
      const parts = this.#engine.drawParts(keys());
      second = parts[1]!;
      return parts[0]!;
    };
    const writes = [this.#write(first, false), this.#write(() => second, false)];
    await Promise.all(writes);
  }

  async snapshot(): Promise<EngineSnapshot> {
    let taken: OrderedBytes | undefined;
    const take = (): Operations => {
      taken = this.#engine.shown.copy();
      return [];
    };
    await this.#write(take, false);
    return {
      page: (range) => this.#later(() => pageOf(taken, range)),
      close: () =>
        this.#later(() => {
          taken = undefined;
        }),
    };
  }

  /** Something that takes time and does not wait for the writes. */
  #later<T>(run: () => T): Promise<T> {
    this.#assertOpen();
    return new Promise((resolve, reject) => {
      this.#engine.schedule(() => {
        if (!this.#engine.isCurrent(this.#generation)) return;
        try {
          if (this.#isClosed) throw new Error("the database is not open");
          resolve(run());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#write(() => [], false).finally(() => {
      this.#isClosed = true;
      this.#engine.closed();
    });
    return this.#closing;
  }

  #write(operations: () => Operations, sync: boolean): Promise<void> {
    this.#assertOpen();
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined) => (error === undefined ? resolve() : reject(error));
      this.#queue.push({ operations, sync, done });
      if (this.#queue.length === 1) this.#startNext();
    });
  }

  #startNext(): void {
    const step = this.#queue[0]!;
    this.#engine.begin(step.operations);
    this.#engine.schedule(() => {
      if (!this.#engine.isCurrent(this.#generation)) return;
      const isTaken = this.#engine.take(step.operations(), step.sync);
      this.#engine.schedule(() => this.#finish(isTaken));
    });
  }

  #finish(isTaken: boolean): void {
    if (!this.#engine.isCurrent(this.#generation)) return;
    const step = this.#queue.shift()!;
    if (this.#queue.length > 0) this.#startNext();
    // As LevelDB says it.
    const reason = this.#engine.full ? "No space left on device" : "Input/output error";
    step.done(isTaken ? undefined : new Error(`IO error: /simulated/000005.log: ${reason}`));
  }

  #assertOpen(): void {
    invariant(this.#engine.isCurrent(this.#generation), "a dead process uses its engine");
    invariant(!this.#isClosed, "a closed engine is used");
  }
}

function pageOf(map: OrderedBytes | undefined, range: SnapshotRange): EnginePair[] {
  if (map === undefined) throw new Error("the snapshot was closed");
  const lt = decodeLatin1(range.lt);
  const from = decodeLatin1(range.gte ?? range.gt ?? new Uint8Array(0));
  let place = map.placeOf(from);
  if (range.gt !== undefined && map.keyAt(place) === from) place++;
  const pairs: EnginePair[] = [];
  let bytes = 0;
  for (let key = map.keyAt(place); key !== undefined && key < lt && bytes < range.bytesMax; key = map.keyAt(++place)) {
    const value = map.get(key)!.slice();
    pairs.push({ key: bytesOf(key), value });
    bytes += key.length + value.length;
  }
  return pairs;
}

function deletion(pair: EnginePair): readonly [string, undefined] {
  return [decodeLatin1(pair.key), undefined];
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
