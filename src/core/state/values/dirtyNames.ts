/**
 * Which pieces of a collection changed since they were last taken. At first all count as dirty, and nothing need be
 * remembered. A `Set` ends at 2^24 names: the owner takes them long before, as the changes also wait in the log.
 */
export class DirtyNames {
  private all = true;
  private names = new Set<string>();

  mark(name: string): void {
    if (!this.all) this.names.add(name);
  }

  /** `length`: how many elements the collection has. */
  count(length: number): number {
    return this.all ? length : this.names.size;
  }

  /** The changed names, or "all"; from now on nothing is dirty. */
  take(): Set<string> | "all" {
    const taken = this.all ? "all" : this.names;
    this.forget();
    return taken;
  }

  forget(): void {
    this.all = false;
    this.names = new Set();
  }
}
