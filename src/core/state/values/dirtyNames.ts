/**
 * Which pieces of a collection changed since they were last taken. At first all count as dirty, and nothing need be
 * remembered. They are taken a part at a time: what changes meanwhile and was taken already is dirty again. A `Set` ends at 2^24
 * names: the owner takes them long before, as the changes also wait in the log.
 */
export class DirtyNames {
  /** The element at this position and those behind it are dirty, named or not. */
  private from = 0;
  private names = new Set<string>();

  mark(name: string): void {
    if (this.from > 0) this.names.add(name);
  }

  /** `length`: how many elements the collection has. */
  count(length: number): number {
    return Math.max(0, length - this.from) + this.names.size;
  }

  /** Names all elements one by one, where all are dirty: for a collection whose elements change places unmarked. */
  spell(all: Iterable<string>): void {
    if (this.from > 0) return;
    this.forget();
    for (const name of all) this.names.add(name);
  }

  /** Visits what is dirty, which then is no more, until `limit.isFull`. */
  take(
    length: number,
    limit: { readonly isFull: boolean },
    atPosition: (position: number) => void,
    named: (name: string) => void,
  ): void {
    while (this.from < length) {
      if (limit.isFull) return;
      atPosition(this.from++);
    }
    this.from = Number.POSITIVE_INFINITY;
    for (const name of this.names) {
      if (limit.isFull) return;
      this.names.delete(name);
      named(name);
    }
    this.names = new Set();
  }

  forget(): void {
    this.from = Number.POSITIVE_INFINITY;
    this.names = new Set();
  }
}
