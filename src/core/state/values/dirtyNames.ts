/**
 * Which pieces of a collection changed since they were last taken. At first all count as dirty, and nothing need be
 * remembered. They are taken a part at a time: what changes meanwhile and was taken already is dirty again. A `Set` ends at 2^24
 * names: the owner takes them long before, as the changes also wait in the log.
 */
export class DirtyNames {
  /** The element at this position and those behind it are dirty, named or not. */
  private from = 0;
  private names = new Set<string>();
  /** Names that are being taken, and how many are left of them: a set that loses its first elements again and again is slow to go over. */
  private taking: Iterator<string> | undefined = undefined;
  private left = 0;

  mark(name: string): void {
    if (this.from > 0) this.names.add(name);
  }

  /** `length`: how many elements the collection has. */
  count(length: number): number {
    return Math.max(0, length - this.from) + this.left + this.names.size;
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
    while (this.left + this.names.size > 0) {
      if (limit.isFull) return;
      named(this.nextName());
    }
  }

  private nextName(): string {
    if (this.left === 0) {
      this.taking = this.names.values();
      this.left = this.names.size;
      this.names = new Set();
    }
    const name: string = this.taking!.next().value;
    if (--this.left === 0) this.taking = undefined;
    return name;
  }

  forget(): void {
    this.from = Number.POSITIVE_INFINITY;
    this.names = new Set();
    this.taking = undefined;
    this.left = 0;
  }
}
