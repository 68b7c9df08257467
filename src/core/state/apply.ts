import { invariant } from "../../base/invariant.ts";
import type { SlotChange } from "../slots/slotChange.ts";
import { ENCODING_AUTO, ENCODING_RAW, type EncodingHint } from "./coldStore.ts";
import { HeldCollection } from "./heldCollection.ts";
import { type KeySpace, VALUE_STRING } from "./keySpace.ts";
import type { SessionMutation } from "./sessionMutation.ts";
import { SessionRows } from "./sessionRows.ts";
import type { Ref } from "./slab.ts";
import { type Collection, VALUE_HASH, VALUE_LIST, VALUE_SET, VALUE_ZSET } from "./values/collection.ts";
import { HashValue } from "./values/hashValue.ts";
import { ListValue } from "./values/listValue.ts";
import { SetValue } from "./values/setValue.ts";
import { ZSetValue } from "./values/zsetValue.ts";

/**
 * What each mutation does to the key space: used by the primary as it evaluates and by whoever replays the log, so that both
 * always do the same. During a replay a key may be in an earlier state than it was when the mutation was made (its deletion,
 * later in the log, is on disk already): positions that do not exist are passed over then, never an error.
 */
export class Applier {
  readonly sessions: SessionRows;
  readonly #state: KeySpace;

  constructor(state: KeySpace) {
    this.#state = state;
    this.sessions = new SessionRows(state);
  }

  delete(key: string, seq: number): boolean {
    return this.#state.delete(key, seq);
  }

  setString(key: string, value: Uint8Array, expireAt: number, hint: EncodingHint, seq: number): void {
    this.#state.setString(key, value, 0, value.length, expireAt, hint, seq);
  }

  /** Returns the new length. */
  append(key: string, tail: Uint8Array, seq: number): number {
    const length = this.#stringLength(key);
    if (length === undefined) {
      this.#state.setString(key, tail, 0, tail.length, 0, ENCODING_AUTO, seq);
      return tail.length;
    }
    return this.setRange(key, length, tail, seq);
  }

  /** Writes `part` at `offset`, with zero bytes before it where the string was shorter. Returns the new length. */
  setRange(key: string, offset: number, part: Uint8Array, seq: number): number {
    const state = this.#state;
    const before = this.#stringLength(key) ?? 0;
    const length = Math.max(before, offset + part.length);
    const ref = state.find(key);
    if (before > 0 && state.writeLarge(ref, offset, part, seq)) return length;
    const value = new Uint8Array(length);
    if (before > 0) value.set(state.stringView(ref));
    value.set(part, offset);
    const expireAt = ref === 0 ? 0 : state.expireAt(ref);
    state.setString(key, value, 0, length, expireAt, ENCODING_RAW, seq);
    return length;
  }

