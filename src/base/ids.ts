declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Version of a group's configuration; entries keep the epoch in which they were first proposed. */
export type Epoch = Brand<number, "Epoch">;
/** Position in a group's log, contiguous from 1; at most 2^48 - 1. */
export type Seq = Brand<number, "Seq">;
/** Wall clock, milliseconds since 1970. */
export type WallMillis = Brand<number, "WallMillis">;
/** Monotonic clock, milliseconds since an arbitrary origin. */
export type MonotonicMillis = Brand<number, "MonotonicMillis">;

export const epoch = (value: number): Epoch => value as Epoch;
export const seq = (value: number): Seq => value as Seq;
export const wallMillis = (value: number): WallMillis => value as WallMillis;
export const monotonicMillis = (value: number): MonotonicMillis => value as MonotonicMillis;

/** No entry: the position before the first. */
export const SEQ_NONE = seq(0);
