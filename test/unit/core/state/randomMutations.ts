import type { Prng } from "../../../../src/base/prng.ts";
import type { Mutator } from "../../../../src/core/state/mutator.ts";
import type { Collection } from "../../../../src/core/state/values/collection.ts";
import { HashValue } from "../../../../src/core/state/values/hashValue.ts";
import { ListValue } from "../../../../src/core/state/values/listValue.ts";
import { SetValue } from "../../../../src/core/state/values/setValue.ts";
import { ZSetValue } from "../../../../src/core/state/values/zsetValue.ts";
import type { PlainState, PlainValue } from "./plainState.ts";

/** Lengths at which a key's length gets another place, up to the longest key. */
export const KEYS: readonly string[] = [
  ..."abcdefgh",
  "",
  "long".padEnd(254, "k"),
  "long".padEnd(255, "k"),
  "long".padEnd(300, "k"),
  "long".padEnd(65_536, "k"),
];
/** Around the longest string that lies inside its record. */
const HUGE_LENGTHS = [32_767, 32_768, 32_769, 40_000];

/** Draws mutations and makes each of them on a key space, through its mutator, and on a plain state. */
export class RandomMutations {
  readonly plain: PlainState = new Map();
  readonly #prng: Prng;
  readonly #mutator: Mutator;
  readonly #keys: readonly string[];
  #seq = 0;
  #values = 0;

  constructor(prng: Prng, mutator: Mutator, keys: readonly string[] = KEYS) {
    this.#prng = prng;
    this.#mutator = mutator;
    this.#keys = keys;
  }

  /** One to three mutations of entry `seq`; answers the keys that they touched. */
  entry(seq: number): Set<string> {
    this.#seq = seq;
    const touched = new Set<string>();
    for (let i = this.#prng.pick([1, 1, 1, 2, 3]); i > 0; i--) {
      const key = this.#prng.pick(this.#keys);
      if (this.#mutate(key)) touched.add(key);
    }
    return touched;
  }

  /** Every key goes, and perhaps others come in the same entry. */
  clear(seq: number): void {
    this.#seq = seq;
    this.#mutator.clear();
    this.plain.clear();
    for (let i = this.#prng.below(3); i > 0; i--) this.#setText(this.#prng.pick(this.#keys));
  }

  #mutate(key: string): boolean {
    const prng = this.#prng;
    const value = this.plain.get(key)?.value;
    if (prng.chance(1, 5) || value === undefined) return this.#replace(key);
    if (prng.chance(1, 8)) return this.#delete(key);
    if (prng.chance(1, 5)) return this.#expire(key);
    switch (value.kind) {
      case "string":
        return prng.chance(1, 2) ? this.#append(key, value.text) : this.#setRange(key, value.text);
      case "hash":
        return this.#changeHash(key, value.fields);
      case "list":
        return this.#changeList(key, value.elements);
      case "set":
        return this.#changeSet(key, value.members);
      case "zset":
        return this.#changeZSet(key, value.scores);
    }
  }

  #text(): string {
    const prng = this.#prng;
    const name = `v${++this.#values}`;
    if (prng.chance(1, 60)) return name.padEnd(prng.pick(HUGE_LENGTHS), "x");
    return name.padEnd(prng.pick([0, 0, 10, 70, 300]), String.fromCharCode(prng.below(256)));
  }

