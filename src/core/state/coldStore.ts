import type { SlotTable } from "../slots/slotTable.ts";
import type { HeldCollection } from "./heldCollection.ts";

/** A key as the engine keeps it. A string comes as bytes (a view that may be kept), a collection as an object. */
export interface ColdRecord {
  readonly type: number;
  readonly version: number;
  /** Wall clock in milliseconds, 0 for none. */
  readonly expireAt: number;
  readonly encodingHint: EncodingHint;
  readonly value: Uint8Array | HeldCollection;
}

/** How a string says it is encoded when its bytes alone do not tell (`OBJECT ENCODING`). */
export type EncodingHint = 0 | 1 | 2;
export const ENCODING_AUTO = 0;
/** Changed in place by `APPEND` or `SETRANGE`. */
export const ENCODING_RAW = 1;
/** A number that is kept as text: the result of `INCRBYFLOAT`. */
export const ENCODING_EMBSTR = 2;

/** The keys that are not in memory. What memory holds of a key, a deletion included, hides what is here. */
export interface ColdStore {
  /** How many keys are stored here, those in memory included. */
  readonly storedKeys: number;
  /** How many of them are rows of sessions. */
  readonly storedSessionRows: number;
  load(key: string): ColdRecord | undefined;
  /**
   * About `limit` stored keys at or after `cursor` (0: from the start) and before `end`, in the store's order, and where to go on;
   * undefined at the end. A cursor is slot · 2^32 + hash.
   */
  keys(cursor: number, limit: number, end?: number): ColdKeys;
  /** Keys of which the store may have another state in a moment than it has now: they are on their way there, or from there. */
  unsettledKeys(): Iterable<string>;
  /** Makes the table what the store has of it. */
  loadSlots(slots: SlotTable): void;
}

export interface ColdKeys {
  readonly keys: readonly string[];
  readonly next: number | undefined;
}

/** Nothing is cold: a key space that lives in memory only, in tests. */
export const NO_COLD_STORE: ColdStore = {
  storedKeys: 0,
  storedSessionRows: 0,
  load: () => undefined,
  keys: () => ({ keys: [], next: undefined }),
  unsettledKeys: () => [],
  loadSlots: (slots) => slots.reset(),
};
