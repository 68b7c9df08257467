/** An ordered map from keys (latin1 strings, whose order is that of their bytes) to bytes. */
export class OrderedBytes {
  #keys: string[] = [];
  #values = new Map<string, Uint8Array>();

  get size(): number {
    return this.#keys.length;
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  put(key: string, value: Uint8Array): void {
    if (!this.#values.has(key)) this.#keys.splice(this.placeOf(key), 0, key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.placeOf(key), 1);
  }

  keyAt(place: number): string | undefined {
    return this.#keys[place];
  }

  /** How many keys are before `key`. */
  placeOf(key: string): number {
    const keys = this.#keys;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  copy(): OrderedBytes {
    const copy = new OrderedBytes();
    copy.#keys = [...this.#keys];
    copy.#values = new Map(this.#values);
    return copy;
  }
}