  #element(): string {
    return this.#prng.chance(1, 2) ? String(this.#prng.below(20)) : `e${this.#prng.below(30)}`;
  }

  #elements(): string[] {
    return Array.from({ length: this.#prng.pick([1, 1, 2, 20]) }, () => this.#element());
  }

  #expiry(): number {
    return this.#prng.chance(1, 2) ? 0 : this.#prng.pick([1, 2 ** 32 - 1, 2 ** 32, 2 ** 47]) + this.#prng.below(1_000);
  }

  /** What the key is after a mutation of its value; an empty collection is no key. */
  #becomes(key: string, value: PlainValue, expireAt = this.plain.get(key)?.expireAt ?? 0): true {
    if (isEmpty(value)) this.plain.delete(key);
    else this.plain.set(key, { value, expireAt, version: this.#seq });
    return true;
  }

  #replace(key: string): boolean {
    const prng = this.#prng;
    const value = this.plain.get(key)?.value;
    // A change of a collection makes it where there is no key at all; of another type it makes nothing of it.
    switch (prng.below(value === undefined ? 7 : 3)) {
      case 0:
      case 1:
        return this.#setText(key);
      case 2:
        return this.#put(key);
      case 3:
        return this.#changeHash(key, new Map());
      case 4:
        return this.#changeList(key, []);
      case 5:
        return this.#changeSet(key, new Set());
      default:
        return this.#changeZSet(key, new Map());
    }
  }

  #setText(key: string): boolean {
    const text = this.#text();
    const expireAt = this.#expiry();
    const encoding = this.#prng.pick(["auto", "raw", "embstr"] as const);
    this.#mutator.setText(key, text, expireAt, encoding);
    const hint = { auto: 0, raw: 1, embstr: 2 }[encoding];
    return this.#becomes(key, { kind: "string", text, hint }, expireAt);
  }

  #append(key: string, before: string): boolean {
    const tail = this.#text();
    this.#mutator.append(key, tail);
    return this.#becomes(key, { kind: "string", text: before + tail, hint: 1 });
  }

  #setRange(key: string, before: string): boolean {
    const part = this.#text();
    const offset = this.#prng.below(before.length + 20);
    this.#mutator.setRange(key, offset, part);
    const text = before.slice(0, offset).padEnd(offset, "\0") + part + before.slice(offset + part.length);
    return this.#becomes(key, { kind: "string", text, hint: 1 });
  }

  #put(key: string): boolean {
    const { collection, value } = this.#prng.pick([drawnHash, drawnList, drawnSet, drawnZSet])(this.#elements());
    const expireAt = this.#expiry();
    this.#mutator.put(key, collection, expireAt);
    return this.#becomes(key, value, expireAt);
  }

  #delete(key: string): boolean {
    this.#mutator.delete(key);
    return this.plain.delete(key);
  }

  #expire(key: string): boolean {
    const at = this.#expiry();
    this.#mutator.expire(key, at);
    return this.#becomes(key, this.plain.get(key)!.value, at);
  }

  #changeHash(key: string, fields: Map<string, string>): boolean {
    const names = this.#elements();
    if (fields.size > 0 && this.#prng.chance(1, 3)) {
      this.#mutator.hashDelete(key, names);
      for (const name of names) fields.delete(name);
    } else {
      const pairs = names.flatMap((name) => [name, this.#text()]);
      this.#mutator.hashSet(key, pairs);
      for (let i = 0; i < pairs.length; i += 2) fields.set(pairs[i]!, pairs[i + 1]!);
    }
    return this.#becomes(key, { kind: "hash", fields });
  }

  #changeSet(key: string, members: Set<string>): boolean {
    const names = this.#elements();
    if (members.size > 0 && this.#prng.chance(1, 3)) {
      this.#mutator.setRemove(key, names);
      for (const name of names) members.delete(name);
    } else {
      this.#mutator.setAdd(key, names);
      for (const name of names) members.add(name);
    }
    return this.#becomes(key, { kind: "set", members });
  }

  #changeZSet(key: string, scores: Map<string, number>): boolean {
    const names = this.#elements();
    if (scores.size > 0 && this.#prng.chance(1, 3)) {
      this.#mutator.zsetRemove(key, names);
      for (const name of names) scores.delete(name);
    } else {
      const drawn = names.map(() => this.#prng.pick([0, -1.5, 1e300, Number.POSITIVE_INFINITY, this.#prng.below(9)]));
      this.#mutator.zsetAdd(key, names, drawn);
      for (const [i, name] of names.entries()) scores.set(name, drawn[i]!);
    }
    return this.#becomes(key, { kind: "zset", scores });
  }

  #changeList(key: string, elements: string[]): boolean {
    const prng = this.#prng;
    const left = prng.chance(1, 2);
    switch (elements.length === 0 ? 0 : prng.below(6)) {
      case 0: {
        const pushed = this.#elements();
        this.#mutator.listPush(key, left, pushed);
        if (left) elements.unshift(...pushed.toReversed());
        else elements.push(...pushed);
        break;
      }
      case 1: {
        const count = prng.between(1, elements.length + 1);
        this.#mutator.listPop(key, left, count);
        elements.splice(left ? 0 : Math.max(0, elements.length - count), count);
        break;
      }
      case 2: {
        const index = prng.below(elements.length);
        elements[index] = this.#text();
        this.#mutator.listSet(key, index, elements[index]);
        break;
      }
      case 3: {
        const index = prng.between(0, elements.length);
        const element = this.#text();
        this.#mutator.listInsert(key, index, element);
        elements.splice(index, 0, element);
        break;
      }
      case 4: {
        const indexes = [...elements.keys()].filter(() => prng.chance(1, 3));
        this.#mutator.listRemove(key, indexes);
        for (const index of indexes.toReversed()) elements.splice(index, 1);
        break;
      }
      default: {
        const start = prng.between(0, elements.length);
        const end = prng.between(start, elements.length);
        this.#mutator.listTrim(key, start, end);
        elements.splice(end);
        elements.splice(0, start);
      }
    }
    return this.#becomes(key, { kind: "list", elements });
  }
}

function isEmpty(value: PlainValue): boolean {
  switch (value.kind) {
    case "string":
      return false;
    case "hash":
      return value.fields.size === 0;
    case "list":
      return value.elements.length === 0;
    case "set":
      return value.members.size === 0;
    case "zset":
      return value.scores.size === 0;
  }
}

interface Drawn {
  readonly collection: Collection;
  readonly value: PlainValue;
}

function drawnHash(elements: readonly string[]): Drawn {
  const collection = new HashValue();
  for (const element of elements) collection.set(element, `of ${element}`);
  return { collection, value: { kind: "hash", fields: new Map(elements.map((name) => [name, `of ${name}`])) } };
}

function drawnList(elements: readonly string[]): Drawn {
  const collection = new ListValue();
  for (const element of elements) collection.pushRight(element);
  return { collection, value: { kind: "list", elements: [...elements] } };
}

function drawnSet(elements: readonly string[]): Drawn {
  const collection = new SetValue();
  for (const element of elements) collection.add(element);
  return { collection, value: { kind: "set", members: new Set(elements) } };
}

function drawnZSet(elements: readonly string[]): Drawn {
  const collection = new ZSetValue();
  for (const [score, element] of elements.entries()) collection.add(element, score);
  return { collection, value: { kind: "zset", scores: new Map(elements.map((name, score) => [name, score])) } };
}
