const SLOTS_MIN = 1 << 10;

/**
 * The configurations (set of linearized operations, state) from which the search has found no way on, as 64-bit hashes
 * in an open-addressed table of 8 bytes a slot. Two configurations of one hash can only make the search give up too
 * early, never accept what is wrong: a violation found with the help of this table is confirmed with other hashes.
 */
export class FailedConfigurations {
  #slots = new Int32Array(2 * SLOTS_MIN);
  #mask = SLOTS_MIN - 1;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  clear(): void {
    if (this.#count > 0) this.#slots.fill(0);
    this.#count = 0;
  }

  has(high: number, low: number): boolean {
    if (this.#count === 0) return false;
    const at = this.#find(high, low | 1);
    return this.#slots[at + 1] !== 0;
  }

  add(high: number, low: number): void {
    if (2 * this.#count > this.#mask) this.#grow();
    const at = this.#find(high, low | 1);
    if (this.#slots[at + 1] !== 0) return;
    this.#slots[at] = high;
    this.#slots[at + 1] = low | 1;
    this.#count += 1;
  }

  /** Where this hash is, or the free slot where it belongs. `low` is odd: zero marks a free slot. */
  #find(high: number, low: number): number {
    let slot = (high ^ (low >>> 1)) & this.#mask;
    while (this.#slots[2 * slot + 1] !== 0) {
      if (this.#slots[2 * slot] === high && this.#slots[2 * slot + 1] === low) break;
      slot = (slot + 1) & this.#mask;
    }
    return 2 * slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    this.#mask = 2 * this.#mask + 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      const free = this.#find(old[at]!, old[at + 1]!);
      this.#slots[free] = old[at]!;
      this.#slots[free + 1] = old[at + 1]!;
    }
  }
}
