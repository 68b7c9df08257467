import { invariant } from "../../base/invariant.ts";

export interface TopEntry {
  readonly key: string;
  /** At least as much as was really offered. */
  readonly count: number;
  /** `count - error` is at most as much as was really offered. */
  readonly error: number;
}

interface Counter {
  key: string;
  count: number;
  error: number;
  /** Where it is in the heap. */
  place: number;
}

/**
 * The most frequent keys of a stream in bounded memory (Metwally, Agrawal, El Abbadi: "Efficient computation of frequent and top-k
 * elements in data streams", 2005). Every key that makes up more than 1/capacity of all that was offered is among the counters. A
 * new key takes the place, and inherits the count, of the smallest. Counters are in a heap with the smallest on top.
 */
export class SpaceSaving {
  readonly #capacity: number;
  readonly #counters = new Map<string, Counter>();
  readonly #heap: Counter[] = [];

  constructor(capacity: number) {
    invariant(Number.isInteger(capacity) && capacity >= 1, "a sketch counts at least one key");
    this.#capacity = capacity;
  }

  offer(key: string, increment = 1): void {
    let counter = this.#counters.get(key);
    if (counter === undefined && this.#heap.length < this.#capacity) {
      counter = { key, count: 0, error: 0, place: this.#heap.length };
      this.#heap.push(counter);
      this.#counters.set(key, counter);
      this.#rise(counter);
    } else if (counter === undefined) {
      counter = this.#heap[0]!;
      this.#counters.delete(counter.key);
      counter.key = key;
      counter.error = counter.count;
      this.#counters.set(key, counter);
    }
    counter.count += increment;
    this.#sink(counter);
  }

  /** The most frequent first; equal ones by key. */
  top(max: number): TopEntry[] {
    const sorted = [...this.#heap].sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
    return sorted.slice(0, max).map(({ key, count, error }) => ({ key, count, error }));
  }

  /** Multiplies every count and error, so that what was frequent long ago gives way: 0.5 each minute halves what is a minute old. */
  decay(factor: number): void {
    invariant(factor >= 0 && factor <= 1, "counts only fade");
    for (const counter of this.#heap) {
      counter.count *= factor;
      counter.error *= factor;
    }
  }

  clear(): void {
    this.#counters.clear();
    this.#heap.length = 0;
  }

  #rise(counter: Counter): void {
    let place = counter.place;
    while (place > 0) {
      const above = this.#heap[(place - 1) >> 1]!;
      if (above.count <= counter.count) break;
      this.#put(above, place);
      place = (place - 1) >> 1;
      this.#put(counter, place);
    }
  }

  #sink(counter: Counter): void {
    let place = counter.place;
    for (;;) {
      const [left, right] = [this.#heap[2 * place + 1], this.#heap[2 * place + 2]];
      const below = right !== undefined && right.count < left!.count ? right : left;
      if (below === undefined || below.count >= counter.count) break;
      const next = below.place;
      this.#put(below, place);
      place = next;
      this.#put(counter, place);
    }
  }

  #put(counter: Counter, place: number): void {
    counter.place = place;
    this.#heap[place] = counter;
  }
}
