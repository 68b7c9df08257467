import { keySlot } from "../../base/crc16.ts";
import { SLOT_COUNT, type SlotRange } from "../slots/slotRanges.ts";
import { isSessionKey } from "./sessionKey.ts";
import { changedKeys, coldPages, type SlottedKeys } from "./slotKeys.ts";

export interface SlotKey {
  readonly slot: number;
  readonly key: string;
}

/** A place among keys in the order of slots, and of bytes within one: behind a key, or at a slot's begin. */
export interface SlotPlace {
  readonly slot: number;
  readonly after: string | undefined;
}

interface Limits {
  /** About so many are wanted. */
  readonly keys: number;
  /** It stops when it has looked at so many. */
  readonly looks: number;
}

/**
 * The keys with a prefix, but for rows of sessions, from a place on, up to before slot `end`, in an order that is the same at every replica. Keys that are gone
 * by the time they come are not told apart. Costs, beside what it finds, a look at each key that is not in the store yet, and
 * at all keys of the slots that it comes to.
 */
export class KeysInOrder {
  /** Set when it stopped because it had looked at enough. */
  stoppedAt: SlotPlace | undefined;
  readonly #space: SlottedKeys & { readonly size: number };
  readonly #prefix: string;
  readonly #end: number;
  readonly #limits: Limits;
  #place: SlotPlace;
  #found: readonly SlotKey[] = [];
  #at = 0;
  #looks = 0;
  #width: number;

  constructor(
    space: SlottedKeys & { readonly size: number },
    prefix: string,
    from: SlotPlace,
    end: number,
    limits: Limits,
  ) {
    this.#space = space;
    this.#prefix = prefix;
    this.#place = from;
    this.#end = end;
    this.#limits = limits;
    this.#width = Math.max(1, Math.ceil((limits.keys * SLOT_COUNT) / Math.max(1, space.size)));
  }

  next(): SlotKey | undefined {
    while (this.#at === this.#found.length) {
      if (this.#place.slot >= this.#end) return undefined;
      if (this.#looks >= this.#limits.looks) {
        this.stoppedAt = this.#place;
        return undefined;
      }
      this.#fill();
    }
    return this.#found[this.#at++];
  }

  #fill(): void {
    const { slot } = this.#place;
    const last = Math.min(slot + this.#width, this.#end) - 1;
    const gathered = new Smallest(this.#limits.keys, this.#place, this.#prefix);
    this.#gather([slot, last], gathered);
    this.#found = gathered.sorted();
    this.#at = 0;
    const newest = this.#found.at(-1);
    this.#place =
      gathered.isCut && newest !== undefined
        ? { slot: newest.slot, after: newest.key }
        : { slot: last + 1, after: undefined };
    // Few keys have the prefix: more slots at once.
    this.#width = Math.min(SLOT_COUNT, this.#width * 2);
  }

  #gather(range: SlotRange, gathered: Smallest): void {
    const space = this.#space;
    const changed = changedKeys(space, [range]);
    this.#looks += changed.size;
    for (const [key, isThere] of changed) if (isThere) gathered.add(key);
    for (const page of coldPages(space, range)) {
      this.#looks += page.length;
      for (const key of page) if (!changed.has(key)) gathered.add(key);
    }
  }
}

/** The first few of many keys. */
class Smallest {
  isCut = false;
  readonly #limit: number;
  readonly #from: SlotPlace;
  readonly #prefix: string;
  #keys: SlotKey[] = [];
  #bound: SlotKey | undefined;

  constructor(limit: number, from: SlotPlace, prefix: string) {
    this.#limit = limit;
    this.#from = from;
    this.#prefix = prefix;
  }

  add(key: string): void {
    if (!key.startsWith(this.#prefix) || isSessionKey(key)) return;
    const slot = keySlot(key);
    const { slot: first, after } = this.#from;
    if (slot === first && after !== undefined && key <= after) return;
    const found = { slot, key };
    if (this.#bound !== undefined && order(found, this.#bound) > 0) return;
    this.#keys.push(found);
    if (this.#keys.length >= this.#limit * 4 + 1_000) this.#cut();
  }

  sorted(): readonly SlotKey[] {
    this.#keys.sort(order);
    return this.#keys;
  }

  #cut(): void {
    this.#keys.sort(order);
    this.#keys.length = this.#limit;
    this.#bound = this.#keys.at(-1);
    this.isCut = true;
  }
}

function order(a: SlotKey, b: SlotKey): number {
  if (a.slot !== b.slot) return a.slot - b.slot;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
