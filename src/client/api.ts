import type { CallOptions, ReadOptions } from "./options.ts";
import type { Bytes } from "./values.ts";

/** Names a state of one key, and a moment in its group's history. It means nothing to others, but may be kept and compared. */
export type Version = string;

/** A value and what is known of it. */
export interface Entry<V> {
  readonly value: V;
  readonly version: Version;
  /** What remained when it was read; undefined if it lives for ever. */
  readonly timeToLiveMillis: number | undefined;
  /** It comes from this client's memory. */
  readonly isCached: boolean;
  /** It comes from there because nobody could be asked: it may be of any age. */
  readonly isStale: boolean;
}

export interface GetOptions extends ReadOptions {
  /** With `eventual`: a version that a write has answered; what is read is not older. */
  readonly atLeast?: Version;
}

export interface PutOptions extends CallOptions {
  /** How long it lives; for ever by default. */
  readonly timeToLiveMillis?: number;
  /** Keeps the time to live that the key has. */
  readonly keepTimeToLive?: boolean;
  /** Only if there is no such key. */
  readonly ifAbsent?: boolean;
  /** Only if this is its version. */
  readonly ifVersion?: Version;
  /** Answers what the key held before. */
  readonly previous?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly ifVersion?: Version;
  readonly previous?: boolean;
}

export interface WriteResult<V> {
  /** False: a condition did not hold, and nothing was changed. With `delete` also: there was no such key. */
  readonly isApplied: boolean;
  /** Of the key after this, or of its removal; undefined if there is none. */
  readonly version: Version | undefined;
  /** What it held before, where that was asked for; with `compareAndSet` what it holds instead of what was expected. */
  readonly previous: V | undefined;
}

export interface CompareAndSetOptions extends CallOptions {
  readonly timeToLiveMillis?: number;
  readonly keepTimeToLive?: boolean;
}

export interface IncrementOptions extends CallOptions {
  /** What a key that is not there counts as: 0. */
  readonly initial?: number | bigint;
  /** Of a key that is made by this. */
  readonly timeToLiveMillis?: number;
}

type Own<Options> = Omit<Options, keyof CallOptions>;

/** One step of a batch. */
export type Operation =
  | { readonly kind: "get"; readonly key: Bytes }
  | ({ readonly kind: "put"; readonly key: Bytes; readonly value: Bytes } & Own<PutOptions>)
  | ({ readonly kind: "delete"; readonly key: Bytes } & Own<DeleteOptions>)
  | ({
      readonly kind: "compareAndSet";
      readonly key: Bytes;
      readonly expected: Bytes | undefined;
      readonly value: Bytes | undefined;
    } & Own<CompareAndSetOptions>)
  | ({ readonly kind: "increment"; readonly key: Bytes; readonly by?: number | bigint } & Own<IncrementOptions>);

export type OperationResult<V> =
  | { readonly kind: "get"; readonly entry: Entry<V> | undefined }
  | ({ readonly kind: "put" | "delete" | "compareAndSet" } & WriteResult<V>)
  | { readonly kind: "increment"; readonly value: number | bigint; readonly version: Version };

export interface BatchResult<V> {
  /** False: a condition did not hold, nothing was changed, and `results` end with the operation that it belongs to. */
  readonly isApplied: boolean;
  readonly results: readonly OperationResult<V>[];
}

export type ValueType = "value" | "list" | "hash" | "set" | "sorted_set" | "none";

export interface ScanOptions extends CallOptions {
  /** Keys that begin so; all by default. */
  readonly prefix?: Bytes;
  /** Gives values and versions, too. Yes by default. */
  readonly values?: boolean;
  /** Keys that come in one message: 100, at most 10000. */
  readonly pageSize?: number;
  readonly consistency?: "linearizable" | "eventual";
}

export interface ScanItem<V> {
  readonly key: V;
  /** What the key holds; Redis clients make others than `value`. */
  readonly type: ValueType;
  /** Of the type `value`, where values were asked for. */
  readonly value: V | undefined;
  readonly version: Version | undefined;
  readonly timeToLiveMillis: number | undefined;
}

/** Where a watch is: kept somewhere, it lets another process go on from there. */
export type WatchPosition = string;

export interface WatchOptions {
  /** One key, or all keys that begin so. */
  readonly key?: Bytes;
  readonly prefix?: Bytes;
  /** The changes after this position come first. From now on, if it is not given. */
  readonly from?: WatchPosition;
  /** Gives what the key held before. */
  readonly previous?: boolean;
  /** Leaves out the values if it is false. */
  readonly values?: boolean;
  readonly signal?: AbortSignal;
}

export interface Change<V> {
  /** `cleared`: all keys are gone, and `key` is empty. */
  readonly kind: "set" | "deleted" | "expired" | "cleared";
  readonly key: V;
  readonly type: ValueType;
  /** What it holds now; undefined when it is gone, is no value, or when the servers' log does not say it: then `isValueUnknown`. */
  readonly value: V | undefined;
  readonly isValueUnknown: boolean;
  readonly version: Version | undefined;
  /** Wall clock, milliseconds; undefined if it lives for ever. */
  readonly expiresAtMillis: number | undefined;
  readonly previous: V | undefined;
  readonly isPreviousUnknown: boolean;
  /** The key has gone to another group, and this is how it was found there: there may have been changes between. */
  readonly isCatchUp: boolean;
  /**
   * A watch from here goes on after this change. Changes that come in one message with this one may be told again: what is
   * done about them is done at least once.
   */
  readonly position: WatchPosition;
}

/** A watch that is open: `for await` goes through it, and leaving the loop closes it. */
export interface Watching<V> extends AsyncIterable<Change<V>> {
  /** Up to where it has told everything. It moves on, too, when nothing changes. */
  readonly position: WatchPosition;
  /** Resolves when changes from now on will be told. */
  ready(): Promise<void>;
  close(): void;
}