  /** Undefined when there is no such string. */
  #stringLength(key: string): number | undefined {
    const ref = this.#state.find(key);
    return ref !== 0 && this.#state.type(ref) === VALUE_STRING ? this.#state.stringLength(ref) : undefined;
  }

  expire(key: string, at: number, seq: number): void {
    this.#state.setExpireAt(key, at, seq);
  }

  put(key: string, value: Collection, expireAt: number, seq: number): void {
    if (value.length === 0) this.#state.delete(key, seq);
    else this.#state.setCollection(key, new HeldCollection(value), value.type, expireAt, seq);
  }

  /** Returns how many fields are new. */
  hashSet(key: string, pairs: readonly string[], seq: number): number {
    return this.#change(key, VALUE_HASH, seq, (hash) => {
      invariant(hash instanceof HashValue, "a hash");
      let added = 0;
      for (let i = 0; i < pairs.length; i += 2) if (hash.set(pairs[i]!, pairs[i + 1]!)) added++;
      return added;
    });
  }

  hashDelete(key: string, fields: readonly string[], seq: number): number {
    return this.#change(key, VALUE_HASH, seq, (hash) => {
      invariant(hash instanceof HashValue, "a hash");
      let deleted = 0;
      for (const field of fields) if (hash.delete(field)) deleted++;
      return deleted;
    });
  }

  /** Returns the new length. */
  listPush(key: string, left: boolean, values: readonly string[], seq: number): number {
    return this.#change(key, VALUE_LIST, seq, (list) => {
      invariant(list instanceof ListValue, "a list");
      for (const value of values) {
        if (left) list.pushLeft(value);
        else list.pushRight(value);
      }
      return list.length;
    });
  }

  listPop(key: string, left: boolean, count: number, seq: number): void {
    this.#change(key, VALUE_LIST, seq, (list) => {
      invariant(list instanceof ListValue, "a list");
      for (let i = 0; i < count && list.length > 0; i++) {
        if (left) list.popLeft();
        else list.popRight();
      }
      return 0;
    });
  }

  listSet(key: string, index: number, value: string, seq: number): void {
    this.#change(key, VALUE_LIST, seq, (list) => {
      invariant(list instanceof ListValue, "a list");
      list.set(index, value);
      return 0;
    });
  }

  listInsert(key: string, index: number, value: string, seq: number): void {
    this.#change(key, VALUE_LIST, seq, (list) => {
      invariant(list instanceof ListValue, "a list");
      list.insert(index, value);
      return 0;
    });
  }

  listRemove(key: string, indexes: readonly number[], seq: number): void {
    this.#change(key, VALUE_LIST, seq, (list) => {
      invariant(list instanceof ListValue, "a list");
      for (let i = indexes.length - 1; i >= 0; i--) list.removeAt(indexes[i]!);
      return 0;
    });
  }

  listTrim(key: string, start: number, end: number, seq: number): void {
    this.#change(key, VALUE_LIST, seq, (list) => {
      invariant(list instanceof ListValue, "a list");
      list.trim(start, end);
      return 0;
    });
  }

  setAdd(key: string, members: readonly string[], seq: number): number {
    return this.#change(key, VALUE_SET, seq, (set) => {
      invariant(set instanceof SetValue, "a set");
      let added = 0;
      for (const member of members) if (set.add(member)) added++;
      return added;
    });
  }

  setRemove(key: string, members: readonly string[], seq: number): number {
    return this.#change(key, VALUE_SET, seq, (set) => {
      invariant(set instanceof SetValue, "a set");
      let removed = 0;
      for (const member of members) if (set.delete(member)) removed++;
      return removed;
    });
  }

  zsetAdd(key: string, members: readonly string[], scores: readonly number[], seq: number): void {
    this.#change(key, VALUE_ZSET, seq, (zset) => {
      invariant(zset instanceof ZSetValue, "a sorted set");
      for (let i = 0; i < members.length; i++) zset.add(members[i]!, scores[i]!);
      return 0;
    });
  }

  zsetRemove(key: string, members: readonly string[], seq: number): number {
    return this.#change(key, VALUE_ZSET, seq, (zset) => {
      invariant(zset instanceof ZSetValue, "a sorted set");
      let removed = 0;
      for (const member of members) if (zset.delete(member)) removed++;
      return removed;
    });
  }

  /** `bytes` has the answers. */
  session(key: string, answers: SessionMutation, bytes: Uint8Array, seq: number): void {
    this.sessions.add(this.#state.find(key), answers, bytes, seq);
  }

  clear(seq: number): void {
    this.#state.clear(seq);
  }

  /** Whether it says anything new. */
  changeSlots(change: SlotChange, seq: number): boolean {
    return this.#state.slots.apply(change, seq);
  }

  /** Changes a collection in place, making it first where there is none and removing it when nothing is left. */
  #change(key: string, type: number, seq: number, edit: (value: Collection) => number): number {
    const state = this.#state;
    let ref: Ref = state.find(key);
    if (ref === 0 || state.type(ref) !== type) {
      const value = emptyCollection(type);
      const result = edit(value);
      if (value.length > 0) state.setCollection(key, new HeldCollection(value), type, 0, seq);
      return result;
    }
    const value = state.collection(ref);
    const before = value.memoryBytes;
    const result = edit(value);
    ref = state.find(key);
    state.collectionChanged(ref, before, seq);
    if (value.length === 0) state.delete(key, seq);
    return result;
  }
}

function emptyCollection(type: number): Collection {
  if (type === VALUE_HASH) return new HashValue();
  if (type === VALUE_LIST) return new ListValue();
  if (type === VALUE_SET) return new SetValue();
  invariant(type === VALUE_ZSET, `${type} is a collection's type`);
  return new ZSetValue();
}
