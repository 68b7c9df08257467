import { keySlot } from "../base/crc16.ts";
import type {
  BatchResult,
  CompareAndSetOptions,
  DeleteOptions,
  Entry,
  GetOptions,
  IncrementOptions,
  Operation,
  PutOptions,
  ScanItem,
  ScanOptions,
  Watching,
  WatchOptions,
  WriteResult,
} from "./api.ts";
import { CoherentCache } from "./coherentCache.ts";
import type { ClientCore } from "./core.ts";
import { HoldfastError } from "./errors.ts";
import type { AnswerMessage, CallKind, GetReplyMessage } from "./messages.ts";
import type { ClientEvents, ClientMetrics } from "./metrics.ts";
import type { CachedEntry } from "./nearCache.ts";
import {
  compareAndSetMessage,
  deleteMessage,
  entryOf,
  type Give,
  getMessage,
  incrementMessage,
  operationMessage,
  operationResultOf,
  putMessage,
  valueIn,
  writeResultOf,
} from "./operations.ts";
import type { CallOptions, ReadConsistency } from "./options.ts";
import { scan } from "./scan.ts";
import { type Bytes, checkKey, keyText } from "./values.ts";
import { openWatch } from "./watch.ts";

/**
 * A cluster as a program uses it. Every method may be called as often as one likes without waiting for answers: what is asked in
 * one turn of the event loop goes to a node in one message. All methods reject with `HoldfastError`.
 */
export class HoldfastClient<V extends string | Uint8Array> {
  readonly #core: ClientCore;
  readonly #give: Give<V>;
  readonly #cache: CoherentCache<V> | undefined;
  readonly #consistency: ReadConsistency;

  /** For `connect`, which opens `core` first. */
  constructor(core: ClientCore, give: Give<V>) {
    this.#core = core;
    this.#give = give;
    this.#consistency = core.settings.consistency;
    const { cache } = core.settings;
    this.#cache = cache === undefined ? undefined : new CoherentCache(core, cache, give);
  }

  /** The value of a key; undefined if there is none. */
  get(key: Bytes, options?: GetOptions): Promise<V | undefined> {
    if (this.#cache !== undefined && (options?.consistency ?? this.#consistency) === "cached") {
      const text = typeof key === "string" || key instanceof Uint8Array ? keyText(key) : "";
      const known = this.#cache.fresh(text, performance.now());
      if (known !== undefined) return Promise.resolve(own(known.value));
      return this.#getThrough(this.#cache, key, text, options).then((entry) => entry?.value);
    }
    return this.#get(key, options, (reply) => (reply.found ? valueIn(reply, this.#give) : undefined));
  }

  /** The value of a key with what is known of it; undefined if there is none. */
  getWithVersion(key: Bytes, options?: GetOptions): Promise<Entry<V> | undefined> {
    if (this.#cache !== undefined && (options?.consistency ?? this.#consistency) === "cached") {
      const text = typeof key === "string" || key instanceof Uint8Array ? keyText(key) : "";
      const known = this.#cache.fresh(text, performance.now());
      if (known !== undefined) return Promise.resolve(entryFrom(known, false));
      return this.#getThrough(this.#cache, key, text, options);
    }
    return this.#get(key, options, (reply) => entryOf(reply, this.#give));
  }

  /** Sets a key, whatever it held or on a condition. */
  put(key: Bytes, value: Bytes, options?: PutOptions): Promise<WriteResult<V>> {
    return this.#write(key, options, "put", putMessage, [key, value, options], ({ put }) =>
      writeResultOf(put!.applied, put!, this.#give),
    );
  }

  /** Removes a key. */
  delete(key: Bytes, options?: DeleteOptions): Promise<WriteResult<V>> {
    return this.#write(key, options, "delete", deleteMessage, [key, options], (answer) =>
      writeResultOf(answer.delete!.deleted, answer.delete!, this.#give),
    );
  }

  /** Sets the key to `value` if it holds `expected`; undefined stands for no such key. Else `previous` is what it holds. */
  compareAndSet(
    key: Bytes,
    expected: Bytes | undefined,
    value: Bytes | undefined,
    options?: CompareAndSetOptions,
  ): Promise<WriteResult<V>> {
    const given: Parameters<typeof compareAndSetMessage> = [key, expected, value, options];
    return this.#write(key, options, "compareAndSet", compareAndSetMessage, given, ({ compareAndSet }) =>
      writeResultOf(compareAndSet!.applied, compareAndSet!, this.#give),
    );
  }

