const CAPACITY_MIN = 64;
/** Beyond this it becomes smaller, but only when it is nearly empty: what comes in bursts would move it back and forth. */
const CAPACITY_KEPT = 4096;
const SPARSE = 64;
const FREE = -1;
/** Knuth, "The Art of Computer Programming" 6.4: 2^32 by the golden ratio. */
const SPREAD = 0x9e3779b1;

/**
 * A table by whole numbers from 0 to 2^53 - 1, for entries that come and go all the time. A `Map` moves to a new table whenever its
 * old one is full of entries that are gone; the old ones, once they have grown old themselves, keep all that they ever held
 * from the young generation's collection, and a queue of a few entries costs a third of a program's time.
 * Here nothing of an entry stays behind (open addressing, linear probing, deletion by shifting back: the same volume).
 */
export class NumberMap<T> {
  #keys = new Float64Array(CAPACITY_MIN).fill(FREE);
  #values: (T | undefined)[] = new Array<T | undefined>(CAPACITY_MIN).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): T | undefined {
    return this.#values[this.#find(key)];
  }

  has(key: number): boolean {
    return this.#keys[this.#find(key)] === key;
  }

  set(key: number, value: T): void {
    let at = this.#find(key);
    if (this.#keys[at] !== key) {
      this.#size++;
      if (this.#size * 2 > this.#keys.length) {
        this.#rebuild(this.#keys.length * 2);
        at = this.#find(key);
      }
      this.#keys[at] = key;
    }
    this.#values[at] = value;
  }

  /** Whether it was there. */
  delete(key: number): boolean {
    const keys = this.#keys;
    const values = this.#values;
    const last = keys.length - 1;
    let free = this.#find(key);
    if (keys[free] !== key) return false;
    this.#size--;
    for (let at = (free + 1) & last; keys[at] !== FREE; at = (at + 1) & last) {
      // It may go to the free place unless its own place lies behind that.
      const home = homeOf(keys[at]!, last);
      if (((at - home) & last) < ((at - free) & last)) continue;
      keys[free] = keys[at]!;
      values[free] = values[at];
      free = at;
    }
    keys[free] = FREE;
    values[free] = undefined;
    if (keys.length > CAPACITY_KEPT && this.#size * SPARSE < keys.length) this.#rebuild(keys.length / 2);
    return true;
  }

  clear(): void {
    this.#size = 0;
    this.#rebuild(CAPACITY_MIN);
  }

  /** Keys and values as they are now, by ascending keys. */
  entries(): [key: number, value: T][] {
    const entries: [number, T][] = [];
    this.#keys.forEach((key, at) => {
      if (key !== FREE) entries.push([key, this.#values[at]!]);
    });
    return entries.sort(([a], [b]) => a - b);
  }

  /** Values as they are now, in no order. */
  values(): T[] {
    const values: T[] = [];
    this.#keys.forEach((key, at) => {
      if (key !== FREE) values.push(this.#values[at]!);
    });
    return values;
  }

  /** Where the key is, or would be. */
  #find(key: number): number {
    const keys = this.#keys;
    const last = keys.length - 1;
    let at = homeOf(key, last);
    while (keys[at] !== key && keys[at] !== FREE) at = (at + 1) & last;
    return at;
  }

  #rebuild(capacity: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Float64Array(capacity).fill(FREE);
    this.#values = new Array<T | undefined>(capacity).fill(undefined);
    if (this.#size === 0) return;
    keys.forEach((key, from) => {
      if (key === FREE) return;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#values[at] = values[from];
    });
    values.fill(undefined);
  }
}

function homeOf(key: number, last: number): number {
  return (Math.imul(key | 0, SPREAD) >>> 15) & last;
}
