const CAPACITY_MIN = 16;
/** Beyond this it becomes smaller when it is empty. */
const CAPACITY_KEPT = 1_024;

/** First in, first out; in a ring that is used again, so that what comes and goes one at a time costs no memory. */
export class Queue<T> {
  #ring: (T | undefined)[] = new Array<T | undefined>(CAPACITY_MIN).fill(undefined);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): void {
    if (this.#size === this.#ring.length) this.#resize(2 * this.#size);
    this.#ring[(this.#first + this.#size++) & (this.#ring.length - 1)] = value;
  }

  /** Takes the first; undefined if there is none. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const ring = this.#ring;
    const value = ring[this.#first];
    ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (ring.length - 1);
    if (--this.#size === 0 && ring.length > CAPACITY_KEPT) this.#resize(CAPACITY_MIN);
    return value;
  }

  /** Takes the last; undefined if there is none. */
  pop(): T | undefined {
    const value = this.last;
    if (this.#size > 0) this.#ring[(this.#first + --this.#size) & (this.#ring.length - 1)] = undefined;
    return value;
  }

  get last(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[(this.#first + this.#size - 1) & (this.#ring.length - 1)];
  }

  /** First to last, as they are now. */
  toArray(): T[] {
    return Array.from({ length: this.#size }, (_, i) => this.#ring[(this.#first + i) & (this.#ring.length - 1)]!);
  }

  #resize(capacity: number): void {
    const values: (T | undefined)[] = this.toArray();
    while (values.length < capacity) values.push(undefined);
    this.#ring = values;
    this.#first = 0;
  }
}
