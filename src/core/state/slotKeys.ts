import { keySlot } from "../../base/crc16.ts";
import { eachSlot, rangesOf, SLOT_COUNT, type SlotRange, type SlotRanges } from "../slots/slotRanges.ts";
import type { ColdStore } from "./coldStore.ts";
import type { DirtyList } from "./dirtyList.ts";
import { isSessionKey } from "./sessionKey.ts";
import type { Ref } from "./slab.ts";
import type { SlotCounts } from "./slotCounts.ts";

const HIGH = 0x1_0000_0000;
const PAGE_KEYS = 1_000;

/** What finding the keys of a slot needs of the key space. */
export interface SlottedKeys {
  readonly cold: ColdStore;
  readonly dirty: DirtyList;
  readonly slotCounts: SlotCounts;
  readonly clearPending: boolean;
  key(ref: Ref): string;
  isDirty(ref: Ref): boolean;
  isTombstone(ref: Ref): boolean;
  residentRef(key: string): Ref;
}

/**
 * Whether each key of these slots is there of which the store has, or may have at any moment, another state than memory: the changed
 * ones, and those on their way to the store. Of all other keys the store tells.
 */
export function changedKeys(space: SlottedKeys, slots: SlotRanges): Map<string, boolean> {
  const wanted = new Uint8Array(SLOT_COUNT);
  for (const [from, to] of slots) wanted.fill(1, from, to + 1);
  const found = new Map<string, boolean>();
  space.dirty.forEach((ref) => {
    if (!space.isDirty(ref)) return;
    const key = space.key(ref);
    if (wanted[keySlot(key)] === 1) found.set(key, !space.isTombstone(ref));
  });
  for (const key of space.cold.unsettledKeys()) {
    const ref = wanted[keySlot(key)] === 1 ? space.residentRef(key) : 0;
    if (ref !== 0) found.set(key, !space.isTombstone(ref));
  }
  return found;
}

/** The keys of neighbouring slots in the store, page by page. */
export function* coldPages(space: SlottedKeys, [from, to]: SlotRange, limit = PAGE_KEYS): Generator<readonly string[]> {
  if (space.clearPending || space.cold.storedKeys === 0) return;
  for (let next: number | undefined = from * HIGH; next !== undefined; ) {
    const page = space.cold.keys(next, limit, (to + 1) * HIGH);
    yield page.keys;
    next = page.next;
  }
}

/** Some keys of a slot, at most `limit`, without rows of sessions, expired ones included. Costs what it finds, and a look at each key that is not in the store yet. */
export function keysInSlot(space: SlottedKeys, slot: number, limit: number): string[] {
  const keys: string[] = [];
  const changed = changedKeys(space, [[slot, slot]]);
  for (const [key, isThere] of changed) if (isThere && keys.length < limit && !isSessionKey(key)) keys.push(key);
  for (const page of coldPages(space, [slot, slot], Math.min(limit + changed.size, PAGE_KEYS))) {
    for (const key of page) {
      if (keys.length >= limit) return keys;
      if (!changed.has(key) && !isSessionKey(key)) keys.push(key);
    }
  }
  return keys;
}

/** How many keys the slots have, without rows of sessions, expired ones included. Those of which nobody has asked yet are counted: see `SlotCounts`. */
export function countKeysInSlots(space: SlottedKeys, slots: SlotRanges): number {
  const { slotCounts } = space;
  const unknown: number[] = [];
  for (const slot of eachSlot(slots)) if (slotCounts.of(slot) === undefined) unknown.push(slot);
  if (unknown.length > 0) learnCounts(space, rangesOf(unknown));
  return slotCounts.sum(slots);
}

function learnCounts(space: SlottedKeys, slots: SlotRanges): void {
  const counts = new Uint32Array(SLOT_COUNT);
  const changed = changedKeys(space, slots);
  for (const [key, isThere] of changed) if (isThere && !isSessionKey(key)) counts[keySlot(key)]!++;
  for (const range of slots) {
    for (const page of coldPages(space, range)) {
      for (const key of page) if (!changed.has(key) && !isSessionKey(key)) counts[keySlot(key)]!++;
    }
  }
  for (const slot of eachSlot(slots)) space.slotCounts.learn(slot, counts[slot]!);
}

/**
 * Goes once over the keys of slots, rows of sessions included, that nobody changes but who deletes what it gives: first those that the store
 * may lack, as they go there while the walk goes on, then those in the store. A walk which gives none from its begin to its end, during
 * which these slots were nobody's, proves that no key is left.
 */
export class SlotKeyWalk {
  readonly #space: SlottedKeys;
  readonly #slots: SlotRanges;
  readonly #limit: number;
  /** Undefined where a page of the store ends. */
  readonly #keys: Generator<string | undefined>;

  /** `limit`: so many keys at a time. */
  constructor(space: SlottedKeys, slots: SlotRanges, limit: number) {
    this.#space = space;
    this.#slots = slots;
    this.#limit = limit;
    this.#keys = this.#walk();
  }

  /**
   * The next keys, of at most one page of the store, for which the caller's thread waits: perhaps none, as what was deleted is there for a
   * while. Undefined: it is over. One that is gone by now may be among them.
   */
  next(): string[] | undefined {
    const keys: string[] = [];
    while (keys.length < this.#limit) {
      const { value, done } = this.#keys.next();
      if (done === true) return keys.length === 0 ? undefined : keys;
      if (value === undefined) break;
      keys.push(value);
    }
    return keys;
  }

  *#walk(): Generator<string | undefined> {
    const space = this.#space;
    const changed = changedKeys(space, this.#slots);
    for (const key of changed.keys()) if (isResident(space, key)) yield key;
    for (const range of this.#slots) {
      for (const page of coldPages(space, range, Math.min(this.#limit, PAGE_KEYS))) {
        for (const key of page) if (!changed.has(key) && isThere(space, key)) yield key;
        yield undefined;
      }
    }
  }
}

/** `key` is in the store. */
function isThere(space: SlottedKeys, key: string): boolean {
  const ref = space.residentRef(key);
  return ref === 0 ? !space.clearPending : !space.isTombstone(ref);
}

function isResident(space: SlottedKeys, key: string): boolean {
  const ref = space.residentRef(key);
  return ref !== 0 && !space.isTombstone(ref);
}
