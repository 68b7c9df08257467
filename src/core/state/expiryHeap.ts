/**
 * When keys expire, soonest first: a binary heap of (wall clock, hash of the key) in flat arrays, twelve bytes a key. An entry
 * is a hint: whoever takes it looks the key up and compares.
 */
export class ExpiryHeap {
  size = 0;
  #at = new Float64Array(256);
  #hash = new Uint32Array(256);

  /** The time of the soonest entry, or Infinity. */
  get soonest(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#at[0]!;
  }

  push(at: number, hash: number): void {
    if (this.size === this.#at.length) this.#grow();
    let child = this.size++;
    while (child > 0) {
      const parent = (child - 1) >>> 1;
      if (this.#at[parent]! <= at) break;
      this.#set(child, this.#at[parent]!, this.#hash[parent]!);
      child = parent;
    }
    this.#set(child, at, hash);
  }

  /** Removes the soonest entry and returns its hash; the heap must not be empty. */
  pop(): number {
    const hash = this.#hash[0]!;
    const size = --this.size;
    const at = this.#at[size]!;
    const moved = this.#hash[size]!;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#at[child + 1]! < this.#at[child]!) child++;
      if (this.#at[child]! >= at) break;
      this.#set(parent, this.#at[child]!, this.#hash[child]!);
      parent = child;
    }
    if (size > 0) this.#set(parent, at, moved);
    return hash;
  }

  clear(): void {
    this.size = 0;
  }

  #set(place: number, at: number, hash: number): void {
    this.#at[place] = at;
    this.#hash[place] = hash;
  }

  #grow(): void {
    const at = new Float64Array(this.#at.length * 2);
    const hash = new Uint32Array(this.#at.length * 2);
    at.set(this.#at);
    hash.set(this.#hash);
    this.#at = at;
    this.#hash = hash;
  }
}