  /** Adds to the number that the key holds as text, and answers the sum: a bigint if `by` is one, else a number, rounded beyond 2^53. */
  increment(key: Bytes, by?: number, options?: IncrementOptions): Promise<number>;
  increment(key: Bytes, by: bigint, options?: IncrementOptions): Promise<bigint>;
  increment(key: Bytes, by: number | bigint = 1, options?: IncrementOptions): Promise<number | bigint> {
    return this.#write(key, options, "increment", incrementMessage, [key, by, options], ({ increment }) =>
      typeof by === "bigint" ? BigInt(increment!.value) : Number(increment!.value),
    );
  }

  /** Operations on keys of one slot, at one moment: all of them, or none. Keys with the same `{tag}` are of one slot. At most 1000. */
  batch(operations: readonly Operation[], options?: CallOptions): Promise<BatchResult<V>> {
    return this.#checked(() => {
      const first = operations[0];
      if (first === undefined)
        throw new HoldfastError("invalid", "there is no operation", false, { field: "operations" });
      const message = { operations: operations.map(operationMessage), once: undefined };
      const keys = operations.map(({ key }) => keyText(key));
      const slot = keySlot(keys[0]!);
      if (keys.some((key) => keySlot(key) !== slot)) {
        const text = "the keys of a batch belong to one slot: give them the same {tag}";
        throw new HoldfastError("different_slots", text, false, { field: "operations" });
      }
      const isWrite = operations.some(({ kind }) => kind !== "get");
      const facts = { kind: "batch", message, slot, isWrite, consistency: "linearizable" } as const;
      const written = isWrite ? keys : [];
      return this.#invalidating(written, () =>
        this.#core.call(facts, options, ({ batch }) => ({
          isApplied: batch!.applied,
          results: batch!.results.map((result) => operationResultOf(result, this.#give)),
        })),
      );
    });
  }

  /** Goes through all keys, or those with a prefix: slot by slot, in the order of their bytes within each. */
  scan(options: ScanOptions = {}): AsyncIterableIterator<ScanItem<V>> {
    return scan(this.#core, this.#give, options);
  }

  /** Tells changes as they are committed, in order for each key, and goes on by itself after a connection has broken. */
  watch(options: WatchOptions): Watching<V> {
    return openWatch(this.#core, this.#give, options);
  }

  /** Calls `listener` at each such event; answers how to end that. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#core.listeners.on(name, listener);
  }

  metrics(): ClientMetrics {
    return { ...this.#core.metrics(), cache: this.#cache?.metrics() };
  }

  /** Ends all connections. Calls without an answer reject, `closed`. */
  async close(): Promise<void> {
    this.#cache?.close();
    this.#core.close();
  }

  #get<T>(
    key: Bytes,
    options: GetOptions | undefined,
    finish: (reply: GetReplyMessage) => T,
    isForPrimary?: true,
  ): Promise<T> {
    return this.#checked(() => {
      checkKey(key);
      const consistency = options?.consistency ?? this.#consistency;
      if (consistency === "cached" && this.#cache === undefined)
        throw new HoldfastError("invalid", "cached needs a cache", false, { field: "consistency" });
      const isEventual = consistency === "eventual";
      const message = getMessage(key, options, isEventual);
      const slot = keySlot(keyText(key));
      const needed = isEventual ? "eventual" : "linearizable";
      const facts = { kind: "get", message, slot, isWrite: false, consistency: needed, isForPrimary } as const;
      return this.#core.call(facts, options, (answer) => finish(answer.get!));
    });
  }

  /** Asks the primary, which has no less than it tells of changes, and keeps what it answers. */
  async #getThrough(
    cache: CoherentCache<V>,
    key: Bytes,
    text: string,
    options: GetOptions | undefined,
  ): Promise<Entry<V> | undefined> {
    const old = cache.stale(text, false);
    if (old !== undefined) return entryFrom(old, true);
    const sentAt = performance.now();
    const fill = cache.begin(text);
    let reply: GetReplyMessage | undefined;
    try {
      reply = await this.#get(key, { ...options, consistency: "linearizable" }, (got) => got, true);
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : undefined;
      const isUnreachable = code === "unavailable" || code === "timeout";
      const kept = isUnreachable ? cache.stale(text, true) : undefined;
      if (kept === undefined) throw error;
      return entryFrom(kept, true);
    } finally {
      if (fill !== undefined) cache.end(fill, reply, sentAt);
    }
    return entryOf(reply, this.#give);
  }

  #write<Given extends unknown[], T>(
    key: Bytes,
    options: CallOptions | undefined,
    kind: CallKind,
    messageOf: (...given: Given) => object,
    given: Given,
    finish: (answer: AnswerMessage) => T,
  ): Promise<T> {
    return this.#checked(() => {
      const message = messageOf(...given);
      const text = keyText(key);
      const facts = { kind, message, slot: keySlot(text), isWrite: true, consistency: "linearizable" } as const;
      return this.#invalidating([text], () => this.#core.call(facts, options, finish));
    });
  }

  /** What this client has written it reads: its own changes do not wait for anybody to tell them. */
  #invalidating<T>(keys: readonly string[], run: () => Promise<T>): Promise<T> {
    const cache = this.#cache;
    if (cache === undefined || keys.length === 0) return run();
    const forget = (): void => {
      for (const key of keys) cache.written(key);
    };
    return run().finally(forget);
  }

  /** What is wrong with a call is said by its promise, as everything else. */
  #checked<T>(run: () => Promise<T>): Promise<T> {
    try {
      return run();
    } catch (error) {
      if (error instanceof HoldfastError) return Promise.reject(this.#core.counted(error));
      throw error;
    }
  }
}

/** Whoever gets bytes may change them. */
function own<V extends string | Uint8Array>(value: V | undefined): V | undefined {
  return typeof value === "object" ? (value.slice() as V) : value;
}

function entryFrom<V extends string | Uint8Array>(
  { value, version, expiresAt }: CachedEntry<V>,
  isStale: boolean,
): Entry<V> | undefined {
  const given = own(value);
  if (given === undefined) return undefined;
  const left = expiresAt === Number.POSITIVE_INFINITY ? undefined : Math.max(0, expiresAt - performance.now());
  return { value: given, version: version ?? "", timeToLiveMillis: left, isCached: true, isStale };
}
